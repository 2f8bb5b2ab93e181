/*
 * CIFAR-100 as 20 tasks of five classes: a task for each coarse class, with images of its
 * own. The binary version: train.bin with 50,000 records, test.bin with 10,000,
 *
 *	byte 0     coarse class, 0 to 19
 *	byte 1     fine class, 0 to 99
 *	byte 2     3x32x32 pixels: red, green, blue, each in rows
 *
 * The five fine classes of a task become 0 to 4 in ascending order. Images are scaled to
 * [0, 1] and normalised with the mean and standard deviation of each channel. A
 * permutation of each task's 2500 training images (RNG_DATA, from the task's name) gives
 * its first 2000 to the training split and its last 500 to the validation split.
 * Source: Krizhevsky 2009; Rosenbaum et al. 2018 (arXiv:1711.01239).
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "trainer-core/dataset/compose.h"
#include "common/plain_file.h"
#include "common/rng.h"

enum { SIDE = 32, PIXELS = SIDE * SIDE, IMAGE = 3 * PIXELS, RECORD = 2 + IMAGE };
enum { COARSE = 20, FINE = 100, FINE_OF_COARSE = 5 };
enum { FILES = 2, TRAIN_OF_TASK = 2500, TEST_OF_TASK = 500, TRAIN_SPLIT = 2000 };

static const struct {
	const char *name;
	int of_task; /* images of each task */
} files[FILES] = { { "train.bin", TRAIN_OF_TASK }, { "test.bin", TEST_OF_TASK } };

static const uint8_t coarse_of[FINE] = {
	/* clang-format off */
	4, 1, 14, 8, 0, 6, 7, 7, 18, 3, 3, 14, 9, 18, 7, 11, 3, 9, 7, 11,
	6, 11, 5, 10, 7, 6, 13, 15, 3, 15, 0, 11, 1, 10, 12, 14, 16, 9, 11, 5,
	5, 19, 8, 8, 15, 13, 14, 17, 18, 10, 16, 4, 17, 4, 2, 0, 17, 4, 18, 17,
	10, 3, 2, 12, 12, 16, 12, 1, 9, 19, 2, 10, 0, 1, 16, 12, 9, 13, 15, 13,
	16, 19, 2, 4, 6, 19, 5, 5, 8, 19, 18, 1, 2, 15, 6, 0, 17, 8, 14, 13,
	/* clang-format on */
};

static const float mean[3] = { 0.5071f, 0.4867f, 0.4408f };
static const float std[3] = { 0.2675f, 0.2565f, 0.2761f };

static int cifar_plan(struct composition *c, struct err *e)
{
	const struct dataset_field image = { NULL, ELEMENT_F32, 1, 3, SIDE, SIDE, 0 };
	const struct dataset_field label = { NULL, ELEMENT_U8, 1, 1, 1, 1, 0 };

	c->d->own_inputs = true;
	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &c->d->split[s];

		split->input = image;
		for (int k = 0; k < c->d->tasks; k++) {
			split->own_input[k] = image;
			split->target[k] = label;
		}
	}
	return compose_folder(
		c, "dataset.path", compose_data_folder(c->a, "cifar100"), e);
}

static int cifar_find(struct composition *c, struct err *e)
{
	const char *folder = params_get(&c->key, "dataset.path");
	int rc = OK;

	for (int i = 0; i < FILES && !rc; i++)
		rc = compose_find(c, arena_printf(c->a, "%s/%s", folder, files[i].name),
			"download CIFAR-100, binary version "
			"(cs.toronto.edu/~kriz/cifar.html), and name its folder in "
			"dataset.path",
			e);
	return rc;
}

static int file_ends(const char *path, int images, int records, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: the file ends after %d images, expected %d",
		path, images, records);
}

static int file_goes_on(const char *path, int records, struct err *e)
{
	return err_set(
		e, ERR_DATA, "%s: the file goes on after its %d images", path, records);
}

static int cifar_look(const struct composition *c, struct err *e)
{
	for (int i = 0; i < FILES; i++) {
		int records = COARSE * files[i].of_task;
		struct stat st;

		if (stat(c->source[i], &st) != 0)
			return err_errno(e, "%s", c->source[i]);
		if (st.st_size < (off_t)records * RECORD)
			return file_ends(
				c->source[i], (int)(st.st_size / RECORD), records, e);
		if (st.st_size > (off_t)records * RECORD)
			return file_goes_on(c->source[i], records, e);
	}
	return OK;
}

/* The number of a fine class among the five of its coarse one. */
static uint8_t number_in_task(int fine)
{
	uint8_t n = 0;

	for (int i = 0; i < fine; i++)
		n = (uint8_t)(n + (coarse_of[i] == coarse_of[fine]));
	return n;
}

/* Where the images of one file go: by task and place among the task's images. */
struct target {
	const struct composition *c;
	bool test;
	int *place[COARSE]; /* of the training images in the task's permutation */
};

static void normalise(const uint8_t *in, float *out)
{
	for (int ch = 0; ch < 3; ch++)
		for (int i = ch * PIXELS; i < (ch + 1) * PIXELS; i++)
			out[i] = ((float)in[i] / 255 - mean[ch]) / std[ch];
}

/* Image i of task k, unless no split wants it. */
static void put(const struct target *t, int k, int i, const uint8_t *record)
{
	int at = t->test ? i : t->place[k][i];
	enum split s = t->test     ? SPLIT_TEST
		: at < TRAIN_SPLIT ? SPLIT_TRAIN
				   : SPLIT_VAL;

	if (s == SPLIT_VAL)
		at -= TRAIN_SPLIT;
	if (at >= t->c->d->split[s].n)
		return;
	normalise(record + 2, (float *)t->c->own_input[s][k] + (size_t)at * IMAGE);
	((uint8_t *)t->c->target[s][k])[at] = number_in_task(record[1]);
}

static int check_record(const char *path, int image, const uint8_t *record,
	const int *seen, int of_task, struct err *e)
{
	int coarse = record[0];
	int fine = record[1];

	if (fine >= FINE)
		return err_set(e, ERR_DATA,
			"%s: image %d: fine class %d, expected 0 to %d", path, image,
			fine, FINE - 1);
	if (coarse != coarse_of[fine])
		return err_set(e, ERR_DATA,
			"%s: image %d: coarse class %d, expected %d, that of fine class "
			"%d",
			path, image, coarse, coarse_of[fine], fine);
	if (seen[coarse] == of_task)
		return err_set(e, ERR_DATA,
			"%s: image %d: another one of coarse class %d, expected %d",
			path, image, coarse, of_task);
	return OK;
}

static int read_records(
	FILE *f, const char *path, const struct target *t, struct err *e)
{
	int of_task = files[t->test].of_task;
	int seen[COARSE] = { 0 };
	uint8_t record[RECORD];

	for (int i = 0; i < COARSE * of_task; i++) {
		size_t got = fread(record, 1, RECORD, f);
		int rc;

		if (got < RECORD && ferror(f))
			return err_errno(e, "%s: image %d", path, i);
		if (got < RECORD)
			return file_ends(path, i, COARSE * of_task, e);
		rc = check_record(path, i, record, seen, of_task, e);
		if (rc)
			return rc;
		put(t, record[0], seen[record[0]]++, record);
	}
	if (fgetc(f) != EOF)
		return file_goes_on(path, COARSE * of_task, e);
	return OK;
}

static int fill_file(const struct composition *c, bool test, struct err *e)
{
	const char *path = c->source[test];
	struct target t = { .c = c, .test = test };
	struct arena a = { 0 };
	FILE *f = plain_file_read(path);
	int rc;

	if (!f)
		return err_errno(e, "%s", path);
	for (int k = 0; k < COARSE; k++) {
		t.place[k] = NEW_ARRAY(&a, int, TRAIN_OF_TASK);
		rng_permutation(0, RNG_DATA, rng_hash(c->d->task[k].name),
			TRAIN_OF_TASK, t.place[k]);
	}
	rc = read_records(f, path, &t, e);
	arena_release(&a);
	fclose(f);
	return rc;
}

static int cifar_fill(const struct composition *c, struct err *e)
{
	int rc = fill_file(c, false, e);

	return rc ? rc : fill_file(c, true, e);
}

extern const struct dataset_ops dataset_cifar100;
const struct dataset_ops dataset_cifar100 = {
	.plan = cifar_plan,
	.find = cifar_find,
	.look = cifar_look,
	.fill = cifar_fill,
};
