/*
 * Augmented training is training on the augmented data: images, and maps with them.
 */
#include <check.h>
#include <string.h>
#include "tests/lib/flat.h"
#include "tests/lib/trained.h"
#include "trainer-core/train/augment.h"
#include "common/rng.h"

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

/* 64 images of 2x6x5 with a class. */
static struct dataset *picture_data(void)
{
	struct dataset *d = NEW(&arena, struct dataset);

	d->tasks = 1;
	d->task[0] = (struct task_info){ "kind", TASK_CLASS, LOSS_CE, 3, 1 };
	for (int s = 0; s < SPLIT_COUNT; s++) {
		float *x = arena_alloc_aligned(&arena, sizeof(float) * 64 * 60);
		uint8_t *y = arena_alloc_aligned(&arena, 64);

		for (int i = 0; i < 64 * 60; i++)
			x[i] = (float)rng_normal(1, RNG_DATA, s, i);
		for (int i = 0; i < 64; i++)
			y[i] = (uint8_t)rng_below(2, RNG_DATA, s, i, 3);
		d->split[s].n = 64;
		d->split[s].input =
			(struct dataset_field){ x, ELEMENT_F32, 1, 2, 6, 5, 0 };
		d->split[s].target[0] =
			(struct dataset_field){ y, ELEMENT_U8, 1, 1, 1, 1, 0 };
	}
	return d;
}

/* The data as epoch `number` of seed 3 must see them. */
static struct dataset *augmented(const struct dataset *d, enum augment a, int number)
{
	static const int shape[3] = { 2, 6, 5 };
	struct dataset *out = NEW(&arena, struct dataset);
	float *x = arena_alloc_aligned(&arena, sizeof(float) * 64 * 60);
	const float *old = d->split[SPLIT_TRAIN].input.data;

	*out = *d;
	for (int i = 0; i < 64; i++) {
		struct augment_window w = augment_draw(a, 3, number, i, 6, 5);

		if (a == AUGMENT_SCALE_CROP_FLIP)
			augment_scale_crop_flip(
				&w, MAP_IMAGE, shape, old + i * 60, x + i * 60);
		else
			augment_pad_crop_flip(
				&w, shape, NULL, old + i * 60, x + i * 60);
	}
	out->split[SPLIT_TRAIN].input.data = x;
	return out;
}

/* Both epochs: the second continues from the saved state of the first. */
START_TEST(an_augmented_epoch_is_one_on_the_augmented_data)
{
	static const char *const names[] = { NULL, "scale_crop_flip", "pad_crop_flip" };
	const struct dataset *d = picture_data();

	for (int a = AUGMENT_SCALE_CROP_FLIP; a <= AUGMENT_PAD_CROP_FLIP; a++) {
		struct train *t =
			job(WITH("dataset.augment", names[a], "train.batch", "24"), d);
		size_t n = train_state_size(t);
		void *state = arena_alloc(&arena, n, 1);
		void *expected = arena_alloc(&arena, n, 1);

		for (int number = 1; number <= 2; number++) {
			struct train *u = job(WITH("train.batch", "24"),
				augmented(d, (enum augment)a, number));
			const struct epoch_rows *r = trained_epoch(t);
			const struct epoch_rows *s;
			struct err e = { 0 };

			if (number == 2)
				ck_assert_int_eq(
					train_state_load(u, expected, n, &e), OK);
			s = trained_epoch(u);
			ck_assert(trained_figure(r, "train", "kind", "loss") ==
				trained_figure(s, "train", "kind", "loss"));
			ck_assert(trained_figure(r, "val", "kind", "loss") ==
				trained_figure(s, "val", "kind", "loss"));
			train_state_save(t, state);
			train_state_save(u, expected);
			ck_assert_mem_eq(state, expected, n);
		}
	}
}
END_TEST

/* Maps of a single pixel: of them, too, depth is divided and normals are mirrored. */
START_TEST(maps_are_augmented_with_their_image)
{
	struct dataset *d = flat_data(&arena);
	struct dataset *by_hand = NEW(&arena, struct dataset);
	float *depth = arena_alloc_aligned(&arena, sizeof(float) * 500);
	float *normal = arena_alloc_aligned(&arena, sizeof(float) * 1500);
	const float *old;

	d->task[0] = (struct task_info){ "depth", TASK_DEPTH, LOSS_L1, 1, 1 };
	d->task[1] = (struct task_info){ "normal", TASK_NORMAL, LOSS_COSINE, 3, 1 };
	for (int s = 0; s < SPLIT_COUNT; s++) /* any numbers will do */
		d->split[s].target[1] = (struct dataset_field){ d->split[s].input.data,
			ELEMENT_F32, 1, 3, 1, 1, 0 };
	*by_hand = *d;
	old = d->split[SPLIT_TRAIN].target[0].data;
	for (int i = 0; i < 500; i++) {
		struct augment_window w =
			augment_draw(AUGMENT_SCALE_CROP_FLIP, 3, 1, i, 1, 1);

		depth[i] = old[i] / (float)w.scale;
		for (int c = 0; c < 3; c++)
			normal[3 * i + c] = ((const float *)d->split[SPLIT_TRAIN]
							    .input.data)[3 * i + c] *
				(c == 0 && w.flip ? -1 : 1);
	}
	by_hand->split[SPLIT_TRAIN].target[0].data = depth;
	by_hand->split[SPLIT_TRAIN].target[1].data = normal;
	ck_assert(
		trained_figure(trained_epoch(job(
				       WITH("dataset.augment", "scale_crop_flip"), d)),
			"train", "depth", "loss") ==
		trained_figure(trained_epoch(job(WITH("lr", "0.003"), by_hand)),
			"train", "depth", "loss"));
	ck_assert(
		trained_figure(trained_epoch(job(
				       WITH("dataset.augment", "scale_crop_flip"), d)),
			"train", "normal", "loss") ==
		trained_figure(trained_epoch(job(WITH("lr", "0.003"), by_hand)),
			"train", "normal", "loss"));
}
END_TEST

START_TEST(padding_and_maps_of_another_size_are_refused)
{
	struct dataset *d = flat_data(&arena);
	struct train *t;
	struct err e = { 0 };

	d->task[0] = (struct task_info){ "depth", TASK_DEPTH, LOSS_L1, 1, 1 };
	ck_assert_int_eq(
		train_new(&t, WITH("dataset.augment", "pad_crop_flip"), d, &arena, &e),
		ERR_SPEC);
	ck_assert_str_eq(e.msg,
		"dataset.augment: task depth is a map of 1x1, which wants "
		"scale_crop_flip and inputs of that size");
	for (int s = 0; s < SPLIT_COUNT; s++) {
		d->split[s].input.c = FLAT_FEATURES / 2;
		d->split[s].input.h = 2;
	}
	ck_assert_int_eq(train_new(&t, WITH("dataset.augment", "scale_crop_flip"), d,
				 &arena, &e),
		ERR_SPEC);
}
END_TEST

Suite *suite_train_augment(void);
Suite *suite_train_augment(void)
{
	Suite *s = suite_create("train_augment");
	TCase *t = tcase_create("train_augment");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_augmented_epoch_is_one_on_the_augmented_data);
	tcase_add_test(t, maps_are_augmented_with_their_image);
	tcase_add_test(t, padding_and_maps_of_another_size_are_refused);
	suite_add_tcase(s, t);
	return s;
}
