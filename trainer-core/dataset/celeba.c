/*
 * CelebA: 40 binary attributes of aligned faces, 178x218 JPEG, shrunk to 64x64 by the
 * mean of the area that each new pixel covers.
 *
 *	list_attr_celeba.txt, list_eval_partition.txt   celeba_list.h
 *	img_align_celeba/000001.jpg ...
 *
 * A split is the images of its part in the order of the list, and its first ones where
 * fewer are asked for. The lists are read when the files are looked for, since they say
 * which images there are, and again when the arrays are filled.
 * Source: Liu et al. 2015; 64x64: Liu et al. 2023 (FAMO), Elich et al. 2024.
 */
#include <string.h>
#include "trainer-core/dataset/celeba_list.h"
#include "common/plain_file.h"
#include "trainer-core/dataset/compose.h"
#include "trainer-core/dataset/jpeg.h"

enum { WIDTH = 178, HEIGHT = 218, SIDE = 64, IMAGE = 3 * SIDE * SIDE };
enum { ATTRIBUTES, PARTITION, IMAGES }; /* the source files, in this order */

static int celeba_plan(struct composition *c, struct err *e)
{
	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &c->d->split[s];

		split->input = (struct dataset_field){ NULL, ELEMENT_U8, 1.0f / 255, 3,
			SIDE, SIDE, 0 };
		for (int k = 0; k < c->d->tasks; k++)
			split->target[k] = (struct dataset_field){ NULL, ELEMENT_U8, 1,
				1, 1, 1, 0 };
	}
	return compose_folder(
		c, "dataset.path", compose_data_folder(c->a, "celeba"), e);
}

static int read_attributes(const struct composition *c, struct celeba_list *l,
	struct arena *a, struct err *e)
{
	const char *names[TASKS_MAX];
	const char *path = c->source[ATTRIBUTES];
	FILE *f = plain_file_read(path);
	int rc;

	if (!f)
		return err_errno(e, "%s", path);
	for (int k = 0; k < c->d->tasks; k++)
		names[k] = c->d->task[k].name;
	rc = celeba_read_attributes(l, a, f, path, names, c->d->tasks, e);
	fclose(f);
	return rc;
}

static int read_lists(const struct composition *c, struct celeba_list *l,
	struct arena *a, struct err *e)
{
	const char *path = c->source[PARTITION];
	FILE *f;
	int rc = read_attributes(c, l, a, e);

	if (rc)
		return rc;
	f = plain_file_read(path);
	if (!f)
		return err_errno(e, "%s", path);
	rc = celeba_read_partition(l, a, f, path, e);
	fclose(f);
	return rc;
}

/* The first images of each part that the splits want: indices into the list. */
static int choose(const struct composition *c, const struct celeba_list *l,
	int *chosen[SPLIT_COUNT], struct arena *a, struct err *e)
{
	for (int s = 0; s < SPLIT_COUNT; s++) {
		int n = 0;

		chosen[s] = NEW_ARRAY(a, int, c->d->split[s].n);
		/* NOLINTNEXTLINE: the list has been read */
		for (int i = 0; i < l->images && n < c->d->split[s].n; i++)
			if (l->part[i] == s)
				chosen[s][n++] = i;
		if (n < c->d->split[s].n)
			return err_set(e, ERR_DATA,
				"%s: the file ends with %d images of part %d, expected "
				"%d (dataset.%s)",
				c->source[PARTITION], n, s, c->d->split[s].n,
				split_names[s]);
	}
	return OK;
}

static const char hint[] =
	"download CelebA (mmlab.ie.cuhk.edu.hk/projects/CelebA.html, "
	"aligned images) and name its folder in dataset.path";

static int find_images(struct composition *c, struct arena *a, struct err *e)
{
	const char *folder = params_get(&c->key, "dataset.path");
	struct celeba_list l;
	int *chosen[SPLIT_COUNT];
	int rc = read_lists(c, &l, a, e);

	if (!rc)
		rc = choose(c, &l, chosen, a, e);
	for (int s = 0; s < SPLIT_COUNT && !rc; s++)
		for (int i = 0; i < c->d->split[s].n && !rc; i++)
			rc = compose_find(c,
				arena_printf(c->a, "%s/img_align_celeba/%s", folder,
					l.name[chosen[s][i]]),
				hint, e);
	return rc;
}

static int celeba_find(struct composition *c, struct err *e)
{
	const char *folder = params_get(&c->key, "dataset.path");
	struct arena a = { 0 };
	int rc = compose_find(
		c, arena_printf(c->a, "%s/list_attr_celeba.txt", folder), hint, e);

	if (!rc)
		rc = compose_find(c,
			arena_printf(c->a, "%s/list_eval_partition.txt", folder), hint,
			e);
	if (!rc)
		rc = find_images(c, &a, e);
	arena_release(&a);
	return rc;
}

/* The first image of each split: whether these are the aligned ones. */
static int celeba_look(const struct composition *c, struct err *e)
{
	int first = IMAGES;
	int rc = OK;

	for (int s = 0; s < SPLIT_COUNT && !rc; first += c->d->split[s++].n)
		rc = jpeg_look(c->source[first], WIDTH, HEIGHT, e);
	return rc;
}

static int fill_images(const struct composition *c, const struct celeba_list *l,
	int *const chosen[SPLIT_COUNT], struct err *e)
{
	uint8_t rgb[WIDTH * HEIGHT * 3];
	int source = IMAGES;

	for (int s = 0; s < SPLIT_COUNT; s++)
		for (int i = 0; i < c->d->split[s].n; i++) {
			int image = chosen[s][i]; /* NOLINT: choose() has filled it */
			const uint8_t *bit =
				l->attribute + (size_t)image * (size_t)l->attributes;
			uint8_t *out = (uint8_t *)c->input[s] + (size_t)i * IMAGE;
			int rc = jpeg_read(c->source[source++], WIDTH, HEIGHT, rgb, e);

			if (rc)
				return rc;
			image_shrink(WIDTH, HEIGHT, rgb, SIDE, SIDE, out);
			for (int k = 0; k < l->attributes; k++)
				((uint8_t *)c->target[s][k])[i] = bit[k];
		}
	return OK;
}

static int celeba_fill(const struct composition *c, struct err *e)
{
	struct arena a = { 0 };
	struct celeba_list l;
	int *chosen[SPLIT_COUNT];
	int rc = read_lists(c, &l, &a, e);

	if (!rc)
		rc = choose(c, &l, chosen, &a, e);
	if (!rc)
		rc = fill_images(c, &l, chosen, e);
	arena_release(&a);
	return rc;
}

extern const struct dataset_ops dataset_celeba;
const struct dataset_ops dataset_celeba = {
	.plan = celeba_plan,
	.find = celeba_find,
	.look = celeba_look,
	.fill = celeba_fill,
};
