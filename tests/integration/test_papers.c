/*
 * The sweep files of sweeps/papers: each is good without its data, and each small one trains,
 * with one epoch, a few samples and one learning rate.
 */
#include <check.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/pace.h"
#include "tests/lib/scratch.h"

#define WORDS_MAX 48
#define SMALL_MIN 30 /* the page wants that many */

static struct arena arena;

static void tear_down(void)
{
	arena_release(&arena);
}

static glob_t files_of(const char *pattern)
{
	glob_t g;

	ck_assert_int_eq(glob(pattern, 0, NULL, &g), 0);
	return g;
}

START_TEST(every_sweep_is_good)
{
	glob_t g = files_of("sweeps/papers/*/*.json");

	scratch_enter();
	for (size_t i = 0; i < g.gl_pathc; i++) {
		const char *path = scratch_source(g.gl_pathv[i]);
		const char *const argv[] = { "deltam", "check", "--no-data", "--quiet",
			path, NULL };

		ck_assert_msg(child_run(argv, NULL) == 0, "%s", path);
	}
	ck_assert_uint_ge(g.gl_pathc, 2 * SMALL_MIN);
	scratch_leave();
	globfree(&g);
}
END_TEST

/* What a reader wants to know first stands at the top. */
START_TEST(every_sweep_says_what_it_is_of)
{
	static const char *const papers[] = { "// Elich et al. 2024, ",
		"// Kendall et al. 2018, ", "// Kirchdorfer et al. 2025, ",
		"// Li et al. 2024, " };
	glob_t g = files_of("sweeps/papers/*/*.json");

	for (size_t i = 0; i < g.gl_pathc; i++) {
		char text[64];
		bool said = false;

		scratch_read(g.gl_pathv[i], text, sizeof(text));
		for (int k = 0; k < COUNT(papers); k++)
			said |= !strncmp(text, papers[k], strlen(papers[k]));
		ck_assert_msg(said, "%s", g.gl_pathv[i]);
	}
	globfree(&g);
}
END_TEST

/* What is replaced in a file that has the key. */
static const struct {
	const char *has, *set;
} smaller[] = {
	{ "", "train.epochs=1" },
	{ "", "dataset.train=8" },
	{ "\"scenes", "dataset.val=4" },
	{ "\"scenes", "dataset.test=4" },
	/* An accuracy of 0 is no baseline: that wants more answers than maps do. */
	{ "\"multi_fashion\"", "dataset.val=100" },
	{ "\"multi_fashion\"", "dataset.test=100" },
	{ "\"synthetic\"", "dataset.val=100" },
	{ "\"synthetic\"", "dataset.test=100" },
	{ "", "search.lr=1e-3" },
	{ "", "search.seeds=1" },
	{ "", "baseline.lr=1e-3" },
	{ "", "baseline.seeds=1" },
	{ "", "final.seeds=1" },
	{ "", "prune.rule=none" },
	{ "\"batch\": [", "vary={\"batch\": [4, 8], \"pin\": \"winner\"}" },
	{ "\"batch\": 16", "train.batch=4" },
	{ "\"batch\": 50", "train.batch=4" },
	{ "\"batch\": 64", "train.batch=4" },
	{ "\"wd\": [", "search.wd=[0, 1e-4]" },
	{ "\"evaluate\"", "evaluate.corruptions=[\"brightness\"]" },
	/* What another sweep must have trained before. */
	{ "\"run\":", "methods=[\"uw\"]" },
	{ "\"pseudo\":",
		"dataset={\"name\": \"scenes\", \"width\": 48, \"height\": 32, \"train\": "
		"8, \"val\": 4, \"test\": 4}" },
};

START_TEST(every_small_sweep_trains)
{
	glob_t g = files_of("sweeps/papers/*/*-small.json");
	char text[16384];
	const char *argv[WORDS_MAX] = { "deltam", "run", "--workers", "2", "--db",
		"t.db" };
	int n = 6;

	if ((size_t)_i < g.gl_pathc && _i % pace(1, 8) == 0) {
		char path[PATH_MAX];
		bool pseudo;

		ck_assert_ptr_nonnull(realpath(g.gl_pathv[_i], path));
		scratch_read(g.gl_pathv[_i], text, sizeof(text));
		pseudo = strstr(text, "\"pseudo\":") != NULL;
		argv[n++] = path;
		for (int i = 0; i < COUNT(smaller); i++) {
			bool of_data = !strncmp(smaller[i].set, "dataset.", 8);

			if (!strstr(text, smaller[i].has) || (of_data && pseudo))
				continue;
			argv[n++] = "--set";
			argv[n++] = smaller[i].set;
		}
		ck_assert_int_lt(n, WORDS_MAX);
		scratch_enter();
		setenv("DELTAM_CACHE", "cache", 1);
		ck_assert_msg(child_run(argv, NULL) == 0, "%s", path);
		ck_assert_int_ge(
			query_int("t.db", "SELECT count(*) FROM benchmark"), 2);
		scratch_leave();
	}
	globfree(&g);
}
END_TEST

/* Words of a line in place, n of them at most; the list ends in NULL. */
static int split(char *line, const char *between, const char **word, int n)
{
	int count = 0;

	for (char *at = line, *next; at && count + 1 < n; at = next) {
		next = strpbrk(at, between);
		if (next)
			*next++ = '\0';
		word[count++] = at;
	}
	word[count] = NULL;
	return count;
}

/* Asked of a database that is not there: everything before that is in order. */
static void ask(const char *paper, const char *small, const char *command)
{
	const char *argv[WORDS_MAX] = { "deltam" };
	char name[128];
	int n = 1 + split(arena_strdup(&arena, command), " ", argv + 1, WORDS_MAX - 7);
	bool named = false;

	for (int i = 1; i < n; i++) {
		const char *dash = strchr(argv[i], '-');
		char path[256];

		if (!strstr(argv[i], "-small"))
			continue;
		named = true;
		snprintf(path, sizeof(path), "sweeps/papers/%.*s/%s.json",
			(int)(dash - argv[i]), argv[i], dash + 1);
		ck_assert_msg(access(path, R_OK) == 0, "%s: no %s", argv[i], path);
	}
	snprintf(name, sizeof(name), "%s-%s-small", paper, small);
	if (!named) {
		argv[n++] = "--sweep";
		argv[n++] = name;
	}
	if (!strcmp(argv[1], "plot")) {
		argv[n++] = "-o";
		argv[n++] = "x.svg";
	}
	argv[n++] = "--db";
	argv[n++] = "missing.db";
	argv[n] = NULL;
	scratch_enter();
	ck_assert_msg(child_run(argv, NULL) == 3, "%s %s", paper, small);
	scratch_leave();
}

START_TEST(every_item_has_a_command_that_its_sweeps_can_answer)
{
	static char text[65536];
	int asked = 0;
	char *next;

	scratch_read("sweeps/papers/items.tsv", text, sizeof(text));
	for (char *line = strchr(text, '\n') + 1; *line; line = next) {
		const char *field[8];

		next = line + strcspn(line, "\n");
		*next++ = '\0';
		ck_assert_int_eq(split(line, "\t", field, COUNT(field)), 7);
		if (!strcmp(field[3], "-") || !strcmp(field[4], "-"))
			continue;
		ask(field[0], field[3], field[4]);
		asked++;
	}
	ck_assert_int_ge(asked, SMALL_MIN);
}
END_TEST

Suite *suite_papers(void);
Suite *suite_papers(void)
{
	Suite *s = suite_create("papers");
	TCase *t = tcase_create("papers");

	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, every_sweep_is_good);
	tcase_add_test(t, every_sweep_says_what_it_is_of);
	tcase_add_test(t, every_item_has_a_command_that_its_sweeps_can_answer);
	tcase_add_loop_test(t, every_small_sweep_trains, 0, SMALL_MIN + 10);
	suite_add_tcase(s, t);
	return s;
}
