/*
 * Jobs on deep networks: maps, batch norm, dropout, modules shared by heads, inputs of a
 * task's own.
 */
#include <check.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/pace.h"
#include "tests/lib/tables.h"
#include "tests/lib/trained.h"
#include "trainer-core/kernel/tables.h"
#include "trainer-core/train/augment.h"
#include "common/rng.h"
#include "trainer-core/train/train.h"

static struct arena arena;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
}

static void teardown(void)
{
	arena_release(&arena);
}

#define SIDE 16
#define PIXELS (SIDE * SIDE)

static float draw(int stream, int i)
{
	return (float)rng_normal(11, RNG_DATA, (uint64_t)stream, (uint64_t)i);
}

/* Smooth images: a plane of random slope in each channel, and a little noise. */
static float *images(int n, int stream)
{
	float *x = arena_alloc_aligned(&arena, sizeof(float) * (size_t)n * 3 * PIXELS);

	for (int i = 0; i < n * 3; i++)
		for (int p = 0; p < PIXELS; p++)
			x[i * PIXELS + p] = draw(stream, 3 * i) +
				draw(stream, 3 * i + 1) * (float)(p / SIDE) / SIDE +
				draw(stream, 3 * i + 2) * (float)(p % SIDE) / SIDE +
				0.1f * draw(stream + 100, i * PIXELS + p);
	return x;
}

/* Labels, depth and normals that follow from the image's channels. */
static void fill_maps(struct split_data *s, int n, int stream)
{
	float *x = images(n, stream);
	uint8_t *label = arena_alloc_aligned(&arena, (size_t)n * PIXELS);
	float *depth = arena_alloc_aligned(&arena, sizeof(float) * (size_t)n * PIXELS);
	float *normal =
		arena_alloc_aligned(&arena, sizeof(float) * (size_t)n * 3 * PIXELS);

	for (int i = 0; i < n; i++)
		for (int p = 0; p < PIXELS; p++) {
			const float *v = x + i * 3 * PIXELS + p;
			float length = sqrtf(v[0] * v[0] + v[PIXELS] * v[PIXELS] +
				v[2 * PIXELS] * v[2 * PIXELS]);
			int class = 1 + (v[0] > 0) + 2 * (v[PIXELS] > 0);

			/* 0 is "not labelled", and so is depth 0. */
			label[i * PIXELS + p] = (uint8_t)(p % 13 ? class : 0);
			depth[i * PIXELS + p] = p % 7 ? 2 + v[2 * PIXELS] : 0;
			for (int c = 0; c < 3; c++)
				normal[(i * 3 + c) * PIXELS + p] =
					v[c * PIXELS] / length;
		}
	s->n = n;
	s->input = (struct dataset_field){ x, ELEMENT_F32, 1, 3, SIDE, SIDE, 0 };
	s->target[0] =
		(struct dataset_field){ label, ELEMENT_U8, 1, 1, SIDE, SIDE, -1 };
	s->target[1] =
		(struct dataset_field){ depth, ELEMENT_F32, 1, 1, SIDE, SIDE, 0 };
	s->target[2] =
		(struct dataset_field){ normal, ELEMENT_F32, 1, 3, SIDE, SIDE, 0 };
}

static struct dataset *maps(int train)
{
	struct dataset *d = NEW(&arena, struct dataset);

	d->tasks = 3;
	d->task[0] = (struct task_info){ "seg", TASK_SEG, LOSS_CE, 4, 1 };
	d->task[1] = (struct task_info){ "depth", TASK_DEPTH, LOSS_L1, 1, 1 };
	d->task[2] = (struct task_info){ "normal", TASK_NORMAL, LOSS_COSINE, 3, 1 };
	fill_maps(&d->split[SPLIT_TRAIN], train, 0);
	fill_maps(&d->split[SPLIT_VAL], 7, 1);
	fill_maps(&d->split[SPLIT_TEST], 5, 2);
	return d;
}

/* Two tasks of three classes, each with images of its own. */
static struct dataset *own(void)
{
	static const int counts[] = { 22, 9, 5 };
	struct dataset *d = NEW(&arena, struct dataset);

	d->tasks = 2;
	d->own_inputs = true;
	d->task[0] = (struct task_info){ "cats", TASK_CLASS, LOSS_CE, 3, 1 };
	d->task[1] = (struct task_info){ "dogs", TASK_CLASS, LOSS_CE, 3, 1 };
	for (int i = 0; i < SPLIT_COUNT; i++) {
		struct split_data *s = &d->split[i];

		s->n = counts[i];
		s->input = (struct dataset_field){ NULL, ELEMENT_F32, 1, 3, SIDE, SIDE,
			0 };
		for (int k = 0; k < 2; k++) {
			uint8_t *y = arena_alloc_aligned(&arena, (size_t)s->n);
			float *x = images(s->n, 10 + 2 * i + k);

			for (int j = 0; j < s->n; j++)
				y[j] = (uint8_t)((x[j * 3 * PIXELS] > 0) +
					(x[(j * 3 + 1) * PIXELS] > 0));
			s->own_input[k] = s->input;
			s->own_input[k].data = x;
			s->target[k] =
				(struct dataset_field){ y, ELEMENT_U8, 1, 1, 1, 1, 0 };
		}
	}
	return d;
}

/* "name value ..." over these. */
static struct params *parameters(const char *const *extra)
{
	static const char *const base[] = { "lr", "0.003", "wd", "0", "seed", "3",
		"method", "ew", "dataset.name", "npy", "train.epochs", "10",
		"train.batch", "4", "train.optimizer", "adam", NULL };

	return trained_params(base, extra, &arena);
}

#define SEGNET "model.name", "segnet", "model.filters", "8 20", "model.layers", "1"
#define MTAN "model.name", "mtan", "model.filters", "8 8", "model.layers", "2 1"
#define DEEPLAB "model.name", "deeplab", "model.width", "0.1", "model.channels", "12"
#define VGG "model.name", "vgg16", "model.width", "0.2"
#define FIRST_STEP "diagnose.gradients.every", "100", "diagnose.gradients.sample", "2"

static const char *const networks[][10] = { { SEGNET }, { MTAN }, { DEEPLAB }, { VGG },
	{ SEGNET, "train.precision", "bf16" } };
#define NETWORKS 4
#define MIXED 1 /* behind them */

/* 11 samples: the last batch has three. */
static struct dataset *data_of(int network)
{
	return network == 3 ? own() : maps(11);
}

static struct train *job(const struct params *ps, const struct dataset *d)
{
	return trained_job(ps, d, &arena);
}
#define JOB(d, ...) job(parameters((const char *const[]){ __VA_ARGS__, NULL }), d)

static double *figures(const struct epoch_rows *r)
{
	double *v = NEW_ARRAY(&arena, double, r->metrics);

	for (int i = 0; i < r->metrics; i++)
		v[i] = r->metric[i].value;
	return v;
}

START_TEST(continuing_from_a_saved_state_is_never_having_stopped)
{
	struct dataset *d = data_of(_i);
	struct params *ps = parameters(networks[_i]);
	struct train *whole = job(ps, d), *first = job(ps, d), *second = job(ps, d);
	size_t n = train_state_size(whole);
	void *a = arena_alloc(&arena, n, 1), *b = arena_alloc(&arena, n, 1);
	const struct epoch_rows *ra, *rb;
	struct err e;

	trained_epoch(whole);
	ra = trained_epoch(whole);
	trained_epoch(first);
	train_state_save(first, a);
	ck_assert_int_eq(train_state_load(second, a, n, &e), OK);
	rb = trained_epoch(second);
	train_state_save(whole, a);
	train_state_save(second, b);
	ck_assert_mem_eq(a, b, n);
	ck_assert_mem_eq(
		figures(ra), figures(rb), (size_t)ra->metrics * sizeof(double));
}
END_TEST

/*
 * As in test_train.c: another digest wants another NUMERICS, or was not meant.
 */
START_TEST(the_arithmetic_of_deep_networks_is_that_of_NUMERICS)
{
	static const struct {
		const char *kernels;
		uint64_t digest[NETWORKS];
	} golden[] = { { "portable",
			       { 0x03d6b763c554c6a2, 0x05f1a1aa3348a5db,
				       0xf8c455a138c25d98, 0x08538d2530a9e6b3 } },
		{ "avx2",
			{ 0x6d9e538eefebfe8b, 0xd065690d476ee2c3, 0x1d223094c5b03cbd,
				0xa3a40ec327efcf23 } },
		{ "avx512",
			{ 0x688b93dd599f3d8f, 0x75de0c481e68ce89, 0x8017e5f449691a8b,
				0x0e93fd6ae8903d2d } } };
	uint64_t digest[NETWORKS];
	struct str row = { .arena = &arena };

	if (!tables_choose_own(golden[_i].kernels))
		return; /* this processor cannot run it */
	for (int n = 0; n < NETWORKS; n++) {
		digest[n] = trained_digest(
			job(parameters(networks[n]), data_of(n)), 2, &arena);
		str_printf(&row, "%s 0x%016llx", n ? "," : "",
			(unsigned long long)digest[n]);
	}
	ck_assert_msg(!trained_golden() ||
			(NUMERICS == 1 &&
				!memcmp(digest, golden[_i].digest, sizeof(digest))),
		"{ \"%s\", {%s } }", golden[_i].kernels, str_get(&row));
}
END_TEST

/*
 * Mixed precision has one arithmetic for all: the digest of a network is the same with
 * every instruction set, and moves with NUMERICS as those above do.
 */
START_TEST(mixed_precision_has_the_same_bits_on_every_processor)
{
	static const uint64_t golden[NETWORKS] = { 0xba89695ec459f77e,
		0x22c5bfbc12f5e099, 0xf41696ca874985e2, 0xbfc8c63435b28089 };
	struct params *ps = parameters(networks[_i]);

	params_set(ps, &arena, "train.precision", "bf16");
	for (int i = 0; i < pace(TABLES, 1); i++) {
		const struct kernels *k;
		uint64_t digest;

		if (!tables_choose(i, &k))
			continue;
		ck_assert_str_eq(train_kernel_class(ps), kernels_bf16_portable.name);
		digest = trained_digest(job(ps, data_of(_i)), 2, &arena);
		ck_assert_msg(!trained_golden() || digest == golden[_i],
			"network %d, %s: 0x%016llx", _i, k->name,
			(unsigned long long)digest);
	}
}
END_TEST

START_TEST(nothing_is_allocated_after_the_first_epoch)
{
	struct train *t = job(parameters(networks[_i]), data_of(_i));
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

/* The samples of a split from the last to the first. */
static void reverse(struct split_data *s, struct dataset_field *f)
{
	size_t bytes = (size_t)f->c * (size_t)f->h * (size_t)f->w *
		(f->element == ELEMENT_U8 ? 1 : sizeof(float));
	char *to = arena_alloc_aligned(&arena, bytes * (size_t)s->n);

	for (int i = 0; i < s->n; i++)
		memcpy(to + (size_t)i * bytes,
			(const char *)f->data + (size_t)(s->n - 1 - i) * bytes, bytes);
	f->data = to;
}

/* Batches of four and three hold others then: of no account in evaluation. */
START_TEST(evaluation_does_not_depend_on_who_stands_in_a_batch)
{
	struct dataset *d = maps(11), *turned = NEW(&arena, struct dataset);
	struct split_data *s = &turned->split[SPLIT_VAL];
	const struct epoch_rows *a, *b;

	*turned = *d;
	reverse(s, &s->input);
	for (int k = 0; k < 3; k++)
		reverse(s, &s->target[k]);
	a = trained_epoch(JOB(d, DEEPLAB));
	b = trained_epoch(JOB(turned, DEEPLAB));
	for (int i = 0; i < a->metrics; i++)
		ck_assert_double_eq_tol(a->metric[i].value, b->metric[i].value, 1e-6);
}
END_TEST

/*
 * With features as what is combined, MTAN's shared modules lie behind them: they take
 * every head's gradient.
 */
START_TEST(trivial_combinations_are_equal_weights_in_networks_of_shared_modules)
{
	struct dataset *d = maps(11);
	double want = trained_figure(
		trained_epoch(JOB(d, MTAN, "train.optimizer", "gd", "lr", "0.01")),
		"val", "depth", "loss");
	double features = trained_figure(
		trained_epoch(JOB(d, MTAN, "train.optimizer", "gd", "lr", "0.01",
			"method", "graddrop", "leak", "1", "gradients", "features")),
		"val", "depth", "loss");
	double parameter = trained_figure(
		trained_epoch(JOB(d, MTAN, "train.optimizer", "gd", "lr", "0.01",
			"method", "graddrop", "leak", "1", "gradients", "parameters")),
		"val", "depth", "loss");

	ck_assert_double_eq_tol(features, want, 2e-5);
	ck_assert_double_eq_tol(parameter, want, 2e-5);
}
END_TEST

START_TEST(a_second_forward_pass_moves_the_statistics_once_more)
{
	struct dataset *d = maps(11);
	double ew = trained_figure(
		trained_epoch(JOB(d, SEGNET, "lr", "0")), "val", "depth", "loss");
	double famo = trained_figure(
		trained_epoch(JOB(d, SEGNET, "lr", "0", "method", "famo")), "val",
		"depth", "loss");

	ck_assert(ew != famo);
}
END_TEST

START_TEST(a_last_batch_without_variance_is_refused_by_the_name_of_the_node)
{
	const struct params *ps = parameters(networks[2]);
	struct train *t;
	struct err e = { 0 };

	ck_assert_int_eq(train_new(&t, ps, maps(9), &arena, &e), ERR_SPEC);
	ck_assert_msg(strstr(e.msg, "holds 1: node ") != NULL, "%s", e.msg);
	ck_assert_int_eq(
		train_new(&t, parameters(networks[0]), maps(9), &arena, &e), OK);
}
END_TEST

START_TEST(a_task_alone_sees_its_own_samples_in_the_same_order)
{
	struct dataset *d = own();
	const struct epoch_rows *both = trained_epoch(JOB(d, VGG, "lr", "0"));
	const struct epoch_rows *one =
		trained_epoch(JOB(d, VGG, "lr", "0", "method", "stl", "task", "dogs"));

	ck_assert(trained_figure(both, "train", "dogs", "loss") ==
		trained_figure(one, "train", "dogs", "loss"));
	ck_assert(trained_figure(both, "test", "dogs", "accuracy") ==
		trained_figure(one, "test", "dogs", "accuracy"));
}
END_TEST

START_TEST(inputs_of_one_task_do_not_reach_the_other)
{
	struct dataset *d = own(), *other = NEW(&arena, struct dataset);
	const struct epoch_rows *a = trained_epoch(JOB(d, VGG, "lr", "0")), *b;

	*other = *d;
	for (int s = 0; s < SPLIT_COUNT; s++)
		other->split[s].own_input[1].data = images(22, 50 + s);
	b = trained_epoch(JOB(other, VGG, "lr", "0"));
	for (int i = 0; i < a->metrics; i++)
		if (!strcmp(a->metric[i].task, "cats"))
			ck_assert(a->metric[i].value == b->metric[i].value);
	ck_assert(trained_figure(a, "train", "dogs", "loss") !=
		trained_figure(b, "train", "dogs", "loss"));
	ck_assert(trained_figure(a, "val", "dogs", "loss") !=
		trained_figure(b, "val", "dogs", "loss"));
}
END_TEST

/*
 * Of inputs of their own the tasks share no feature; IAL then goes by the gradients of the
 * shared parameters, and is the sum of the losses where every factor is 1.
 */
START_TEST(impartial_learning_works_on_inputs_of_their_own)
{
	struct dataset *d = own();
	const struct epoch_rows *sum =
		trained_epoch(JOB(d, VGG, "train.optimizer", "gd", "lr", "0.01"));
	const struct epoch_rows *ial = trained_epoch(JOB(d, VGG, "train.optimizer",
		"gd", "lr", "0.01", "dataset.name", "cifar100", "method", "ial",
		"encoder", "fixed", "fixed", "1", "decoder", "uniform"));
	const struct epoch_rows *led = trained_epoch(
		JOB(d, VGG, "train.optimizer", "gd", "lr", "0.01", "dataset.name",
			"cifar100", "method", "ial", "primary", "dogs"));

	ck_assert_double_eq_tol(trained_figure(sum, "val", "cats", "loss"),
		trained_figure(ial, "val", "cats", "loss"), 2e-5);
	ck_assert_double_eq_tol(trained_figure(sum, "val", "dogs", "loss"),
		trained_figure(ial, "val", "dogs", "loss"), 2e-5);
	ck_assert(trained_figure(led, "val", "dogs", "loss") !=
		trained_figure(sum, "val", "dogs", "loss"));
}
END_TEST

/* The fourth task is what most of the picture's labels are, as shares of the sample. */
static struct dataset *maps_and_shares(void)
{
	struct dataset *d = maps(11);

	d->task[3] = (struct task_info){ "what", TASK_SOFT, LOSS_SOFT_CE, 4, 1 };
	d->tasks = 4;
	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &d->split[s];
		const uint8_t *label = split->target[0].data;
		float *share = arena_alloc_aligned(
			&arena, sizeof(float) * 4 * (size_t)split->n);

		memset(share, 0, sizeof(float) * 4 * (size_t)split->n);
		for (int i = 0; i < split->n * PIXELS; i++)
			share[4 * (i / PIXELS) + (label[i] ? label[i] - 1 : 0)] +=
				1.0f / PIXELS;
		split->target[3] =
			(struct dataset_field){ share, ELEMENT_F32, 1, 4, 1, 1, 0 };
	}
	return d;
}

/* Every network of maps has a head of one answer a sample beside them. */
START_TEST(a_task_of_the_whole_picture_learns_beside_maps)
{
	static const char *const dense[][7] = { { SEGNET }, { MTAN }, { DEEPLAB } };
	struct dataset *d = maps_and_shares();
	struct train *t = trained_job(parameters(dense[_i]), d, &arena);
	double first = trained_figure(trained_epoch(t), "train", "what", "loss");
	double last = first;

	for (int i = 0; i < 5; i++)
		last = trained_figure(trained_epoch(t), "train", "what", "loss");
	ck_assert_double_lt(last, 0.97 * first);
}
END_TEST

/* As if the data set had no other task. */
START_TEST(tasks_that_are_not_used_leave_no_trace)
{
	struct dataset *d = maps(11), *less = NEW(&arena, struct dataset);
	const struct epoch_rows *a =
		trained_epoch(JOB(d, SEGNET, "dataset.use", "seg normal"));
	const struct epoch_rows *b;

	*less = *d;
	less->tasks = 2;
	less->task[1] = d->task[2];
	for (int s = 0; s < SPLIT_COUNT; s++)
		less->split[s].target[1] = d->split[s].target[2];
	b = trained_epoch(JOB(less, SEGNET));
	ck_assert_int_eq(a->metrics, b->metrics);
	for (int i = 0; i < a->metrics; i++) {
		ck_assert_str_eq(a->metric[i].task, b->metric[i].task);
		ck_assert(a->metric[i].value == b->metric[i].value);
	}
}
END_TEST

START_TEST(own_inputs_are_augmented_one_by_one)
{
	static const int shape[3] = { 3, SIDE, SIDE };
	struct dataset *d = own(), *by_hand = NEW(&arena, struct dataset);
	const struct epoch_rows *r, *s;

	*by_hand = *d;
	for (int k = 0; k < 2; k++) {
		const float *old = d->split[SPLIT_TRAIN].own_input[k].data;
		float *x = images(22, 60);

		for (int i = 0; i < 22; i++) {
			struct augment_window w = augment_draw(
				AUGMENT_PAD_CROP_FLIP, 3, 1, k * 22 + i, SIDE, SIDE);

			augment_pad_crop_flip(&w, shape, NULL, old + i * 3 * PIXELS,
				x + i * 3 * PIXELS);
		}
		by_hand->split[SPLIT_TRAIN].own_input[k].data = x;
	}
	r = trained_epoch(JOB(d, VGG, "dataset.augment", "pad_crop_flip"));
	s = trained_epoch(JOB(by_hand, VGG));
	for (int i = 0; i < r->metrics; i++)
		ck_assert(r->metric[i].value == s->metric[i].value);
}
END_TEST

/* Of the first batch two samples a task are measured: no other one of the task counts. */
START_TEST(diagnoses_measure_the_samples_of_the_tasks_own_batch)
{
	struct dataset *d = own(), *other = NEW(&arena, struct dataset);
	const struct epoch_rows *a, *b;
	int order[22], rows = 0;

	*other = *d;
	for (int k = 0; k < 2; k++) {
		const float *kept = d->split[SPLIT_TRAIN].own_input[k].data;
		float *x = images(22, 70 + k);

		rng_permutation(
			3, RNG_SHUFFLE, rng_hash(d->task[k].name) + 1, 22, order);
		for (int i = 0; i < 2; i++)
			memcpy(x + order[i] * 3 * PIXELS, kept + order[i] * 3 * PIXELS,
				sizeof(float) * 3 * PIXELS);
		other->split[SPLIT_TRAIN].own_input[k].data = x;
	}
	a = trained_epoch(JOB(d, VGG, FIRST_STEP));
	b = trained_epoch(JOB(other, VGG, FIRST_STEP));
	for (int i = 0; i < a->metrics; i++) {
		const struct metric_row *r = &a->metric[i];

		if (strncmp(r->split, "between_", 8) != 0)
			continue;
		ck_assert_double_eq(
			r->value, trained_figure(b, r->split, r->task, r->name));
		rows++;
	}
	ck_assert_int_gt(rows, 0);
	ck_assert(trained_figure(a, "train", "dogs", "loss") !=
		trained_figure(b, "train", "dogs", "loss"));
}
END_TEST

START_TEST(features_that_no_task_shares_cannot_be_combined)
{
	const char *const extra[] = { VGG, "method", "graddrop", NULL };
	struct train *t;
	struct err e = { 0 };

	ck_assert_int_eq(train_new(&t, parameters(extra), own(), &arena, &e), ERR_SPEC);
	ck_assert_ptr_nonnull(strstr(e.msg, "graddrop combines gradients of features"));
}
END_TEST

Suite *suite_train_deep(void);

Suite *suite_train_deep(void)
{
	Suite *s = suite_create("train_deep");
	TCase *t = tcase_create("train_deep");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, continuing_from_a_saved_state_is_never_having_stopped, 0,
		NETWORKS + MIXED);
	tcase_add_loop_test(
		t, the_arithmetic_of_deep_networks_is_that_of_NUMERICS, 0, 3);
	tcase_add_loop_test(
		t, nothing_is_allocated_after_the_first_epoch, 0, NETWORKS + MIXED);
	tcase_add_loop_test(
		t, mixed_precision_has_the_same_bits_on_every_processor, 0, NETWORKS);
	tcase_add_test(t, evaluation_does_not_depend_on_who_stands_in_a_batch);
	tcase_add_test(t,
		trivial_combinations_are_equal_weights_in_networks_of_shared_modules);
	tcase_add_test(t, a_second_forward_pass_moves_the_statistics_once_more);
	tcase_add_test(
		t, a_last_batch_without_variance_is_refused_by_the_name_of_the_node);
	tcase_add_test(t, a_task_alone_sees_its_own_samples_in_the_same_order);
	tcase_add_test(t, inputs_of_one_task_do_not_reach_the_other);
	tcase_add_test(t, impartial_learning_works_on_inputs_of_their_own);
	tcase_add_test(t, tasks_that_are_not_used_leave_no_trace);
	tcase_add_loop_test(t, a_task_of_the_whole_picture_learns_beside_maps, 0, 3);
	tcase_add_test(t, own_inputs_are_augmented_one_by_one);
	tcase_add_test(t, diagnoses_measure_the_samples_of_the_tasks_own_batch);
	tcase_add_test(t, features_that_no_task_shares_cannot_be_combined);
	suite_add_tcase(s, t);
	return s;
}
