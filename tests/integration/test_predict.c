/*
 * Saved winners: what they predict, beside the targets, and their parameters as files.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"
#include "tests/lib/sheet_png.h"
#include "tests/lib/spots.h"
#include "trainer-core/dataset/npy.h"
#include "trainer-core/train/job.h"
#include "worker/winner_file.h"

enum { SIDE = 12, TRAIN = 60, TEST = 24, ROWS = 8, TASKS = 2 };

/* Where a sheet has what: pixels of a picture, of a class's column, of the heading. */
enum { GAP = 4, PICTURE = 14 * SIDE, WORD = 80, HEAD = 28 };

#define SWEEP(name, rest) \
	"{ \"sweep\": \"" name \
	"\", \"dataset\": { \"name\": \"npy\", \"path\": \"data\"," \
	" \"input\": [1, 12, 12], \"scale\": 0.00392156862745098," \
	" \"tasks\": \"bright=class:3 place=class:2\"," \
	" \"train\": 60, \"val\": 24, \"test\": 24 }, \"model\": { \"name\": \"mlp\"," \
	" \"hidden\": [16]" rest ", \"epochs\": 4, \"batch\": 10 }," \
	" \"methods\": [\"ew\"], \"search\": { \"lr\": [0.01] }," \
	" \"final\": { \"seeds\": 1 }, \"save\": \"winners\" }"

static const struct spots spots = {
	.side = SIDE, .step = 40, .on = 60, .off = 20, .noise = 90
};

static struct arena arena;
static char run_name[64] = "ew lr 0.01 seed 1000";

static int call(const char *words)
{
	const char *argv[16] = { "deltam" };
	char *text = arena_strdup(&arena, words);
	int n = 1;

	for (char *at = text; *at;) { /* what stands in '' is one word */
		bool quoted = *at == '\'';
		char *end = strchr(at + quoted, quoted ? '\'' : ' ');

		argv[n++] = at + quoted;
		if (!end)
			break;
		*end = '\0';
		at = end + 1;
		at += strspn(at, " ");
	}
	return child_run(argv, NULL);
}

static void calls(const char *words)
{
	char text[4096];

	if (call(words) == 0)
		return;
	scratch_read("err", text, sizeof(text));
	ck_abort_msg("%s: %s", words, text);
}

static void refuses(const char *words, int status, const char *message)
{
	char text[4096];

	ck_assert_int_eq(call(words), status);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(strstr(text, message), "%s: %s", words, text);
}

static void train(const char *file, const char *text)
{
	scratch_write(file, text, strlen(text));
	calls(arena_printf(&arena, "run %s --workers 2", file));
}

/* Once for all tests of the case. */
static void make_winner(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	spots_write(&spots, "train", TRAIN, 11);
	spots_write(&spots, "val", TEST, 12);
	spots_write(&spots, "test", TEST, 13);
	train("s.json", SWEEP("s", " }, \"train\": { \"optimizer\": \"adam\""));
}

static void forget(void)
{
	scratch_leave();
}

static void teardown(void)
{
	arena_release(&arena);
}

static const char *file_of(const char *db)
{
	return arena_printf(&arena, "%s.d/winners/%s", db,
		query_text(db,
			"SELECT j.identity || '-' || w.epoch || '.params' FROM winner w"
			" JOIN job j ON j.id = w.job WHERE j.task IS NULL"));
}

/* The classes of the first test samples: as the data have them, and by the network. */
static void classes(int k, int target[ROWS], float predicted[ROWS])
{
	const struct predict_form form = { 0 };
	struct winner_file w = { 0 };
	const struct dataset_field *f;
	struct err e = { 0 };
	struct dataset d;

	must(winner_file_find(&w, file_of("s.db"), &arena, &e), &e);
	must(dataset_open(&w.params, &arena, &d, &e), &e);
	must(winner_file_build(&w, &e), &e);
	must(winner_file_load(&w, &e), &e);
	f = &d.split[SPLIT_TEST].target[k];
	must(train_predict(w.train, d.task[k].name, &form, &d.split[SPLIT_TEST].input,
		     ROWS, predicted, &e),
		&e);
	ck_assert_int_eq(f->element, ELEMENT_U8);
	for (int i = 0; i < ROWS; i++)
		target[i] = ((const uint8_t *)f->data)[i] + (int)f->offset;
	dataset_close(&d);
}

START_TEST(a_sheet_shows_what_the_winner_predicts_beside_the_targets)
{
	const uint8_t *of[2 * TASKS][ROWS];
	const uint8_t *sheet;
	int width, height;
	int right = 0;

	calls(arena_printf(&arena, "preview --winner '%s' s.json -o x.png", run_name));
	sheet = sheet_png_read("x.png", &arena, &width, &height);
	ck_assert_int_eq(width, GAP + PICTURE + GAP + 2 * TASKS * (WORD + GAP));
	ck_assert_int_eq(height, GAP + HEAD + ROWS * (PICTURE + GAP));
	for (int c = 0; c < 2 * TASKS; c++)
		for (int i = 0; i < ROWS; i++) {
			int x = GAP + PICTURE + GAP + c * (WORD + GAP);
			int y = GAP + HEAD + i * (PICTURE + GAP);

			of[c][i] = sheet + y * (3 * width + 1) + 1 + 3 * x;
		}
	for (int k = 0; k < TASKS; k++) {
		int target[ROWS];
		float predicted[ROWS];

		classes(k, target, predicted);
		for (int i = 0; i < ROWS; i++)
			for (int other = 0; other < ROWS; other++) {
				/* Equal colours, equal classes. */
				ck_assert_int_eq(
					!memcmp(of[2 * k][i], of[2 * k][other], 3),
					target[i] == target[other]);
				ck_assert_int_eq(
					!memcmp(of[2 * k + 1][i], of[2 * k][other], 3),
					(int)predicted[i] == target[other]);
				right += i == other && (int)predicted[i] == target[i];
			}
	}
	ck_assert_int_ge(right, ROWS); /* it has learned something ... */
	ck_assert_int_lt(right, 2 * ROWS); /* ... and errs, or nothing was compared */
}
END_TEST

/* Every file of the folder holds what the winner's network has under its name. */
static void check_files(const char *folder)
{
	struct winner_file w = { 0 };
	struct err e = { 0 };
	const struct graph *g;

	must(winner_file_find(&w, file_of("s.db"), &arena, &e), &e);
	must(winner_file_build(&w, &e), &e);
	must(winner_file_load(&w, &e), &e);
	g = w.train->batch.graph;
	ck_assert_int_eq(
		graph_params(g), 6); /* weights and biases of trunk and heads */
	for (int i = 0; i < graph_params(g); i++) {
		const struct graph_param *p = graph_param(g, i);
		struct npy_want want = { .dims = p->dims, .min = -100, .max = 100 };
		float *there = NEW_ARRAY(&arena, float, p->count);
		float *own = NEW_ARRAY(&arena, float, p->count);

		memcpy(want.dim, p->shape, sizeof(p->shape));
		must(npy_read(arena_printf(&arena, "%s/%s.npy", folder, p->name), &want,
			     there, &e),
			&e);
		graph_param_get(g, i, graph_values(g), own);
		ck_assert_int_eq(memcmp(there, own, p->count * sizeof(*own)), 0);
	}
}

/* The trunk of a network that starts from files and is frozen there stays what they say. */
START_TEST(parameters_that_were_written_are_read_as_initial_ones)
{
	static const char *const same[] = { "trunk0.weight", "trunk0.bias" };

	calls(arena_printf(
		&arena, "export parameters '%s' --db s.db -o trunk", run_name));
	check_files("trunk");
	train("again.json",
		SWEEP("again",
			", \"init\": \"trunk\" }, \"train\": { \"optimizer\": \"adam\","
			" \"freeze\": \"trunk\""));
	calls(arena_printf(
		&arena, "export parameters '%s' --db again.db -o after", run_name));
	for (int i = 0; i < COUNT(same); i++)
		ck_assert_int_eq(
			system(arena_printf(&arena, "cmp trunk/%s.npy after/%s.npy",
				same[i], same[i])),
			0);
	/* Heads are the seed's, and were trained. */
	ck_assert_int_ne(
		system("cmp -s trunk/bright.weight.npy after/bright.weight.npy"), 0);
}
END_TEST

START_TEST(what_cannot_be_shown_is_said)
{
	const char *file = file_of("s.db");

	refuses("preview --winner 'uw lr 0.01' s.json -o y.png", 2,
		"no run \"uw lr 0.01\"");
	refuses("preview --winner 'ew lr 0.01 seed 0' s.json -o y.png", 2,
		"no parameters of \"ew lr 0.01 seed 0\" are kept");
	refuses(arena_printf(&arena, "preview --winner '%s' s.json", run_name), 2,
		"-o FILE.png is missing");
	refuses(arena_printf(&arena,
			"preview --winner '%s' s.json --corrupt fog -o y.png",
			run_name),
		2, "--corrupt");
	refuses("preview -o y.png", 2, "multi_fashion, ");
	refuses("preview scenes --db s.db -o y.png", 2, "--winner");
	refuses("export parameters -o y", 2, "export parameters RUN -o FOLDER");
	refuses(arena_printf(&arena, "export parameters '%s' --db s.db", run_name), 2,
		"-o FOLDER is missing");
	refuses("export metrics s.json -o y", 2, "stdout");
	refuses(arena_printf(&arena,
			"export parameters '%s' --db s.db -o no/such/folder", run_name),
		3, "no/such/folder");
	scratch_write_at(file, 200, "torn", 4);
	refuses(arena_printf(&arena, "preview --winner '%s' s.json -o y.png", run_name),
		3, file);
	ck_assert_int_eq(unlink(file), 0);
	refuses(arena_printf(&arena, "preview --winner '%s' s.json -o y.png", run_name),
		3, "`deltam run` makes it");
	ck_assert_int_ne(access("y.png", F_OK), 0);
	calls("run s.json");
	spots_write(&spots, "test", TEST, 14);
	refuses(arena_printf(&arena, "preview --winner '%s' s.json -o y.png", run_name),
		3, "was trained on other data");
	spots_write(&spots, "test", TEST, 13);
}
END_TEST

Suite *suite_predict(void);
Suite *suite_predict(void)
{
	Suite *suite = suite_create("predict");
	TCase *tc = tcase_create("predict");

	tcase_add_unchecked_fixture(tc, make_winner, forget);
	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_add_test(tc, a_sheet_shows_what_the_winner_predicts_beside_the_targets);
	tcase_add_test(tc, parameters_that_were_written_are_read_as_initial_ones);
	tcase_add_test(tc, what_cannot_be_shown_is_said);
	suite_add_tcase(suite, tc);
	return suite;
}
