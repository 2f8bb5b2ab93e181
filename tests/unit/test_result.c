/*
 * Results: what evaluation needs of a trained job, saved, loaded and tested on pictures
 * as they are and corrupted.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/scratch.h"
#include "common/rng.h"
#include "trainer-core/train/train.h"
#include "worker/checkpoint.h"

enum { H = 8, W = 9, VALUES = H * W };

static struct arena arena;
static struct err e;

static void teardown(void)
{
	arena_release(&arena);
}

/* Bright and dark pictures; the class says which. */
static void fill_split(struct split_data *s, int n, uint64_t stream)
{
	uint8_t *x = arena_alloc_aligned(&arena, (size_t)n * VALUES);
	uint8_t *c = arena_alloc_aligned(&arena, (size_t)n);

	for (int i = 0; i < n; i++) {
		c[i] = (uint8_t)rng_below(5, RNG_DATA, stream, (uint64_t)i, 2);
		for (int k = 0; k < VALUES; k++)
			x[i * VALUES + k] = (uint8_t)(100 * c[i] +
				rng_below(6, RNG_DATA, stream,
					(uint64_t)(i * VALUES + k), 120));
	}
	s->n = n;
	s->input = (struct dataset_field){ x, ELEMENT_U8, 1 / 255.0F, 1, H, W, 0 };
	s->target[0] = (struct dataset_field){ c, ELEMENT_U8, 1, 1, 1, 1, 0 };
}

static struct dataset *pictures(void)
{
	struct dataset *d = NEW(&arena, struct dataset);

	d->tasks = 1;
	d->task[0] = (struct task_info){ "bright", TASK_CLASS, LOSS_CE, 2, 1 };
	fill_split(&d->split[SPLIT_TRAIN], 200, 0);
	fill_split(&d->split[SPLIT_VAL], 50, 1);
	fill_split(&d->split[SPLIT_TEST], 300, 2); /* more than one pass */
	return d;
}

static struct train *job(const struct dataset *d, const char *method)
{
	static const char *const base[] = { "lr", "0.01", "wd", "0", "seed", "3",
		"model.name", "mlp", "train.epochs", "6", "train.batch", "64",
		"train.optimizer", "adam", NULL };
	struct params *ps = NEW(&arena, struct params);
	struct train *t = NULL;

	for (int i = 0; base[i]; i += 2)
		params_set(ps, &arena, base[i], base[i + 1]);
	params_set(ps, &arena, "method", method);
	ck_assert_msg(train_new(&t, ps, d, &arena, &e) == OK, "%s", e.msg);
	return t;
}

static const struct epoch_rows *train_to(struct train *t, int epoch)
{
	const struct epoch_rows *rows = NULL;

	while (train_epochs_done(t) < epoch)
		ck_assert_msg(train_epoch(t, NULL, NULL, &rows, &e) == OK, "%s", e.msg);
	return rows;
}

static const struct epoch_rows *test(struct train *t, const struct corruption *k)
{
	const struct epoch_rows *rows = NULL;

	ck_assert_msg(
		train_test(t, k, &arena, NULL, NULL, &rows, &e) == OK, "%s", e.msg);
	return rows;
}

static double figure(const struct epoch_rows *r, const char *name)
{
	for (int i = 0; i < r->metrics; i++)
		if (!strcmp(r->metric[i].split, "test") &&
			!strcmp(r->metric[i].name, name))
			return r->metric[i].value;
	ck_abort_msg("no row %s", name);
}

static void *saved_state(const struct train *t)
{
	void *state = arena_alloc(&arena, train_state_size(t), 1);

	train_state_save(t, state);
	return state;
}

START_TEST(the_test_split_has_the_figures_of_the_epoch)
{
	struct train *t = job(pictures(), "uw");
	const struct epoch_rows *rows = train_to(t, 6);
	double loss = figure(rows, "loss");
	double accuracy = figure(rows, "accuracy");

	rows = test(t, NULL);
	ck_assert_int_eq(rows->metrics, 2);
	ck_assert_int_eq(rows->epoch, 6);
	ck_assert(figure(rows, "loss") == loss);
	ck_assert(figure(rows, "accuracy") == accuracy);
	ck_assert(accuracy > 0.8);
}
END_TEST

START_TEST(corrupted_pictures_cost_something_and_change_no_training)
{
	const struct corruption fog = { "fog", 5, 0, NULL };
	struct dataset *d = pictures();
	struct train *t = job(d, "uw");
	struct train *other = job(d, "uw");
	double clean = figure(train_to(t, 3), "loss");
	double loss = figure(test(t, &fog), "loss");

	ck_assert(loss > clean * 1.05);
	ck_assert(figure(test(t, &fog), "loss") == loss);
	ck_assert(figure(test(t, NULL), "loss") == clean);
	train_to(t, 6);
	train_to(other, 6);
	ck_assert_int_eq(
		memcmp(saved_state(t), saved_state(other), train_state_size(t)), 0);
}
END_TEST

/* As if somebody had corrupted the pictures before. */
START_TEST(they_are_those_of_corrupt_picture)
{
	const struct corruption k = { "gaussian_noise", 5, 0, NULL };
	struct dataset *d = pictures();
	struct dataset_field *f = &d->split[SPLIT_TEST].input;
	struct train *t = job(d, "ew");
	const int shape[3] = { 1, H, W };
	uint8_t *noisy = arena_alloc_aligned(&arena, 300 * VALUES);
	double loss;

	train_to(t, 2);
	loss = figure(test(t, &k), "loss");
	for (int i = 0; i < 300; i++)
		corrupt_picture(&k, i, shape, (const uint8_t *)f->data + i * VALUES,
			noisy + i * VALUES, &arena);
	f->data = noisy;
	ck_assert(figure(test(t, NULL), "loss") == loss);
}
END_TEST

START_TEST(a_result_that_is_loaded_has_the_same_figures)
{
	const struct corruption k = { "fog", 3, 0, NULL };
	struct dataset *d = pictures();
	struct train *t = job(d, "uw");
	struct train *fresh = job(d, "uw");
	size_t n = train_result_size(t);
	void *result = arena_alloc(&arena, n, 1);
	double clean = figure(train_to(t, 3), "loss");
	double foggy = figure(test(t, &k), "loss");

	ck_assert_uint_lt(n, train_state_size(t)); /* Adam's moments are not in it */
	train_result_save(t, result);
	ck_assert_int_eq(train_result_load(fresh, result, n, &e), OK);
	ck_assert_int_eq(train_epochs_done(fresh), 3);
	ck_assert(figure(test(fresh, NULL), "loss") == clean);
	ck_assert(figure(test(fresh, &k), "loss") == foggy);
}
END_TEST

START_TEST(a_result_of_something_else_is_refused)
{
	struct dataset *d = pictures();
	struct train *t = job(d, "uw");
	struct train *other = job(d, "ew"); /* without UW's scalars */
	size_t n = train_result_size(t);
	char *result = arena_alloc(&arena, n, 1);

	train_result_save(t, result);
	ck_assert_int_eq(train_result_load(t, result, n - 1, &e), ERR_CHECKPOINT);
	ck_assert_int_eq(train_result_load(other, result, n, &e), ERR_CHECKPOINT);
	ck_assert_int_eq(train_state_load(t, saved_state(t), n, &e), ERR_CHECKPOINT);
	result[9] ^= 1;
	ck_assert_int_eq(train_result_load(t, result, n, &e), ERR_CHECKPOINT);
}
END_TEST

START_TEST(a_state_is_no_result_and_says_so)
{
	struct checkpoint state, best, winner;
	int epoch;

	scratch_enter();
	ck_assert(!checkpoint_init(&state, "t.db", "abc", "avx2", 100, &arena, &e));
	ck_assert(!checkpoint_init(&best, "t.db", "abc", "avx2", 100, &arena, &e));
	ck_assert(!checkpoint_init(&winner, "t.db", "abc", "avx2", 100, &arena, &e));
	ck_assert(!checkpoint_for_result(&best, "t.db", 0, &e));
	ck_assert(!checkpoint_for_result(&winner, "t.db", 12, &e));
	ck_assert_str_eq(best.path, "t.db.d/checkpoints/abc.best");
	ck_assert_str_eq(winner.path, "t.db.d/winners/abc-12.params");
	ck_assert(!checkpoint_write(&winner, 12, &e));
	ck_assert_int_eq(checkpoint_read(&winner, &epoch, &e), OK);
	ck_assert_int_eq(epoch, 12);
	ck_assert(!checkpoint_write(&state, 12, &e));
	ck_assert_int_eq(rename(state.path, winner.path), 0);
	ck_assert_int_eq(checkpoint_read(&winner, &epoch, &e), ERR_CHECKPOINT);
	ck_assert_msg(
		strstr(e.msg, "not a checkpoint of this format") != NULL, "%s", e.msg);
	scratch_leave();
}
END_TEST

Suite *suite_result(void);
Suite *suite_result(void)
{
	Suite *suite = suite_create("result");
	TCase *tc = tcase_create("result");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, the_test_split_has_the_figures_of_the_epoch);
	tcase_add_test(tc, corrupted_pictures_cost_something_and_change_no_training);
	tcase_add_test(tc, they_are_those_of_corrupt_picture);
	tcase_add_test(tc, a_result_that_is_loaded_has_the_same_figures);
	tcase_add_test(tc, a_result_of_something_else_is_refused);
	tcase_add_test(tc, a_state_is_no_result_and_says_so);
	suite_add_tcase(suite, tc);
	return suite;
}
