/*
 * What saved winners predict, kind by kind: edges, vectors, shares of classes, several numbers
 * of a sample, and tasks with inputs of their own; and their parameters as files. The sheet
 * is read back and held against the network, and against formulas of its own.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/each.h"
#include "tests/lib/fake_cifar.h"
#include "tests/lib/fake_npy.h"
#include "tests/lib/must.h"
#include "tests/lib/said.h"
#include "tests/lib/scratch.h"
#include "tests/lib/sheet_png.h"
#include "trainer-core/dataset/npy.h"
#include "trainer-core/train/job.h"
#include "worker/winner_file.h"

enum { SIDE = 16, PIXELS = SIDE * SIDE, N = 24, SHOWN = 8, CLASSES = 3 };

/* Where a sheet has what. */
enum { GAP = 4, PICTURE = 160, ZOOM = PICTURE / SIDE, WORD = 80, HEAD = 28, LINE = 14 };

static struct arena arena;

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

/* The winner of the only method of a database, built and loaded, and its data. */
struct opened_winner {
	struct winner_file w;
	struct dataset d;
};

static void open_winner(const char *db, struct opened_winner *x)
{
	const char *file = arena_printf(&arena, "%s.d/winners/%s", db,
		query_text(db,
			"SELECT j.identity || '-' || w.epoch || '.params' FROM winner w"
			" JOIN job j ON j.id = w.job WHERE j.task IS NULL"));
	struct err e = { 0 };

	*x = (struct opened_winner){ 0 };
	must(winner_file_find(&x->w, file, &arena, &e), &e);
	must(dataset_open(&x->w.params, &arena, &x->d, &e), &e);
	must(winner_file_build(&x->w, &e), &e);
	must(winner_file_load(&x->w, &e), &e);
}

/* What the network makes of the first test samples in task k, as targets are. */
static const float *predicted(struct opened_winner *x, int k)
{
	const struct predict_form form = { 0 };
	const struct split_data *test = &x->d.split[SPLIT_TEST];
	const struct dataset_field *f = &test->target[k];
	float *out = NEW_ARRAY(&arena, float, SHOWN * f->c * f->h * f->w);
	struct err e = { 0 };

	must(train_predict(x->w.train, x->d.task[k].name, &form,
		     x->d.own_inputs ? &test->own_input[k] : &test->input, SHOWN, out,
		     &e),
		&e);
	return out;
}

static const float *targets(const struct opened_winner *x, int k)
{
	const struct dataset_field *f = &x->d.split[SPLIT_TEST].target[k];

	ck_assert_int_eq(f->element, ELEMENT_F32);
	return f->data;
}

struct picture {
	const uint8_t *rows;
	int width, height;
};

static struct picture draw(const char *sweep)
{
	struct picture p;
	const char *file = arena_printf(&arena, "%s.json", sweep);
	const char *name = query_text(arena_printf(&arena, "%s.db", sweep),
		"SELECT run FROM job_result WHERE stage='final' LIMIT 1");

	ck_assert_msg(DELTAM("preview", "--winner", name, file, "-o", "x.png") == 0,
		"%s", said_in("err"));
	p.rows = sheet_png_read("x.png", &arena, &p.width, &p.height);
	return p;
}

static const uint8_t *at(const struct picture *p, int x, int y)
{
	ck_assert(x >= 0 && x < p->width && y >= 0 && y < p->height);
	return p->rows + y * (3 * p->width + 1) + 1 + 3 * x;
}

/* The colour of pixel i of the map of a sample in column c (0: the input). */
static const uint8_t *of_map(const struct picture *p, int c, int sample, int i)
{
	return at(p, GAP + c * (PICTURE + GAP) + i % SIDE * ZOOM,
		GAP + HEAD + sample * (PICTURE + GAP) + i / SIDE * ZOOM);
}

static void array(const char *split, const char *name, const char *shape,
	const float *v, size_t n)
{
	fake_npy(arena_printf(&arena, "data/%s/%s.npy", split, name), "<f4",
		arena_printf(&arena, "(%d%s)", N, shape), v, n * sizeof(*v));
}

/*
 * Pictures of noise with a bright square, whose border is the edges, whose pixels have vectors
 * to its middle, and shares of classes; numbers and shares of the whole sample go with its
 * place. Some pixels of each map have no label.
 */
static void write_split(const char *split, unsigned state)
{
	static float x[N * PIXELS], edge[N * PIXELS], vec[N * 2 * PIXELS],
		share[N * CLASSES * PIXELS], pair[N * 3], mood[N * CLASSES], lit[N];

	memset(vec, 0, sizeof(vec));
	memset(share, 0, sizeof(share));
	for (int i = 0; i < N; i++) {
		int left = 2 + (int)(child_draw(&state) % 6);
		int top = 2 + (int)(child_draw(&state) % 6);

		for (int p = 0; p < PIXELS; p++) {
			int dx = p % SIDE - left;
			int dy = p / SIDE - top;
			bool in = dx >= 0 && dx < 6 && dy >= 0 && dy < 6;
			bool rim = in && (!dx || dx == 5 || !dy || dy == 5);

			x[i * PIXELS + p] = (float)(child_draw(&state) % 100) / 250 +
				(in ? 0.6F : 0);
			edge[i * PIXELS + p] = p < SIDE ? -1 : rim;
			vec[(2 * i) * PIXELS + p] = in ? 2.5F - (float)dx : 0;
			vec[(2 * i + 1) * PIXELS + p] = in ? 2.5F - (float)dy : 0;
			for (int c = 0; c < CLASSES && p >= SIDE; c++)
				share[(CLASSES * i + c) * PIXELS + p] =
					c == (rim ? 2 : in) ? 0.6F : 0.2F;
		}
		pair[3 * i] = 1;
		pair[3 * i + 1] = (float)left;
		pair[3 * i + 2] = (float)top - 4;
		for (int c = 0; c < CLASSES; c++)
			mood[CLASSES * i + c] = c == left % 3 ? 0.5F : 0.25F;
		lit[i] = (float)(top > 4);
	}
	array(split, "input", ", 1, 16, 16", x, COUNT(x));
	array(split, "edge", ", 16, 16", edge, COUNT(edge));
	array(split, "vec", ", 2, 16, 16", vec, COUNT(vec));
	array(split, "share", ", 3, 16, 16", share, COUNT(share));
	array(split, "pair", ", 3", pair, COUNT(pair));
	array(split, "mood", ", 3", mood, COUNT(mood));
	array(split, "lit", ",", lit, COUNT(lit));
}

static void set_up(void)
{
	said_enter_empty();
	setenv("DELTAM_CACHE", "cache", 1);
	write_split("train", 21);
	write_split("val", 22);
	write_split("test", 23);
}

#define SWEEP(name, tasks, model) \
	"{ \"sweep\": \"" name \
	"\", \"dataset\": { \"name\": \"npy\", \"path\": \"data\", " \
	"\"input\": [1, 16, 16], \"tasks\": \"" tasks "\" }, \"model\": " model \
	", \"train\": { \"epochs\": 6, \"batch\": 8, " \
	"\"optimizer\": \"adam\" }, \"methods\": [\"ew\"], \"search\": { \"lr\": 0.02 " \
	"}, \"final\": { \"seeds\": 1 }, \"save\": \"winners\" }"

static void train(const char *sweep, const char *text)
{
	said_sweep(arena_printf(&arena, "%s.json", sweep), text);
	ck_assert_msg(
		DELTAM("run", arena_printf(&arena, "%s.json", sweep), "--quiet") == 0,
		"%s", said_in("err"));
}

static int byte(float share)
{
	return (int)lroundf(255 * fminf(fmaxf(share, 0), 1));
}

/* White where there is an edge, black where there is none or nobody knows. */
static void check_edges(const struct picture *p, struct opened_winner *x, int k)
{
	const float *const of[] = { targets(x, k), predicted(x, k) };
	int edges = 0;

	for (int c = 0; c < COUNT(of); c++)
		for (int i = 0; i < SHOWN * PIXELS; i++) {
			int white = of[c][i] > 0 ? 255 : 0;
			const uint8_t *rgb =
				of_map(p, 1 + 2 * k + c, i / PIXELS, i % PIXELS);

			ASSERT_EACH_MSG(
				rgb[0] == white && rgb[1] == white && rgb[2] == white,
				"column %d, pixel %d", c, i);
			edges += c == 1 && white;
		}
	ck_assert_int_gt(edges, 0); /* it predicts some, and not all */
	ck_assert_int_lt(edges, SHOWN * PIXELS);
}

/* Grey is 0 and the target's largest number is bright, in the prediction as well. */
static void check_vectors(const struct picture *p, struct opened_winner *x, int k)
{
	const float *const of[] = { targets(x, k), predicted(x, k) };

	for (int i = 0; i < SHOWN; i++) {
		float most = 0;

		for (int j = 0; j < 2 * PIXELS; j++)
			most = fmaxf(most, fabsf(of[0][2 * i * PIXELS + j]));
		for (int c = 0; c < COUNT(of); c++)
			for (int j = 0; j < PIXELS; j++) {
				const float *v = of[c] + 2 * i * PIXELS + j;
				bool none = v[0] == 0 && v[PIXELS] == 0;
				const uint8_t *rgb = of_map(p, 1 + 2 * k + c, i, j);

				ASSERT_EACH_MSG(
					abs(rgb[0] -
						(none ? 0
						      : byte((v[0] / most + 1) / 2))) <=
							1 &&
						abs(rgb[1] -
							(none ? 0
							      : byte((v[PIXELS] / most +
									     1) /
									2))) <= 1,
					"sample %d, column %d, pixel %d", i, c, j);
			}
	}
}

static int likeliest(const float *v, int stride)
{
	int best = 0;

	for (int c = 1; c < CLASSES; c++)
		if (v[c * stride] > v[best * stride])
			best = c;
	return v[0] + v[stride] + v[2 * stride] > 0 ? best : -1;
}

/* The likeliest class has one colour, in targets and predictions; no label is black. */
static void check_shares(const struct picture *p, struct opened_winner *x, int k)
{
	const float *const of[] = { targets(x, k), predicted(x, k) };
	const uint8_t *colour[CLASSES + 1] = { NULL };
	const uint8_t black[3] = { 0 };

	colour[0] = black;
	for (int c = 0; c < COUNT(of); c++)
		for (int i = 0; i < SHOWN * PIXELS; i++) {
			int class = likeliest(
				of[c] + i / PIXELS * CLASSES * PIXELS + i % PIXELS,
				PIXELS);
			const uint8_t *rgb =
				of_map(p, 1 + 2 * k + c, i / PIXELS, i % PIXELS);

			if (!colour[class + 1])
				colour[class + 1] = rgb;
			ASSERT_EACH_MSG(!memcmp(rgb, colour[class + 1], 3),
				"column %d, pixel %d, class %d", c, i, class);
		}
	for (int i = 0; i < CLASSES; i++)
		ck_assert_int_ne(memcmp(colour[i], colour[i + 1], 3), 0);
}

/* Every parameter of the network lies in the folder, as it is there. */
static void check_files(struct opened_winner *x, const char *db)
{
	const struct graph *g = x->w.train->batch.graph;
	const char *name = query_text(
		db, "SELECT run FROM job_result WHERE stage='final' LIMIT 1");

	ck_assert_msg(
		DELTAM("export", "parameters", name, "--db", db, "-o", "params") == 0,
		"%s", said_in("err"));
	for (int i = 0; i < graph_params(g); i++) {
		const struct graph_param *p = graph_param(g, i);
		struct npy_want want = { .dims = p->dims, .min = -1e6, .max = 1e6 };
		float *there = NEW_ARRAY(&arena, float, p->count);
		float *own = NEW_ARRAY(&arena, float, p->count);
		struct err e = { 0 };

		memcpy(want.dim, p->shape, sizeof(p->shape));
		must(npy_read(arena_printf(&arena, "params/%s.npy", p->name), &want,
			     there, &e),
			&e);
		graph_param_get(g, i, graph_values(g), own);
		ck_assert_int_eq(memcmp(there, own, p->count * sizeof(*own)), 0);
	}
	ck_assert_int_gt(graph_params(g), 0);
}

START_TEST(edges_vectors_and_shares_are_drawn_a_map_each)
{
	struct opened_winner x;
	struct picture p;

	train("maps",
		SWEEP("maps", "edge=edges:ignore=-1 vec=vector:2 share=soft_map:3",
			"{ \"name\": \"segnet\", \"filters\": [8, 8], \"layers\": [1] "
			"}"));
	p = draw("maps");
	open_winner("maps.db", &x);
	ck_assert_int_eq(p.width, GAP + 7 * (PICTURE + GAP));
	ck_assert_int_eq(p.height, GAP + HEAD + SHOWN * (PICTURE + GAP));
	check_edges(&p, &x, 0);
	check_vectors(&p, &x, 1);
	check_shares(&p, &x, 2);
	check_files(&x, "maps.db");
	dataset_close(&x.d);
}
END_TEST

/* Whether the line of a number has ink; x, y: of the cell. */
static bool has_ink(const struct picture *p, int x, int y, int line)
{
	for (int i = 0; i < LINE; i++)
		for (int j = 0; j < WORD; j++)
			if (at(p, x + j, y + line * LINE + i)[0] != 255)
				return true;
	return false;
}

static bool same_line(const struct picture *p, int x, int y, int other, int line)
{
	for (int i = 0; i < LINE; i++)
		if (memcmp(at(p, x, y + line * LINE + i),
			    at(p, x, other + line * LINE + i), 3 * WORD) != 0)
			return false;
	return true;
}

/* Three numbers stand below one another; equal ones look alike, others do not. */
static void check_numbers(const struct picture *p, struct opened_winner *x)
{
	const float *v = targets(x, 0);
	int left = GAP + PICTURE + GAP;
	int top = GAP + HEAD;

	for (int i = 0; i < SHOWN; i++) {
		int y = top + i * (PICTURE + GAP);

		for (int line = 0; line < 4; line++) {
			ck_assert_int_eq(has_ink(p, left, y, line), line < 3);
			ck_assert_int_eq(
				has_ink(p, left + WORD + GAP, y, line), line < 3);
			if (line < 3)
				ck_assert_int_eq(same_line(p, left, y, top, line),
					v[3 * i + line] == v[line]);
		}
	}
}

START_TEST(all_numbers_of_a_sample_stand_there_and_shares_are_a_class)
{
	struct opened_winner x;
	const float *mood[2];
	struct picture p;

	train("flat",
		SWEEP("flat", "pair=regress:3 mood=soft:3 lit=binary",
			"{ \"name\": \"mlp\", \"hidden\": [16] }"));
	p = draw("flat");
	open_winner("flat.db", &x);
	ck_assert_int_eq(p.width, GAP + PICTURE + GAP + 6 * (WORD + GAP));
	check_numbers(&p, &x);
	mood[0] = targets(&x, 1);
	mood[1] = predicted(&x, 1);
	for (int i = 0; i < 2 * SHOWN; i++)
		for (int k = 0; k < 2 * SHOWN; k++) {
			const uint8_t *of[2];
			int class[2];

			for (int c = 0; c < 2; c++) {
				int n = c ? k : i;

				class[c] = likeliest(
					mood[n / SHOWN] + n % SHOWN * CLASSES, 1);
				of[c] = at(&p,
					GAP + PICTURE + GAP +
						(2 + n / SHOWN) * (WORD + GAP),
					GAP + HEAD + n % SHOWN * (PICTURE + GAP));
			}
			ASSERT_EACH_MSG(
				!memcmp(of[0], of[1], 3) == (class[0] == class[1]),
				"cells %d and %d", i, k);
		}
	check_files(&x, "flat.db");
	dataset_close(&x.d);
}
END_TEST

/* A preview without a winner has the same cells. */
START_TEST(a_preview_of_the_data_writes_numbers_and_classes_too)
{
	struct picture p;
	int x = GAP + PICTURE + GAP;

	ck_assert_msg(DELTAM("preview", "npy", "-o", "x.png", "--param",
			      "path=data,input=1 16 16,tasks=pair=regress:3 "
			      "mood=soft:3 lit=binary,train=24,val=24,test=24") == 0,
		"%s", said_in("err"));
	p.rows = sheet_png_read("x.png", &arena, &p.width, &p.height);
	ck_assert_int_eq(
		p.width, 2 * (3 * GAP + PICTURE + WORD + GAP + 2 * (44 + GAP)));
	ck_assert(has_ink(&p, x, GAP, 2) && !has_ink(&p, x, GAP, 3));
	ck_assert_int_ne(at(&p, x + WORD + GAP, GAP)[0], 255);
	ck_assert_int_ne(at(&p, x + WORD + GAP + 44 + GAP, GAP)[0], 255);
}
END_TEST

/* A class is higher than such pictures, and the last one must not end below the sheet. */
START_TEST(low_pictures_leave_room_for_a_class)
{
	static const char *const splits[] = { "wide/train", "wide/val", "wide/test" };
	static float x[N * 8 * 256], lit[N];
	struct picture p;

	for (int i = 0; i < COUNT(splits); i++) {
		array(splits[i], "input", ", 1, 8, 256", x, COUNT(x));
		array(splits[i], "lit", ",", lit, COUNT(lit));
	}
	ck_assert_msg(DELTAM("preview", "npy", "-o", "x.png", "--param",
			      "path=data/wide,input=1 8 256,tasks=lit=binary,train=24,"
			      "val=24,test=24") == 0,
		"%s", said_in("err"));
	p.rows = sheet_png_read("x.png", &arena, &p.width, &p.height);
	ck_assert_int_eq(p.height, GAP + SHOWN * (28 + GAP));
}
END_TEST

#define OWN \
	"{ \"sweep\": \"own\", \"dataset\": { \"name\": \"cifar100\", \"path\": \".\", " \
	"\"train\": 20, \"val\": 10, \"test\": 10 }, \"model\": { \"name\": \"vgg16\", " \
	"\"width\": 0.0625 }, \"train\": { \"epochs\": 1, \"batch\": 10 }, " \
	"\"baseline\": { \"values\": { %s } }, \"methods\": [\"ew\"], \"search\": { " \
	"\"lr\": 0.01 }, \"final\": { \"seeds\": 1 }, \"save\": \"winners\" }"

/* The sweep file wants a baseline that is not 0, which so few samples do not give. */
static const char *own_sweep(void)
{
	static const char *const tasks[] = { "aquatic_mammals", "fish", "flowers",
		"food_containers", "fruit_and_vegetables",
		"household_electrical_devices", "household_furniture", "insects",
		"large_carnivores", "large_man_made_outdoor_things",
		"large_natural_outdoor_scenes", "large_omnivores_and_herbivores",
		"medium_mammals", "non_insect_invertebrates", "people", "reptiles",
		"small_mammals", "trees", "vehicles_1", "vehicles_2" };
	struct str values = { .arena = &arena };

	for (int k = 0; k < COUNT(tasks); k++)
		str_printf(&values, "%s\"%s/accuracy\": 0.2", k ? ", " : "", tasks[k]);
	return arena_printf(&arena, OWN, str_get(&values));
}

/* Pixel i of an image of CIFAR, from its least number to its largest. */
static int stretched(const float *image, int i)
{
	float least = INFINITY;
	float most = -INFINITY;

	for (int k = 0; k < FAKE_CIFAR_IMAGE; k++) {
		least = fminf(least, image[k]);
		most = fmaxf(most, image[k]);
	}
	return byte((image[i] - least) / (most - least));
}

START_TEST(tasks_with_inputs_of_their_own_have_them_beside_each)
{
	enum { SHOW = 5 * 32, TASK = SHOW + GAP + 2 * (WORD + GAP) };
	struct opened_winner x;
	struct picture p;

	fake_cifar_write(".");
	train("own", own_sweep());
	p = draw("own");
	open_winner("own.db", &x);
	ck_assert_int_eq(p.width, GAP + FAKE_CIFAR_TASKS * TASK);
	for (int k = 0; k < FAKE_CIFAR_TASKS; k++) {
		const struct split_data *test = &x.d.split[SPLIT_TEST];
		const float *images = test->own_input[k].data;
		const uint8_t *label = test->target[k].data;
		const float *guess = predicted(&x, k);

		for (int i = 0; i < SHOWN; i++) {
			int left = GAP + k * TASK;
			int y = GAP + HEAD + i * (SHOW + GAP);
			const float *image = images + i * FAKE_CIFAR_IMAGE;

			for (int j = 0; j < 4; j++)
				ASSERT_EACH_MSG(abs(at(&p, left + 5 * j, y)[0] -
							stretched(image, j)) <= 1,
					"task %d, sample %d, pixel %d", k, i, j);
			ASSERT_EACH_MSG(
				!memcmp(at(&p, left + SHOW + GAP, y),
					at(&p, left + SHOW + GAP + WORD + GAP, y),
					3) == (label[i] == (int)guess[i]),
				"task %d, sample %d", k, i);
		}
	}
	check_files(&x, "own.db");
	dataset_close(&x.d);
	ck_assert_msg(
		DELTAM("preview", "cifar100", "-o", "x.png", "--param", "path=.") == 0,
		"%s", said_in("err"));
}
END_TEST

Suite *suite_predict_kinds(void);
Suite *suite_predict_kinds(void)
{
	Suite *suite = suite_create("predict_kinds");
	TCase *tc = tcase_create("kinds");

	tcase_add_checked_fixture(tc, set_up, teardown);
	tcase_add_test(tc, edges_vectors_and_shares_are_drawn_a_map_each);
	tcase_add_test(tc, all_numbers_of_a_sample_stand_there_and_shares_are_a_class);
	tcase_add_test(tc, a_preview_of_the_data_writes_numbers_and_classes_too);
	tcase_add_test(tc, low_pictures_leave_room_for_a_class);
	tcase_add_test(tc, tasks_with_inputs_of_their_own_have_them_beside_each);
	suite_add_tcase(suite, tc);
	return suite;
}
