/*
 * Two 28x28 images at opposite corners of 36x36, combined by maximum.
 *
 * Training pairs come from the training images 0 to 49,999, validation pairs from 50,000
 * to 59,999, test pairs from the test files. Pair i shows image i of the first source in
 * the top-left corner and, in the bottom-right one, the partner that a permutation of the
 * split's images assigns to it; beyond the last image the pairs go on with image 0 and
 * the next permutation. So a smaller data set is the beginning of a larger one.
 * Source: Lin et al. 2019 (ParetoMTL), after Sabour et al. 2017 and Sener & Koltun 2018.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "trainer-core/dataset/compose.h"
#include "trainer-core/dataset/idx.h"
#include "common/rng.h"

enum { SIDE = 28, CANVAS = 36, SHIFT = CANVAS - SIDE, CLASSES = 10 };
enum { IMAGE = SIDE * SIDE, PICTURE = CANVAS * CANVAS };
enum { TRAIN_IMAGES = 60000, TEST_IMAGES = 10000 };

enum part { TRAIN_X, TRAIN_Y, TEST_X, TEST_Y, PARTS };

static const char *const file_names[PARTS] = { "train-images-idx3-ubyte",
	"train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte" };

/* Which images of the files a split takes. */
static const struct pool {
	enum part x;
	int first;
	int n;
} pools[SPLIT_COUNT] = {
	[SPLIT_TRAIN] = { TRAIN_X, 0, 50000 },
	[SPLIT_VAL] = { TRAIN_X, 50000, 10000 },
	[SPLIT_TEST] = { TEST_X, 0, TEST_IMAGES },
};

/* Where images come from when the sweep file names no folder. */
struct origin {
	const char *(*folder)(struct arena *a);
	const char *install;
};

/* A corner's images: whose, and which parameter may name their folder. */
struct corner {
	const struct origin *origin;
	const char *param;
};

struct overlay {
	struct corner corner[2]; /* top left, bottom right */
};

static const char *fashion_folder(struct arena *a)
{
	return arena_strdup(a, "/usr/share/datasets/fashion-mnist");
}

/* Where `make data` puts them. */
static const char *mnist_folder(struct arena *a)
{
	return compose_data_folder(a, "mnist");
}

static const struct origin fashion = { fashion_folder,
	"apt-get install dataset-fashion-mnist" };
static const struct origin mnist = { mnist_folder, "make data" };

/* The same folder in both corners is read once. */
static const struct overlay fashion_fashion = { { { &fashion, "dataset.path" },
	{ &fashion, "dataset.path" } } };
static const struct overlay mnist_mnist = { { { &mnist, "dataset.path" },
	{ &mnist, "dataset.path" } } };
static const struct overlay fashion_mnist = { { { &fashion, "dataset.path" },
	{ &mnist, "dataset.path2" } } };

static const struct overlay *overlay_of(const struct composition *c)
{
	return c->ops->of;
}

static int corners_apart(const struct overlay *o)
{
	return o->corner[0].origin == o->corner[1].origin ? 1 : 2;
}

static int overlay_plan(struct composition *c, struct err *e)
{
	const struct dataset_field picture = { NULL, ELEMENT_U8, 1.0f / 255, 1, CANVAS,
		CANVAS, 0 };
	const struct dataset_field label = { NULL, ELEMENT_U8, 1, 1, 1, 1, 0 };
	const struct overlay *o = overlay_of(c);

	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &c->d->split[s];

		split->input = picture;
		for (int k = 0; k < 2; k++)
			split->target[k] = label;
	}
	for (int k = 0; k < corners_apart(o); k++) {
		const struct corner *corner = &o->corner[k];
		int rc = compose_folder(
			c, corner->param, corner->origin->folder(c->a), e);

		if (rc)
			return rc;
	}
	return OK;
}

/* FILE or FILE.gz in the folder. */
static int find_file(struct composition *c, const struct corner *corner,
	const char *name, struct err *e)
{
	const char *folder = params_get(&c->key, corner->param);
	const char *plain = arena_printf(c->a, "%s/%s", folder, name);
	const char *packed = arena_printf(c->a, "%s.gz", plain);
	struct stat st;

	if (stat(plain, &st) == 0)
		compose_source(c, plain);
	else if (stat(packed, &st) == 0)
		compose_source(c, packed);
	else
		return err_set(e, ERR_DATA,
			"%s: neither this file nor %s.gz is there; these files come "
			"with: %s",
			plain, name, corner->origin->install);
	return OK;
}

static int overlay_find(struct composition *c, struct err *e)
{
	const struct overlay *o = overlay_of(c);

	for (int k = 0; k < corners_apart(o); k++)
		for (int i = 0; i < PARTS; i++) {
			int rc = find_file(c, &o->corner[k], file_names[i], e);

			if (rc)
				return rc;
		}
	return OK;
}

/* The four files of one origin, unpacked. */
struct images {
	uint8_t *part[PARTS];
};

static int check_labels(const char *path, const uint8_t *label, int n, struct err *e)
{
	for (int i = 0; i < n; i++)
		if (label[i] >= CLASSES)
			return err_set(e, ERR_DATA,
				"%s: label %d is %d, expected 0 to %d", path, i,
				label[i], CLASSES - 1);
	return OK;
}

static bool holds_labels(enum part p)
{
	return p == TRAIN_Y || p == TEST_Y;
}

static struct idx_shape shape_of(enum part p)
{
	int n = p < TEST_X ? TRAIN_IMAGES : TEST_IMAGES;

	return (struct idx_shape){ holds_labels(p) ? 1 : 3, { n, SIDE, SIDE } };
}

static int load_part(struct images *im, enum part p, const char *path, struct arena *a,
	struct err *e)
{
	struct idx_shape shape = shape_of(p);
	int rc;

	im->part[p] = arena_alloc_aligned(a, idx_count(&shape));
	rc = idx_read(path, &shape, im->part[p], e);
	if (!rc && holds_labels(p))
		rc = check_labels(path, im->part[p], shape.dim[0], e);
	return rc;
}

static int name_install(const struct corner *corner, struct err *e)
{
	size_t n = e ? strlen(e->msg) : 0;

	if (e)
		snprintf(e->msg + n, sizeof(e->msg) - n, "; these files come with: %s",
			corner->origin->install);
	return ERR_DATA;
}

static int overlay_look(const struct composition *c, struct err *e)
{
	const struct overlay *o = overlay_of(c);

	for (int k = 0; k < corners_apart(o); k++)
		for (int p = 0; p < PARTS; p++) {
			struct idx_shape shape = shape_of((enum part)p);
			int rc = idx_look(c->source[k * PARTS + p], &shape, e);

			if (rc == ERR_DATA)
				return name_install(&o->corner[k], e);
			if (rc)
				return rc;
		}
	return OK;
}

/* Both corners' images; the same ones twice where they share an origin. */
static int load(const struct composition *c, struct images im[2], struct arena *a,
	struct err *e)
{
	const struct overlay *o = overlay_of(c);
	int apart = corners_apart(o);

	for (int k = 0; k < apart; k++)
		for (int p = 0; p < PARTS; p++) {
			const char *path = c->source[k * PARTS + p];
			int rc = load_part(&im[k], (enum part)p, path, a, e);

			if (rc == ERR_DATA)
				return name_install(&o->corner[k], e);
			if (rc)
				return rc;
		}
	if (apart == 1)
		im[1] = im[0];
	return OK;
}

static void overlay(const uint8_t *top_left, const uint8_t *bottom_right, uint8_t *out)
{
	for (int y = 0; y < SIDE; y++)
		memcpy(out + y * CANVAS, top_left + y * SIDE, SIDE);
	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++) {
			uint8_t *at = &out[(y + SHIFT) * CANVAS + x + SHIFT];
			uint8_t v = bottom_right[y * SIDE + x];

			if (v > *at)
				*at = v;
		}
}

static void fill_split(const struct composition *c, enum split s,
	const struct images im[2], int *partner)
{
	const struct pool *pool = &pools[s];
	enum part y = (enum part)(pool->x + 1);
	uint8_t *picture = c->input[s];
	uint8_t *label[2] = { c->target[s][0], c->target[s][1] };

	for (int i = 0; i < c->d->split[s].n; i++) {
		int round = i / pool->n;
		int a = i % pool->n;
		int b;

		if (a == 0)
			rng_permutation(0, RNG_DATA,
				(uint64_t)s << 32 | (uint64_t)round, pool->n, partner);
		b = pool->first + partner[a];
		a += pool->first;
		overlay(im[0].part[pool->x] + (size_t)a * IMAGE,
			im[1].part[pool->x] + (size_t)b * IMAGE,
			picture + (size_t)i * PICTURE);
		label[0][i] = im[0].part[y][a];
		label[1][i] = im[1].part[y][b];
	}
}

static int overlay_fill(const struct composition *c, struct err *e)
{
	struct arena a = { 0 };
	struct images im[2] = { 0 };
	int rc = load(c, im, &a, e);

	if (!rc) {
		int *partner = NEW_ARRAY(&a, int, TRAIN_IMAGES);

		for (int s = 0; s < SPLIT_COUNT; s++)
			fill_split(c, (enum split)s, im, partner);
	}
	arena_release(&a);
	return rc;
}

extern const struct dataset_ops dataset_multi_fashion;
extern const struct dataset_ops dataset_multi_mnist;
extern const struct dataset_ops dataset_multi_fashion_mnist;

const struct dataset_ops dataset_multi_fashion = {
	.plan = overlay_plan,
	.find = overlay_find,
	.look = overlay_look,
	.fill = overlay_fill,
	.of = &fashion_fashion,
};
const struct dataset_ops dataset_multi_mnist = {
	.plan = overlay_plan,
	.find = overlay_find,
	.look = overlay_look,
	.fill = overlay_fill,
	.of = &mnist_mnist,
};
const struct dataset_ops dataset_multi_fashion_mnist = {
	.plan = overlay_plan,
	.find = overlay_find,
	.look = overlay_look,
	.fill = overlay_fill,
	.of = &fashion_mnist,
};
