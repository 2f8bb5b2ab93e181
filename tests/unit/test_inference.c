/*
 * Intervals, tests and marks in tables; ranks and power. That the figures are right is for
 * tests/second and test_statistics.c; here is which rows they are of, and how they read.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/played.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_db.h"

static struct arena arena;
static struct played *world;
static char output[1 << 16];
static char complaint[1 << 12];

static void setup(void)
{
	world = NULL;
	scratch_enter();
}

static void teardown(void)
{
	if (world)
		played_free(world);
	arena_release(&arena);
	scratch_leave();
}

/* Runs "deltam <line>"; its exit status, what it printed in `output`, said in `complaint`. */
static int run(const char *line)
{
	char words[256];
	const char *argv[16] = { "deltam" };
	int argc = 1;
	int status;

	snprintf(words, sizeof(words), "%s", line);
	for (char *w = strtok(words, " "); w && argc < 15; w = strtok(NULL, " "))
		argv[argc++] = w;
	status = child_run(argv, NULL);
	scratch_read("out", output, sizeof(output));
	scratch_read("err", complaint, sizeof(complaint));
	return status;
}

static void show(const char *line)
{
	ck_assert_msg(run(line) == 0, "%s: %s", line, complaint);
}

static bool says(const char *text)
{
	return strstr(output, text) != NULL;
}

/*
 * Errors: a baseline near 1, EW near 2 (`near`: T 2 hardly worse; `far`: T 3 clearly), with
 * what a seed adds to all alike and a little of their own.
 */
static double figure(const struct played_job *j, const char *task, int epoch, bool test)
{
	int seed = (int)(j->seed % 1000);
	double own = 0.001 * ((seed * 7 + (int)(j->temperature > 0) * 3) % 5);
	double shared = 0.05 * seed;

	(void)task, (void)epoch, (void)test;
	if (*j->own)
		return 1 + 0.01 * seed;
	if (*j->primary)
		return 1.5 + shared;
	if (j->temperature == 4 && j->seed == 1003)
		return (double)NAN;
	return 2 + shared + own +
		(isnan(j->temperature)                ? 0
				: j->temperature == 3 ? 0.5
						      : 0.001);
}

static void play(const char *keys, const char *methods)
{
	const char *text = arena_printf(&arena,
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 2}, %s\"baseline\": {\"seeds\": 3}, "
		"\"methods\": [%s], \"search\": {\"lr\": 0.1}, \"final\": "
		"{\"seeds\": 5}}",
		keys, methods);

	world = played_new("t.db", text, true, figure);
	played_all(world, PLAYED_FIRST);
	played_free(world);
	world = NULL;
}

#define NEAR "{\"name\": \"uw_so\", \"label\": \"near\", \"T\": 2}"
#define FAR "{\"name\": \"uw_so\", \"label\": \"far\", \"T\": 3}"
#define LOST "{\"name\": \"uw_so\", \"label\": \"lost\", \"T\": 4}"

START_TEST(every_format_for_readers_prints_statistics_to_the_letter)
{
	static const char *const names[] = { "text", "markdown", "latex", "html" };
	small_db_make("small.db");
	for (int i = 0; i < COUNT(names); i++) {
		show(arena_printf(&arena,
			"table small --sweep small --against ew --interval 95 --mark "
			"letters --format %s",
			names[i]));
		ck_assert_str_eq(output,
			source_text(arena_printf(&arena,
				"tests/fixtures/report/small.tests.%s", names[i])));
	}
}
END_TEST

/* Without the last digits, which are the mathematical library's. */
START_TEST(formats_for_programs_have_every_figure)
{
	small_db_make("small.db");
	show("table small --sweep small --against ew --interval 95 --mark letters "
	     "--format csv");
	ck_assert(
		says(",epoch,delta_m,delta_m_std,delta_m_mark,val_delta_m,delta_m_low,"
		     "delta_m_high,against,pairs,difference,difference_low,"
		     "difference_high,t_p,t_holm,sign_flip_p,sign_flip_holm,"
		     "wilcoxon_p,wilcoxon_holm,smallest_p\n"));
	ck_assert(
		says(",a,-6.74") && says(",ew,2,-3.62") && says(",0.5,1,0.5,1,0.5\n"));
	show("table small --sweep small --against ew --interval 95 --mark letters "
	     "--format json");
	ck_assert(says("\"reg1/abs_err_mark\":\"a\"") &&
		says("\"delta_m_low\":-25.27258"));
	ck_assert(says("\"against\":\"ew\",\"pairs\":2,\"difference\":-3.62"));
	ck_assert(says("\"t_p\":0.3989969231") && says("\"smallest_p\":0.5}"));
	ck_assert(says("\"delta_m_low\":null"));
}
END_TEST

START_TEST(ranks_and_power_print_to_the_letter)
{
	static const char *const lines[][2] = {
		{ "ranks small --sweep small --against ew", "ranks.text" },
		{ "ranks small --format csv", "ranks.csv" },
		{ "power small --sweep small", "power.text" },
		{ "power small --sweep small --against uw_so --difference 0.5 --format "
		  "markdown",
			"power.markdown" }
	};
	small_db_make("small.db");
	for (int i = 0; i < COUNT(lines); i++) {
		show(lines[i][0]);
		ck_assert_str_eq(output,
			source_text(arena_printf(
				&arena, "tests/fixtures/report/%s", lines[i][1])));
	}
}
END_TEST

START_TEST(what_cannot_be_told_apart_is_bold_together_or_shares_a_letter)
{
	play("", "\"ew\", " NEAR ", " FAR);
	show("table t --mark tests");
	ck_assert(says("*108.1 ± 7.9*") && says("*108.2 ± 7.8*"));
	ck_assert(says(" 157.6 ± 7.8\n") && !says("*157"));
	show("table t --mark letters");
	ck_assert(says("108.1 ± 7.9 a\n") && says("108.2 ± 7.8 a\n"));
	ck_assert(says("157.6 ± 7.8 b\n"));
	/* Five seeds are too few for any sign-flip test at 0.05. */
	show("table t --mark letters --test sign-flip");
	ck_assert(!says(" b\n"));
	show("table t --mark best --format csv");
	ck_assert(says(",best,") && says(",second,"));
}
END_TEST

START_TEST(tests_say_what_so_many_seeds_can_reach)
{
	play("", "\"ew\", " NEAR ", " FAR);
	show("table t --against ew");
	ck_assert(
		says("p by Holm for 2 methods. 5 equal seeds: no p of flips and ranks "
		     "below 0.0625, before Holm, can be reached."));
	ck_assert(says("<0.001    0.125    0.125\n")); /* Holm: twice 1/16 */
	ck_assert(!says("interval"));
	show("table t --against ew --format csv");
	ck_assert(says(",0.0625,0.125,0.0625,0.125,0.0625\n"));
	show("table t --interval 90 --bootstrap");
	ck_assert(says("90 % interval") && says("10000 draws"));
	show("table t --bootstrap");
	ck_assert(says("95 % interval"));
}
END_TEST

START_TEST(a_method_that_lost_a_seed_is_tested_but_never_marked)
{
	play("", "\"ew\", " NEAR ", " LOST);
	show("table t --mark tests --against ew");
	ck_assert(says("4/5"));
	ck_assert(says("4 to 5 equal seeds"));
	ck_assert(says("Only methods whose seeds all ended well (4/5: one did not)"));
	show("table t --mark letters --format json");
	ck_assert(strstr(strstr(output, "\"lost\""), "\"delta_m_mark\":null") != NULL);
	show("power t");
	ck_assert(says("lost    ew           4"));
}
END_TEST

START_TEST(gains_of_the_auxiliary_setting_keep_their_sign)
{
	play("\"primary\": \"each\", ", "\"ew\", " NEAR ", \"gcs\"");
	show("table t --against ew --interval 95 --mark letters --format json");
	/* gcs is half as far behind the baseline as ew is: a gain of about 50 more. */
	ck_assert(says("\"label\":\"gcs\""));
	ck_assert(says("\"gain_low\":-") && says("\"gain_mark\":\"a\""));
	show("table t --against ew");
	ck_assert(says("higher is better; two-sided paired t"));
	ck_assert(says("p by Holm for 2 methods"));
	show("power t --format csv");
	ck_assert(says("gcs,ew,5,4") && says("near,ew,5,-0."));
	show("ranks t");
	ck_assert(says("GCS       1.00"));
	ck_assert(!says("gcs ["));
}
END_TEST

START_TEST(a_baseline_that_is_given_counts_as_exact)
{
	play("", "\"ew\"");
	query_run("t.db",
		"DELETE FROM stage_job WHERE stage IN (SELECT id FROM stage "
		"WHERE stage = 'baseline')");
	show("table t --interval 95");
	ck_assert(says("a baseline of given figures, or of one seed, counts as exact"));
	ck_assert(says("[98.3, 117.9]")); /* 108.1 ± 7.9 · 2.776 / √5 */
}
END_TEST

START_TEST(variants_are_blocks_of_ranks_and_what_one_lacks_is_left_out)
{
	play("\"vary\": {\"batch\": [25, 50, 100]}, ", "\"ew\", " NEAR ", " FAR);
	query_run("t.db",
		"UPDATE stage_job SET state = 'diverged' WHERE stage = (SELECT id FROM "
		"stage WHERE label = 'near' AND stage = 'final' AND variant = '50')");
	show("ranks t --against ew");
	ck_assert(says("Left out, since not every block has results of them: near."));
	ck_assert(says("averaged over 3 blocks"));
	/* Three blocks agree on two methods: 1 of 4 arrangements, and its mirror. */
	ck_assert(says("Friedman's test: chi-squared 3, p 0.25 (exact)"));
	ck_assert(says("0.00   [0.00, 0.00]"));
	ck_assert_int_eq(run("ranks t --against near"), 2);
	ck_assert_ptr_nonnull(strstr(complaint, "\"near\""));
}
END_TEST

START_TEST(statistics_that_cannot_be_are_refused)
{
	static const char *const cases[][2] = {
		{ "table small --sweep small --against uwso",
			"did you mean \"uw_so\"?" },
		{ "table small --sweep small --against stl", "no method \"stl\"" },
		{ "table small --sweep small --interval 49", "from 50 to 99" },
		{ "table small --sweep small --interval 100", "from 50 to 99" },
		{ "table small --sweep small --test t", "--mark letters" },
		{ "table small --sweep small --mark best --test t", "--mark letters" },
		{ "table small --sweep small --robust --mark letters", "--robust" },
		{ "table small --sweep small --query SELECT+1 --against ew",
			"--query" },
		{ "power small --sweep small --difference zero", "no difference" },
		{ "power small --sweep small --difference 0", "no difference" },
		{ "power small --sweep small --against none", "no method \"none\"" },
		{ "ranks small --sweep small --against none", "--against" },
		{ "ranks small --sweep none", "no sweep \"none\"" },
	};

	small_db_make("small.db");
	for (int i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(run(cases[i][0]), 2);
		ck_assert_msg(strstr(complaint, cases[i][1]) != NULL, "%s: %s",
			cases[i][0], complaint);
	}
}
END_TEST

Suite *suite_inference(void);

Suite *suite_inference(void)
{
	Suite *s = suite_create("inference");
	TCase *c = tcase_create("inference");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, every_format_for_readers_prints_statistics_to_the_letter);
	tcase_add_test(c, formats_for_programs_have_every_figure);
	tcase_add_test(c, ranks_and_power_print_to_the_letter);
	tcase_add_test(
		c, what_cannot_be_told_apart_is_bold_together_or_shares_a_letter);
	tcase_add_test(c, tests_say_what_so_many_seeds_can_reach);
	tcase_add_test(c, a_method_that_lost_a_seed_is_tested_but_never_marked);
	tcase_add_test(c, gains_of_the_auxiliary_setting_keep_their_sign);
	tcase_add_test(c, a_baseline_that_is_given_counts_as_exact);
	tcase_add_test(c, variants_are_blocks_of_ranks_and_what_one_lacks_is_left_out);
	tcase_add_test(c, statistics_that_cannot_be_are_refused);
	suite_add_tcase(s, c);
	return s;
}
