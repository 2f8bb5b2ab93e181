#include <check.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/flat.h"
#include "tests/lib/pace.h"
#include "tests/lib/tables.h"
#include "tests/lib/trained.h"
#include "trainer-core/kernel/kernel.h"
#include "common/rng.h"
#include "trainer-core/train/job.h"

static struct arena arena;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
}

static void teardown(void)
{
	arena_release(&arena);
}

#define WITH(...) flat_params((const char *const[]){ __VA_ARGS__, NULL }, &arena)

static struct train *job(const struct params *ps, const struct dataset *d)
{
	return trained_job(ps, d, &arena);
}

START_TEST(losses_fall_and_criteria_rise_under_every_optimizer)
{
	static const char *const optimizers[][2] = { { "adam", "0.003" },
		{ "adamw", "0.003" }, { "sgd", "0.03" }, { "gd", "0.1" },
		{ "rmsprop", "0.003" }, { "adagrad", "0.03" } };
	struct dataset *d = flat_data(&arena);
	struct train *t = job(
		WITH("train.optimizer", optimizers[_i][0], "lr", optimizers[_i][1]), d);
	double first = 0, level = 0;
	const struct epoch_rows *r = NULL;

	for (int i = 0; i < 6; i++) {
		r = trained_epoch(t);
		if (i == 0) {
			first = trained_figure(r, "train", "level", "loss");
			level = trained_figure(r, "test", "level", "abs_err");
		}
	}
	ck_assert_int_eq(r->epoch, 6);
	ck_assert_double_lt(trained_figure(r, "train", "level", "loss"), 0.7 * first);
	ck_assert_double_lt(trained_figure(r, "test", "level", "abs_err"), 0.9 * level);
	ck_assert_double_gt(trained_figure(r, "val", "band", "accuracy"), 0.5);
	ck_assert_double_eq_tol(trained_figure(r, "test", "level", "abs_err"),
		trained_figure(r, "test", "level", "loss"), 1e-6);
}
END_TEST

START_TEST(two_jobs_of_one_seed_are_bit_identical)
{
	struct dataset *d = flat_data(&arena);
	struct train *a = job(WITH("method", "uw"), d);
	struct train *b = job(WITH("method", "uw"), d);
	struct train *other = job(WITH("method", "uw", "seed", "4"), d);
	size_t n = train_state_size(a);
	void *sa = arena_alloc(&arena, n, 1), *sb = arena_alloc(&arena, n, 1);

	for (int i = 0; i < 2; i++) {
		trained_epoch(a);
		trained_epoch(b);
		trained_epoch(other);
	}
	train_state_save(a, sa);
	train_state_save(b, sb);
	ck_assert_mem_eq(sa, sb, n);
	train_state_save(other, sb);
	ck_assert(memcmp(sa, sb, n));
}
END_TEST

static const char *const continued[][4] = { { "method", "uw" }, { "method", "dwa" },
	{ "method", "rlw" }, { "train.optimizer", "sgd" },
	{ "train.optimizer.amsgrad", "true" }, { "train.optimizer.per_task", "true" },
	{ "train.lr_decay", "2 0.5" }, { "train.lr_decay", "power 0.9 step" },
	{ "method", "db_mtl" }, { "method", "gradvac" }, { "method", "nash_mtl" },
	{ "method", "gradnorm" }, { "method", "graddrop" }, { "method", "famo" },
	{ "method", "ol_aux" }, { "method", "rotograd" }, { "method", "auto_lambda" } };

START_TEST(continuing_from_a_saved_state_is_never_having_stopped)
{
	struct dataset *d = flat_data(&arena);
	struct params *ps = flat_params(continued[_i], &arena);
	struct train *whole = job(ps, d), *first = job(ps, d), *second = job(ps, d);
	size_t n = train_state_size(whole);
	void *a = arena_alloc(&arena, n, 1), *b = arena_alloc(&arena, n, 1);
	const struct epoch_rows *ra = NULL, *rb = NULL;
	struct err e;

	for (int i = 0; i < 5; i++)
		ra = trained_epoch(whole);
	for (int i = 0; i < 3; i++)
		trained_epoch(first);
	train_state_save(first, a);
	ck_assert_int_eq(train_state_load(second, a, n, &e), OK);
	ck_assert_int_eq(train_epochs_done(second), 3);
	for (int i = 0; i < 2; i++)
		rb = trained_epoch(second);
	train_state_save(whole, a);
	train_state_save(second, b);
	ck_assert_mem_eq(a, b, n);
	ck_assert_int_eq(ra->metrics, rb->metrics);
	for (int i = 0; i < ra->metrics; i++)
		ck_assert_mem_eq(
			&ra->metric[i].value, &rb->metric[i].value, sizeof(double));
	ck_assert_mem_eq(&ra->weight[0].weight_mean, &rb->weight[0].weight_mean,
		4 * sizeof(double));
}
END_TEST

START_TEST(a_step_runs_the_passes_that_its_method_declares)
{
	static const struct {
		const char *method, *option, *value;
		int forward, head, trunk;
	} rows[] = {
		{ "ew", "seed", "3", 1, 2, 1 },
		{ "pcgrad", "seed", "3", 1, 2, 2 },
		{ "mgda", "gradients", "parameters", 1, 2, 2 },
		{ "mgda", "gradients", "features", 1, 2, 1 },
		{ "graddrop", "seed", "3", 1, 2, 1 },
		{ "rotograd", "seed", "3", 1, 2, 1 },
		{ "famo", "seed", "3", 2, 2, 1 },
		{ "auto_lambda", "seed", "3", 5, 6, 3 },
		{ "dtp", "seed", "3", 1, 2, 1 },
		{ "ew", "train.optimizer.per_task", "true", 1, 2, 2 },
	};
	struct dataset *d = flat_data(&arena);

	for (int i = 0; i < COUNT(rows); i++) {
		struct train *t = job(
			WITH("method", rows[i].method, rows[i].option, rows[i].value),
			d);
		const struct epoch_rows *r = trained_epoch(t);
		struct train_passes p = train_passes(t);

		ck_assert_double_eq(trained_figure(r, "cost", "", "forward_passes"),
			rows[i].forward);
		ck_assert_double_eq(
			trained_figure(r, "cost", "", "head_passes"), rows[i].head);
		ck_assert_double_eq(
			trained_figure(r, "cost", "", "trunk_passes"), rows[i].trunk);
		ck_assert_int_eq(p.steps, 8);
		ck_assert_int_eq(p.forward, rows[i].forward * p.steps);
		ck_assert_int_eq(p.head, rows[i].head * p.steps);
		ck_assert_int_eq(p.trunk, rows[i].trunk * p.steps);
	}
}
END_TEST

/* The last batch is smaller than the others; losses differ by their rounding alone. */
START_TEST(trivial_combinations_of_gradients_are_equal_weights)
{
	static const char *const same[][6] = {
		{ "method", "cagrad", "c", "0", "reduction", "sum" },
		{ "method", "graddrop", "leak", "1", "gradients", "features" },
		{ "method", "graddrop", "leak", "1", "gradients", "parameters" },
		{ "method", "gradnorm", "weight_lr", "1e-30", "layers", "last" },
		{ "method", "rotograd", "parts", "rotation", "follow", "0" },
		{ "method", "auto_lambda", "init", "1", "weight_lr", "1e-12" },
	};
	struct dataset *d = flat_data(&arena);
	struct train *ew = job(WITH("train.optimizer", "gd", "lr", "0.1"), d);
	double want;

	trained_epoch(ew);
	want = trained_figure(trained_epoch(ew), "val", "level", "loss");
	for (int i = 0; i < COUNT(same); i++) {
		struct train *t = job(WITH("train.optimizer", "gd", "lr", "0.1",
					      same[i][0], same[i][1], same[i][2],
					      same[i][3], same[i][4], same[i][5]),
			d);

		trained_epoch(t);
		ck_assert_double_eq_tol(
			trained_figure(trained_epoch(t), "val", "level", "loss"), want,
			2e-5);
	}
}
END_TEST

/*
 * Nash's trunk all but stands still here, its heads learn; MGDA's heads have its weights
 * where they are asked for.
 */
START_TEST(a_head_keeps_its_own_gradient_where_the_method_says_so)
{
	struct dataset *d = flat_data(&arena);
	double loss[2];

	for (int i = 0; i < 2; i++) {
		struct train *t = job(WITH("train.optimizer", "gd", "lr", "0.1",
					      "method", "nash_mtl", "max_norm", "1e-9"),
			d);
		struct train *u =
			job(WITH("train.optimizer", "gd", "lr", "0.1", "method", "mgda",
				    "heads", i ? "weighted" : "own"),
				d);

		trained_epoch(t);
		loss[i] = trained_figure(trained_epoch(u), "train", "band", "loss");
		ck_assert_double_lt(
			trained_figure(trained_epoch(t), "train", "band", "loss"), 1.4);
	}
	ck_assert_double_gt(fabs(loss[0] - loss[1]), 1e-3);
}
END_TEST

START_TEST(one_optimizer_a_task_is_refused_where_gradients_are_combined)
{
	struct dataset *d = flat_data(&arena);
	struct train *t = NULL;
	struct err e = { 0 };

	ck_assert_int_eq(
		train_new(&t,
			WITH("method", "pcgrad", "train.optimizer.per_task", "true"), d,
			&arena, &e),
		ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(e.msg, "pcgrad"));
}
END_TEST

START_TEST(a_foreign_state_is_refused)
{
	struct dataset *d = flat_data(&arena);
	struct train *a = job(WITH("method", "ew"), d);
	struct train *b = job(WITH("model.hidden", "32 25"), d);
	struct train *c = job(WITH("model.hidden", "24 32"), d);
	size_t n = train_state_size(a);
	void *s = arena_alloc(&arena, n + 1024, 1);
	struct err e;

	train_state_save(a, s);
	ck_assert_int_eq(train_state_load(a, s, n - 1, &e), ERR_CHECKPOINT);
	ck_assert_int_eq(
		train_state_load(b, s, train_state_size(b), &e), ERR_CHECKPOINT);
	ck_assert_int_eq(
		train_state_load(c, s, train_state_size(c), &e), ERR_CHECKPOINT);
	ck_assert_int_eq(train_state_load(a, s, n, &e), OK);
	memset(s, 0, 8);
	ck_assert_int_eq(train_state_load(a, s, n, &e), ERR_CHECKPOINT);
}
END_TEST

START_TEST(a_state_of_a_count_that_cannot_go_on_is_refused)
{
	static const int64_t counts[] = { -1, INT64_MAX, ((int64_t)1 << 53) + 1 };
	struct train *t = job(WITH("method", "ew"), flat_data(&arena));
	size_t n = train_state_size(t);
	char *s = arena_alloc(&arena, n, 1);
	struct err e;

	for (int at = 16; at <= 32; at += 8) /* epoch, step, steps of the optimizer */
		for (int i = 0; i < COUNT(counts); i++) {
			train_state_save(t, s);
			memcpy(s + at, &counts[i], sizeof(counts[i]));
			ck_assert_int_eq(train_state_load(t, s, n, &e), ERR_CHECKPOINT);
		}
}
END_TEST

START_TEST(nothing_is_allocated_after_the_first_epoch)
{
	struct train *t = job(WITH("method", "uw_so", "T", "1"), flat_data(&arena));
	struct arena_mark before, after;
	size_t bytes;

	trained_epoch(t);
	before = arena_mark(&arena);
	bytes = mallinfo2().uordblks + mallinfo2().hblkhd;
	trained_epoch(t);
	after = arena_mark(&arena);
	ck_assert_ptr_eq(before.chunk, after.chunk);
	ck_assert_uint_eq(before.used, after.used);
	ck_assert_uint_eq(mallinfo2().uordblks + mallinfo2().hblkhd, bytes);
}
END_TEST

START_TEST(a_baseline_has_only_its_own_head_and_weight_one)
{
	struct dataset *d = flat_data(&arena);
	struct train *both = job(WITH("method", "ew"), d);
	struct params *ps = WITH("task", "band");
	const struct epoch_rows *r;
	struct train *t;

	params_unset(ps, "method");
	t = job(ps, d);
	ck_assert_uint_lt(train_state_size(t), train_state_size(both));
	r = trained_epoch(t);
	ck_assert_int_eq(r->weights, 1);
	ck_assert_str_eq(r->weight[0].task, "band");
	ck_assert_double_eq(r->weight[0].weight_mean, 1);
	ck_assert_double_eq(r->weight[0].weight_std, 0);
	for (int i = 0; i < r->metrics; i++)
		ck_assert_str_ne(r->metric[i].task, "level");
	ck_assert_double_gt(trained_figure(r, "val", "band", "accuracy"), 0);
}
END_TEST

START_TEST(weight_rows_are_means_over_the_steps)
{
	struct train *t = job(WITH("method", "scalarization", "weights", "0.25 0.75"),
		flat_data(&arena));
	const struct epoch_rows *r = trained_epoch(t);

	ck_assert_double_eq(r->weight[0].weight_mean, 0.25);
	ck_assert_double_eq(r->weight[1].weight_std, 0);
	/* The last batch is smaller, so the mean over steps is not that over samples. */
	ck_assert_double_eq_tol(r->weight[1].weighted_loss_mean,
		0.75 * trained_figure(r, "train", "band", "loss"), 0.02);
	ck_assert_double_gt(r->weight[1].weighted_loss_std, 0);
}
END_TEST

START_TEST(a_method_moves_by_steps_and_by_epochs)
{
	struct dataset *d = flat_data(&arena);
	struct train *uw = job(WITH("method", "uw"), d);
	struct train *dwa = job(WITH("method", "dwa"), d);
	const struct epoch_rows *r = trained_epoch(uw);

	ck_assert_double_gt(r->weight[0].weight_std, 0);
	for (int i = 0; i < 2; i++)
		ck_assert_double_eq(trained_epoch(dwa)->weight[0].weight_mean, 1);
	r = trained_epoch(dwa);
	ck_assert_double_ne(r->weight[0].weight_mean, 1);
	ck_assert_double_eq_tol(
		r->weight[0].weight_mean + r->weight[1].weight_mean, 2, 1e-12);
}
END_TEST

/* Without learning only the composition of the batches can move a step's loss. */
START_TEST(batches_are_drawn_anew_in_every_epoch)
{
	struct train *t = job(WITH("lr", "0"), flat_data(&arena));
	const struct epoch_rows *r = trained_epoch(t);
	double mean = trained_figure(r, "train", "level", "loss");
	double std = r->weight[0].weighted_loss_std;

	r = trained_epoch(t);
	ck_assert_double_eq_tol(
		trained_figure(r, "train", "level", "loss"), mean, 1e-6);
	ck_assert_double_gt(fabs(r->weight[0].weighted_loss_std - std), 1e-6);
}
END_TEST

START_TEST(inputs_of_their_own_are_refused)
{
	struct dataset *d = flat_data(&arena);
	struct train *t;
	struct err e = { 0 };

	d->own_inputs = true;
	ck_assert_int_eq(train_new(&t, WITH("seed", "3"), d, &arena, &e), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(e.msg, "inputs of its own"));
}
END_TEST

START_TEST(every_sample_of_a_split_counts_once)
{
	struct train *t = job(WITH("method", "ew"), flat_data(&arena));
	double right =
		trained_figure(trained_epoch(t), "val", "band", "accuracy") * 300;

	ck_assert_double_eq_tol(right, floor(right + 0.5), 1e-9);
}
END_TEST

/* The same labels one higher with an offset of -1, as a map of a single pixel. */
START_TEST(a_label_map_with_an_offset_trains_as_the_labels_do)
{
	struct dataset *plain = flat_data(&arena), *map = flat_data(&arena);
	const struct epoch_rows *a, *b;
	struct train *t = job(WITH("method", "ew"), plain), *u;

	map->task[1].kind = TASK_SEG;
	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &map->split[s];
		uint8_t *label = arena_alloc_aligned(&arena, (size_t)split->n);

		for (int i = 0; i < split->n; i++)
			label[i] =
				(uint8_t)(((const uint8_t *)split->target[1].data)[i] +
					1);
		split->target[1].data = label;
		split->target[1].offset = -1;
	}
	u = job(WITH("method", "ew"), map);
	a = trained_epoch(t);
	b = trained_epoch(u);
	ck_assert_double_eq(trained_figure(a, "val", "band", "loss"),
		trained_figure(b, "val", "band", "loss"));
	ck_assert_double_eq(trained_figure(a, "val", "band", "accuracy"),
		trained_figure(b, "val", "band", "pix_acc"));
	ck_assert_double_gt(trained_figure(b, "test", "band", "miou"), 0);
}
END_TEST

START_TEST(a_loss_scale_changes_the_losses_but_not_the_criteria)
{
	struct dataset *plain = flat_data(&arena), *scaled = flat_data(&arena);
	struct params *ps = WITH("train.optimizer", "adam", "method", "uw_o");
	const struct epoch_rows *a, *b;
	struct train *t, *u;

	scaled->task[0].loss_scale = 8;
	t = job(ps, plain);
	u = job(ps, scaled);
	for (int i = 0; i < 2; i++) {
		a = trained_epoch(t);
		b = trained_epoch(u);
	}
	ck_assert_double_eq_tol(trained_figure(b, "val", "level", "loss"),
		8 * trained_figure(a, "val", "level", "loss"), 1e-4);
	ck_assert_double_eq_tol(trained_figure(b, "val", "level", "abs_err"),
		trained_figure(a, "val", "level", "abs_err"), 1e-5);
}
END_TEST

/* Adam does not see a task's weight, with one state a task not even in the trunk. */
START_TEST(an_optimizer_a_task_makes_fixed_weights_meaningless)
{
	struct dataset *d = flat_data(&arena);
	double loss[2][2];

	for (int per_task = 0; per_task < 2; per_task++)
		for (int i = 0; i < 2; i++) {
			struct train *t = job(WITH("method", "scalarization", "weights",
						      i ? "0.5 0.5" : "0.125 0.875",
						      "train.optimizer.per_task",
						      per_task ? "true" : "false"),
				d);

			trained_epoch(t);
			loss[per_task][i] = trained_figure(
				trained_epoch(t), "train", "level", "loss");
		}
	ck_assert_double_gt(fabs(loss[0][0] - loss[0][1]), 1e-3);
	ck_assert_double_eq_tol(loss[1][0], loss[1][1], 1e-5);
}
END_TEST

START_TEST(divergence_names_the_step_and_the_task)
{
	struct dataset *d = flat_data(&arena);
	struct train *t =
		job(WITH("train.optimizer", "gd", "lr", "1e30", "method", "ew"), d);
	const struct epoch_rows *rows;
	struct err e = { 0 };
	int rc = OK;

	for (int i = 0; i < 3 && rc == OK; i++)
		rc = train_epoch(t, NULL, NULL, &rows, &e);
	ck_assert_int_eq(rc, ERR_DIVERGED);
	ck_assert_ptr_nonnull(strstr(e.msg, "step"));
	ck_assert_ptr_nonnull(strstr(e.msg, "task level"));
}
END_TEST

static int stop_at_third(void *arg)
{
	return ++*(int *)arg == 3;
}

START_TEST(a_step_callback_can_stop_training)
{
	struct train *t = job(WITH("method", "ew"), flat_data(&arena));
	const struct epoch_rows *rows;
	struct err e = { 0 };
	int steps = 0;

	ck_assert_int_eq(
		train_epoch(t, stop_at_third, &steps, &rows, &e), ERR_INTERRUPTED);
	ck_assert_int_eq(steps, 3);
}
END_TEST

/* A loss of single values has nothing to put there but its gradient. */
START_TEST(evaluation_computes_losses_without_their_gradients)
{
	struct train *t = job(WITH("task", "level"), flat_data(&arena));
	float *seed = graph_seed(t->batch.graph, 0);
	const struct epoch_rows *rows;
	struct err e;

	(void)trained_epoch(t);
	seed[0] = 7;
	ck_assert_int_eq(train_test(t, NULL, &arena, NULL, NULL, &rows, &e), OK);
	ck_assert_double_gt(trained_figure(rows, "test", "level", "loss"), 0);
	ck_assert(seed[0] == 7);
	step_forward(&t->step, 0, 10, 1);
	ck_assert(seed[0] != 7);
}
END_TEST

START_TEST(bad_parameters_are_refused)
{
	static const char *const bad[][4] = { { "train.batch", "501", "batch" },
		{ "train.batch", "0", "batch" }, { "model.name", "vgg", "vgg" },
		{ "task", "depth", "depth" }, { "train.optimizer", "lion", "lion" },
		{ "train.optimizer.betas", "0.9", "betas" },
		{ "train.optimizer.betas", "0.9 1", "betas" },
		{ "train.lr_decay", "5", "lr_decay" },
		{ "model.hidden", "8 0", "hidden" },
		{ "model.name", "lenet", "9x9 kernel" }, { "lr", "abc", "lr" } };
	struct dataset *d = flat_data(&arena);

	for (int i = 0; i < COUNT(bad); i++) {
		struct train *t;
		struct err e = { 0 };

		ck_assert_int_eq(
			train_new(&t, WITH(bad[i][0], bad[i][1]), d, &arena, &e),
			ERR_SPEC);
		ck_assert_msg(strstr(e.msg, bad[i][2]), "%s", e.msg);
	}
}
END_TEST

/* Noise images for a narrow LeNet: convolution, pooling and the layouts between. */
static struct dataset *image_data(void)
{
	struct dataset *d = NEW(&arena, struct dataset);

	d->tasks = 2;
	for (int k = 0; k < 2; k++)
		d->task[k] = (struct task_info){ k ? "right" : "left", TASK_CLASS,
			LOSS_CE, 10, 1 };
	for (int s = 0; s < SPLIT_COUNT; s++) {
		uint8_t *x = arena_alloc_aligned(&arena, 40 * 36 * 36);
		uint8_t *y = arena_alloc_aligned(&arena, 40);

		for (int i = 0; i < 40 * 36 * 36; i++)
			x[i] = (uint8_t)rng_below(1, RNG_DATA, s, i, 256);
		for (int i = 0; i < 40; i++)
			y[i] = (uint8_t)rng_below(2, RNG_DATA, s, i, 10);
		d->split[s].n = 40;
		d->split[s].input = (struct dataset_field){ x, ELEMENT_U8, 1 / 255.0f,
			1, 36, 36, 0 };
		for (int k = 0; k < 2; k++)
			d->split[s].target[k] =
				(struct dataset_field){ y, ELEMENT_U8, 1, 1, 1, 1, 0 };
	}
	return d;
}

/*
 * The bits of training belong to NUMERICS, which is part of every job's identity. Where
 * this test fails, either a change was not meant, or NUMERICS must rise (once a release)
 * and the digests below follow, and those of test_train_deep.c.
 */
START_TEST(the_arithmetic_of_training_is_that_of_NUMERICS)
{
	static const struct {
		const char *kernels;
		uint64_t flat, image;
	} golden[] = { { "portable", 0x9c258491e72729f6, 0x86bf149810c5c452 },
		{ "avx2", 0x13d18ae19a68aadd, 0x7e8184c58237769a },
		{ "avx512", 0xcdccb23aedfcbc54, 0x7f695a2830ab618f } };
	uint64_t flat, image;

	if (!tables_choose_own(golden[_i].kernels))
		return; /* this processor cannot run it */
	flat = trained_digest(job(WITH("method", "uw"), flat_data(&arena)), 2, &arena);
	image = trained_digest(job(WITH("model.name", "lenet", "model.width", "0.5",
					   "train.batch", "24", "method", "dwa"),
				       image_data()),
		2, &arena);
	ck_assert_msg(!trained_golden() ||
			(NUMERICS == 1 && flat == golden[_i].flat &&
				image == golden[_i].image),
		"{ \"%s\", 0x%016llx, 0x%016llx }", golden[_i].kernels,
		(unsigned long long)flat, (unsigned long long)image);
}
END_TEST

/* The one arithmetic of mixed precision, as in test_train_deep.c: an mlp, then a LeNet. */
START_TEST(mixed_precision_has_the_same_bits_on_every_processor)
{
	static const uint64_t golden[] = { 0xb280355ba46c3204, 0x7ecf6d8066a59f7b };

	for (int i = 0; i < pace(TABLES, 1); i++) {
		const struct kernels *k;
		uint64_t digest;

		if (!tables_choose(i, &k))
			continue;
		digest = trained_digest(_i
				? job(WITH("train.precision", "bf16", "model.name",
					      "lenet", "model.width", "0.5",
					      "train.batch", "24", "method", "dwa"),
					  image_data())
				: job(WITH("train.precision", "bf16", "method", "uw"),
					  flat_data(&arena)),
			2, &arena);
		ck_assert_msg(!trained_golden() || digest == golden[_i],
			"network %d, %s: 0x%016llx", _i, k->name,
			(unsigned long long)digest);
	}
}
END_TEST

/* Flat data whose classes are labels less 1, so that 0 is "not labelled". */
static struct dataset *partly_labelled(void)
{
	struct dataset *d = flat_data(&arena);

	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct dataset_field *f = &d->split[s].target[1];
		const uint8_t *old = f->data;
		uint8_t *label = arena_alloc_aligned(&arena, (size_t)d->split[s].n);

		for (int i = 0; i < d->split[s].n; i++)
			label[i] = (uint8_t)(old[i] + 1);
		f->data = label;
		f->offset = -1;
	}
	return d;
}

static void unlabel(struct dataset *d, enum split s, const int *index, int n)
{
	uint8_t *label = (uint8_t *)(uintptr_t)d->split[s].target[1].data;

	for (int i = 0; i < n; i++)
		label[index ? index[i] : i] = 0;
}

static const struct metric_row *find_row(
	const struct epoch_rows *r, const char *split, const char *task)
{
	for (int i = 0; i < r->metrics; i++)
		if (!strcmp(r->metric[i].split, split) &&
			!strcmp(r->metric[i].task, task))
			return &r->metric[i];
	return NULL;
}

START_TEST(a_batch_without_a_label_does_not_count_in_the_mean_loss)
{
	double loss[3];
	int order[500];

	rng_permutation(3, RNG_SHUFFLE, 1, 500, order);
	for (int i = 0; i < 3; i++) { /* all labels, those of either batch */
		struct dataset *d = partly_labelled();

		if (i)
			unlabel(d, SPLIT_TRAIN, order + (i - 1) * 250, 250);
		loss[i] = trained_figure(
			trained_epoch(
				job(WITH("train.batch", "250", "lr", "1e-30"), d)),
			"train", "band", "loss");
	}
	ck_assert_double_gt(loss[1], 1);
	ck_assert_double_eq_tol(loss[1] + loss[2], 2 * loss[0], 1e-6);
}
END_TEST

START_TEST(a_split_without_a_label_has_no_rows_of_its_task)
{
	struct dataset *d = partly_labelled();
	const struct epoch_rows *r;

	unlabel(d, SPLIT_TEST, NULL, d->split[SPLIT_TEST].n);
	unlabel(d, SPLIT_TRAIN, NULL, d->split[SPLIT_TRAIN].n);
	r = trained_epoch(job(WITH("method", "ew"), d));
	ck_assert_ptr_nonnull(find_row(r, "val", "band"));
	ck_assert_ptr_nonnull(find_row(r, "test", "level"));
	ck_assert_ptr_null(find_row(r, "test", "band"));
	ck_assert_ptr_null(find_row(r, "train", "band"));
}
END_TEST

Suite *suite_train(void);
Suite *suite_train(void)
{
	Suite *s = suite_create("train");
	TCase *t = tcase_create("train");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
		t, losses_fall_and_criteria_rise_under_every_optimizer, 0, 6);
	tcase_add_test(t, two_jobs_of_one_seed_are_bit_identical);
	tcase_add_loop_test(t, continuing_from_a_saved_state_is_never_having_stopped, 0,
		COUNT(continued));
	tcase_add_test(t, a_step_runs_the_passes_that_its_method_declares);
	tcase_add_test(t, trivial_combinations_of_gradients_are_equal_weights);
	tcase_add_test(t, a_head_keeps_its_own_gradient_where_the_method_says_so);
	tcase_add_test(t, one_optimizer_a_task_is_refused_where_gradients_are_combined);
	tcase_add_test(t, a_foreign_state_is_refused);
	tcase_add_test(t, a_state_of_a_count_that_cannot_go_on_is_refused);
	tcase_add_test(t, nothing_is_allocated_after_the_first_epoch);
	tcase_add_test(t, a_baseline_has_only_its_own_head_and_weight_one);
	tcase_add_test(t, weight_rows_are_means_over_the_steps);
	tcase_add_test(t, a_method_moves_by_steps_and_by_epochs);
	tcase_add_test(t, batches_are_drawn_anew_in_every_epoch);
	tcase_add_test(t, inputs_of_their_own_are_refused);
	tcase_add_test(t, every_sample_of_a_split_counts_once);
	tcase_add_test(t, a_label_map_with_an_offset_trains_as_the_labels_do);
	tcase_add_test(t, a_batch_without_a_label_does_not_count_in_the_mean_loss);
	tcase_add_test(t, a_split_without_a_label_has_no_rows_of_its_task);
	tcase_add_test(t, a_loss_scale_changes_the_losses_but_not_the_criteria);
	tcase_add_test(t, an_optimizer_a_task_makes_fixed_weights_meaningless);
	tcase_add_test(t, divergence_names_the_step_and_the_task);
	tcase_add_test(t, a_step_callback_can_stop_training);
	tcase_add_test(t, evaluation_computes_losses_without_their_gradients);
	tcase_add_loop_test(t, the_arithmetic_of_training_is_that_of_NUMERICS, 0, 3);
	tcase_add_loop_test(
		t, mixed_precision_has_the_same_bits_on_every_processor, 0, 2);
	tcase_add_test(t, bad_parameters_are_refused);
	suite_add_tcase(s, t);
	return s;
}
