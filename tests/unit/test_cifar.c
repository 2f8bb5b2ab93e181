#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/lib/fake_cifar.h"
#include "tests/lib/prepared.h"
#include "tests/lib/scratch.h"
#include "trainer-core/dataset/dataset.h"

enum {
	IMAGE = FAKE_CIFAR_IMAGE,
	RECORD = FAKE_CIFAR_RECORD,
	TASKS = FAKE_CIFAR_TASKS,
	TRAIN = FAKE_CIFAR_TRAIN
};

static struct arena arena;
static struct params ps;
static struct err err;

static void set(const char *name, const char *value)
{
	params_set(&ps, &arena, name, value);
}

static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	arena = (struct arena){ 0 };
	ps = (struct params){ 0 };
	set("dataset.name", "cifar100");
	set("dataset.path", ".");
	set("dataset.train", "30");
	set("dataset.val", "10");
	set("dataset.test", "20");
	fake_cifar_write(".");
}

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

static int byte_of(float v, float mean, float std)
{
	return (int)lroundf((v * std + mean) * 255);
}

/* Which record lies at sample i of task k; all of it must be that one's. */
static int record_of(const struct split_data *s, int k, int i)
{
	static const float mean[3] = { .5071f, .4867f, .4408f };
	static const float std[3] = { .2675f, .2565f, .2761f };
	const float *p = (const float *)s->own_input[k].data + (size_t)i * IMAGE;
	const uint8_t *label = s->target[k].data;
	uint8_t record[RECORD];
	int r = byte_of(p[0], mean[0], std[0]) * 256 + byte_of(p[1], mean[0], std[0]);

	fake_cifar_record(r, record);
	ck_assert_int_eq(record[0], k);
	ck_assert_int_eq(record[1], fake_cifar_fine(k, label[i]));
	for (int j = 0; j < IMAGE; j++)
		ck_assert_int_eq(
			byte_of(p[j], mean[j / 1024], std[j / 1024]), record[2 + j]);
	return r;
}

START_TEST(every_task_has_images_of_its_own_and_labels_0_to_4)
{
	struct dataset d;
	static bool taken[TRAIN];

	prepared(&ps, &arena, &d);
	ck_assert_int_eq(d.tasks, TASKS);
	ck_assert(d.own_inputs);
	ck_assert_ptr_null(d.split[SPLIT_TRAIN].input.data);
	ck_assert_str_eq(d.task[9].name, "large_man_made_outdoor_things");
	for (int k = 0; k < TASKS; k++) {
		for (int s = SPLIT_TRAIN; s <= SPLIT_VAL; s++)
			for (int i = 0; i < d.split[s].n; i++) {
				int r = record_of(&d.split[s], k, i);

				ck_assert_msg(!taken[r], "record %d twice", r);
				taken[r] = true;
			}
		/* The test images of a task, in the order of the file. */
		for (int i = 0; i < 20; i++)
			ck_assert_int_eq(
				record_of(&d.split[SPLIT_TEST], k, i), i * TASKS + k);
	}
	dataset_close(&d);
}
END_TEST

START_TEST(the_cache_opens_with_inputs_of_every_task)
{
	struct dataset a, b;

	prepared(&ps, &arena, &a);
	ck_assert_int_eq(dataset_open(&ps, &arena, &b, &err), OK);
	ck_assert_str_eq(a.digest, b.digest);
	ck_assert_int_eq(record_of(&b.split[SPLIT_VAL], 7, 9),
		record_of(&a.split[SPLIT_VAL], 7, 9));
	ck_assert_ptr_ne(b.split[SPLIT_VAL].own_input[0].data,
		b.split[SPLIT_VAL].own_input[1].data);
	dataset_close(&a);
	dataset_close(&b);
}
END_TEST

static void poke(const char *name, int64_t at, uint8_t v)
{
	scratch_write_at(name, at, &v, 1);
}

START_TEST(wrong_classes_and_lengths_are_refused_with_their_place)
{
	/* Record 2 is of coarse class 2, whose first fine class is 54. */
	poke("train.bin", 2 * RECORD + 1, 100);
	not_prepared(&ps, &arena, ERR_DATA,
		"train.bin: image 2: fine class 100, expected 0 to 99");
	poke("train.bin", 2 * RECORD + 1, 55);
	not_prepared(&ps, &arena, ERR_DATA,
		"train.bin: image 2: coarse class 2, expected 0, that of fine class "
		"55");
	poke("train.bin", 2 * RECORD, 0);
	not_prepared(&ps, &arena, ERR_DATA,
		"train.bin: image 49980: another one of coarse class 0, expected "
		"2500");
	poke("train.bin", 2 * RECORD, 2);
	poke("train.bin", 2 * RECORD + 1, 54);
	ck_assert_int_eq(truncate("test.bin", (off_t)FAKE_CIFAR_TEST * RECORD - 1), 0);
	not_prepared(&ps, &arena, ERR_DATA,
		"test.bin: the file ends after 9999 images, expected 10000");
	ck_assert_int_eq(truncate("test.bin", (off_t)FAKE_CIFAR_TEST * RECORD + 1), 0);
	not_prepared(&ps, &arena, ERR_DATA,
		"test.bin: the file goes on after its 10000 images");
	ck_assert_int_eq(unlink("test.bin"), 0);
	not_prepared(&ps, &arena, ERR_DATA,
		"test.bin: No such file or directory; download CIFAR-100");
}
END_TEST

Suite *suite_cifar(void);
Suite *suite_cifar(void)
{
	Suite *s = suite_create("cifar");
	TCase *t = tcase_create("cifar");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, every_task_has_images_of_its_own_and_labels_0_to_4);
	tcase_add_test(t, the_cache_opens_with_inputs_of_every_task);
	tcase_add_test(t, wrong_classes_and_lengths_are_refused_with_their_place);
	suite_add_tcase(s, t);
	return s;
}
