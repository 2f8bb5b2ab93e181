/*
 * The protocol on real SQLite, without workers: figures are written as a worker would,
 * by a formula, in whatever order.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/store/store_job.h"
#include "tests/lib/must.h"
#include "tests/lib/played.h"
#include "tests/lib/scratch.h"

/*
 * The formula: good at lr 0.01 and wd 1e-4, best at T 5, falling over the epochs but
 * rising again from epoch 8 on; seeds differ a little. lr 1 diverges in epoch 3.
 */
static double figure(const struct played_job *j, const char *task, int epoch, bool test)
{
	double T = isnan(j->temperature) ? 20 : j->temperature;

	(void)task;
	if (j->lr == 1 && epoch == 3)
		return (double)NAN;
	return 1 + fabs(log10(j->lr) + 2) + 0.3 * fabs(log10(j->wd + 1e-6) + 4) +
		0.2 * fabs(log10(T / 5)) + 0.05 * fabs(epoch - 8.0) +
		0.01 * fmod((double)j->seed * 7, 5) + test;
}

/* Not ck_assert_str_eq: its message would hold both. */
static void same(const char *rows, const char *expected)
{
	ck_assert_msg(!strcmp(rows, expected), "the rows differ");
}

static const char grid[] =
	"{\"sweep\": \"t\", " PLAYED_DATASET
	"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\", {\"name\": \"uw_so\", "
	"\"T\": [1, 5, 50]}], \"search\": {\"lr\": [0.1, 0.01], \"wd\": [0, 1e-4], "
	"\"seeds\": 2}, \"prune\": {\"rule\": \"none\"}, \"baseline\": {\"seeds\": 2}, "
	"\"final\": {\"seeds\": 3}}";

START_TEST(a_grid_goes_from_tune_to_final_at_the_best_point)
{
	struct played *w;

	scratch_enter();
	w = played_new("t.db", grid, true, figure);
	played_all(w, PLAYED_FIRST);
	ck_assert_str_eq(played_dump(w,
				 "SELECT DISTINCT label, lr, wd, coalesce(temperature, "
				 "'-') FROM stage t JOIN stage_job m ON m.stage=t.id "
				 "JOIN job j ON j.id=m.job WHERE t.phase='final' ORDER "
				 "BY label"),
		"ew|0.01|0.0001|-\nstl|0.01|0.0001|-\nuw_so|0.01|0.0001|5.0\n");
	ck_assert_str_eq(played_dump(w,
				 "SELECT label, task, stage, phase, state, (SELECT "
				 "count(*) FROM stage_job WHERE stage=id) FROM stage "
				 "ORDER BY id"),
		"stl|reg1|baseline|tune|done|4\nstl|reg1|baseline|final|done|2\n"
		"stl|reg2|baseline|tune|done|4\nstl|reg2|baseline|final|done|2\n"
		"ew||tune|tune|done|8\new||final|final|done|3\n"
		"uw_so||tune|tune|done|24\nuw_so||final|final|done|3\n");
	ck_assert_str_eq(
		played_dump(w, "SELECT DISTINCT state FROM stage_job"), "done\n");
	ck_assert_str_eq(
		played_dump(w,
			"SELECT group_concat(seed) FROM (SELECT "
			"DISTINCT seed FROM job WHERE method='ew' ORDER BY 1)"),
		"0,1,1000,1001,1002\n");
	played_free(w);
	scratch_leave();
}
END_TEST

START_TEST(scores_compare_with_the_mean_of_the_baseline_seeds)
{
	struct played *w;
	double base, value;

	scratch_enter();
	w = played_new("t.db", grid, true, figure);
	played_all(w, PLAYED_LAST);
	/* all tasks have one figure, so that the mean over criteria is it */
	base = played_number(w,
		"SELECT value FROM baseline WHERE split='val' AND "
		"criterion='reg1/abs_err' AND seeds=2 AND std > 0");
	ck_assert_double_eq_tol(base,
		(played_number(w,
			 "SELECT value FROM metric m JOIN job j ON j.id=m.job WHERE "
			 "epoch=8 AND split='val' AND m.task='reg1' AND "
			 "name='abs_err' AND method='stl' AND seed=1000") +
			played_number(w,
				"SELECT value FROM metric m JOIN job j ON j.id=m.job "
				"WHERE epoch=8 AND split='val' AND m.task='reg1' AND "
				"name='abs_err' AND method='stl' AND seed=1001")) /
			2,
		1e-12);
	value = played_number(w,
		"SELECT value FROM metric m JOIN job j ON j.id=m.job WHERE "
		"epoch=4 AND split='val' AND m.task='reg1' AND "
		"name='abs_err' AND method='ew' AND seed=1002");
	ck_assert_double_eq_tol(
		played_number(w,
			"SELECT delta_m FROM score c JOIN job j ON j.id=c.job WHERE "
			"method='ew' AND seed=1002 AND epoch=4 AND split='val'"),
		100 * (value - base) / base, 1e-9);
	ck_assert_str_eq(played_dump(w,
				 "SELECT (SELECT count(*) FROM score) = 2 * "
				 "sum(epochs_done) FROM job WHERE method<>'stl'"),
		"1\n");
	played_free(w);
	scratch_leave();
}
END_TEST

static const char line[] =
	"{\"sweep\": \"t\", " PLAYED_DATASET
	"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\", {\"name\": \"uw_so\", "
	"\"T\": {\"from\": 0.5, \"to\": 50, \"per_decade\": 2, \"fine\": 2}}], "
	"\"vary\": {\"optimizer\": [\"adam\", \"sgd\"]}, \"search\": {\"kind\": "
	"\"line\", \"lr\": [0.1, 0.01, 0.001], \"wd\": [0, 1e-4, 1e-2], \"fixed_wd\": "
	"0, \"seeds\": 2}, \"baseline\": {\"tune\": \"shared\"}, \"final\": "
	"{\"seeds\": 2}}";

START_TEST(rows_in_any_order_give_the_same_rows)
{
	const char *texts[] = { grid, line };
	const char *first;
	struct played *w;

	scratch_enter();
	for (int t = 0; t < 2; t++) {
		struct played *reference =
			played_new("reference.db", texts[t], true, figure);

		played_all(reference, PLAYED_FIRST);
		first = played_rows(reference);
		for (int i = 0; i < 3; i++) {
			w = played_new("t.db", texts[t], true, figure);
			w->random = (unsigned)i * 77 + 5;
			played_all(w, i == 0 ? PLAYED_LAST : PLAYED_SHUFFLED);
			same(played_rows(w), first);
			played_free(w);
			remove("t.db");
		}
		played_free(reference);
		remove("reference.db");
	}
	scratch_leave();
}
END_TEST

START_TEST(planning_again_changes_nothing_and_wants_nothing)
{
	const char *before;
	struct played *w;

	scratch_enter();
	w = played_new("t.db", line, true, figure);
	played_all(w, PLAYED_FIRST);
	before = played_rows(w);
	played_plan(w, line, true);
	ck_assert_int_eq(played_waiting(w), 0);
	ck_assert_int_eq(w->stage.nnews, 0); /* what was decided before is none */
	same(played_rows(w), before);
	played_free(w);
	scratch_leave();
}
END_TEST

START_TEST(planning_again_halfway_goes_on_where_it_was)
{
	const char *complete;
	struct arena keep = { 0 };
	struct played *w;

	scratch_enter();
	w = played_new("reference.db", line, true, figure);
	played_all(w, PLAYED_FIRST);
	complete = arena_strdup(&keep, played_rows(w));
	played_free(w);
	w = played_new("t.db", line, true, figure);
	w->order = PLAYED_SHUFFLED;
	for (int round = 0; played_some(w, 9); round++) {
		ck_assert_int_lt(round, 100);
		played_plan(w, line, true);
	}
	same(played_rows(w), complete);
	played_free(w);
	arena_release(&keep);
	scratch_leave();
}
END_TEST

START_TEST(a_line_search_refines_around_the_best_and_then_tries_wd)
{
	struct played *w;

	scratch_enter();
	w = played_new("t.db", line, true, figure);
	played_all(w, PLAYED_FIRST);
	ck_assert_str_eq(played_dump(w,
				 "SELECT phase, count(DISTINCT config) FROM stage t "
				 "JOIN stage_job m ON m.stage=t.id WHERE label='uw_so' "
				 "AND variant='adam' GROUP BY t.id ORDER BY t.id"),
		"tune|15\nrefine|5\nwd|3\nfinal|1\n");
	ck_assert_str_eq(
		played_dump(w,
			"SELECT DISTINCT lr, wd, temperature FROM stage t JOIN "
			"stage_job m ON m.stage=t.id JOIN job j ON j.id=m.job "
			"WHERE label='uw_so' AND phase='final'"),
		"0.01|0.0001|5.0\n");
	ck_assert_str_eq(
		played_dump(
			w, "SELECT count(*), count(DISTINCT variant) FROM baseline"),
		"8|2\n");
	played_free(w);
	scratch_leave();
}
END_TEST

START_TEST(pruning_saves_epochs_and_keeps_the_winners)
{
	struct arena keep = { 0 };
	struct played *w;
	const char *winners;
	int64_t trained;

	scratch_enter();
	w = played_new("pruned.db", line, true, figure);
	played_all(w, PLAYED_FIRST);
	trained = w->trained;
	ck_assert_str_ne(
		played_dump(w, "SELECT 1 FROM decision WHERE kind='stop' LIMIT 1"), "");
	ck_assert_str_eq(
		played_dump(w,
			"SELECT count(*) FROM decision d WHERE kind='stop' AND EXISTS "
			"(SELECT 1 FROM stage_job m JOIN job j ON j.id=m.job WHERE "
			"m.stage=d.stage AND m.config=d.config AND (m.state<>'stopped' "
			"OR m.target<>d.epoch))"),
		"0\n");
	winners = arena_strdup(&keep,
		played_dump(w,
			"SELECT stage, config FROM decision WHERE kind='select' ORDER "
			"BY 1"));
	played_free(w);
	w = played_new("unpruned.db", line, false, figure);
	played_all(w, PLAYED_FIRST);
	ck_assert_int_lt(trained, w->trained);
	ck_assert_str_eq(
		played_dump(w,
			"SELECT stage, config FROM decision WHERE kind='select' ORDER "
			"BY 1"),
		winners);
	ck_assert_str_eq(
		played_dump(w, "SELECT count(*) FROM decision WHERE kind='stop'"),
		"0\n");
	played_free(w);
	arena_release(&keep);
	scratch_leave();
}
END_TEST

START_TEST(a_diverged_seed_puts_its_configuration_last)
{
	static const char text[] = "{\"sweep\": \"t\", " PLAYED_DATASET
				   "\"train\": {\"epochs\": 8}, \"methods\": [\"ew\"], "
				   "\"search\": {\"lr\": "
				   "[1, 0.001]}, \"prune\": {\"rule\": \"none\"}}";
	struct played *w;

	scratch_enter();
	w = played_new("t.db", text, true, figure);
	played_all(w, PLAYED_FIRST);
	ck_assert_str_eq(played_dump(w, "SELECT kind, config FROM decision"),
		"select|1\nselect|1\nselect|1\n");
	ck_assert_str_eq(played_dump(w,
				 "SELECT count(*), sum(epochs_done) FROM job WHERE "
				 "outcome='diverged'"),
		"3|6\n");
	played_free(w);
	scratch_leave();
}
END_TEST

START_TEST(a_method_that_diverges_everywhere_has_no_winner_and_no_final)
{
	static const char text[] =
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 8}, \"methods\": [\"ew\"], \"search\": "
		"{\"lr\": [1]}, \"baseline\": {\"values\": {\"reg1/abs_err\": 2, "
		"\"reg2/abs_err\": 3}}}";
	struct err e = { 0 };
	struct played *w;
	int open;

	scratch_enter();
	w = played_new("t.db", text, true, figure);
	played_all(w, PLAYED_FIRST);
	ck_assert_str_eq(played_dump(w, "SELECT config, figure IS NULL FROM decision"),
		"-1|1\n");
	ck_assert_str_eq(
		played_dump(w, "SELECT stage, state FROM stage"), "tune|done\n");
	must(stage_open(&w->stage, &open, &e), &e);
	ck_assert_int_eq(open, 0);
	played_free(w);
	scratch_leave();
}
END_TEST

START_TEST(equal_configurations_leave_the_choice_to_the_plan)
{
	/* the formula does not know the batch of RLW's distribution */
	static const char text[] =
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 8}, \"methods\": [{\"name\": \"rlw\", "
		"\"weights\": [\"dirichlet\", \"normal\"]}], \"search\": {\"lr\": "
		"[0.01]}, \"baseline\": {\"values\": {\"reg1/abs_err\": 2, "
		"\"reg2/abs_err\": 3}}}";
	struct played *w;

	scratch_enter();
	w = played_new("t.db", text, true, figure);
	played_all(w, PLAYED_SHUFFLED);
	ck_assert_str_eq(played_dump(w, "SELECT config FROM decision"), "0\n");
	ck_assert_str_eq(played_dump(w,
				 "SELECT value FROM stage t JOIN stage_job m ON "
				 "m.stage=t.id JOIN job_param p ON p.job=m.job WHERE "
				 "phase='final' AND name='weights'"),
		"dirichlet\n");
	played_free(w);
	scratch_leave();
}
END_TEST

/* T 5 is the worst until epoch 8 and the best from then on. */
static double late(const struct played_job *j, const char *task, int epoch, bool test)
{
	double off = isnan(j->temperature) ? 0 : fabs(log10(j->temperature / 5));

	(void)task;
	(void)test;
	return epoch < 8 ? 3 - off : 1 + off;
}

/* The incumbent of a refinement, which no rung stops, is found by its seed. */
START_TEST(seeds_of_a_list_are_those_that_are_trained)
{
	static const char text[] =
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 12}, \"methods\": [{\"name\": \"uw_so\", \"T\": "
		"{\"from\": 1, \"to\": 9, \"step\": 4, \"fine\": 1}}], \"search\": "
		"{\"kind\": \"line\", \"lr\": 0.01, \"wd\": [0, 1e-4], \"seeds\": "
		"[9, 4]}, \"prune\": {\"rungs\": [0.25], \"keep\": 3}, \"baseline\": "
		"{\"seeds\": [30, 20]}, \"final\": {\"seeds\": [3, 30]}}";
	struct played *w;

	scratch_enter();
	w = played_new("t.db", text, true, late);
	played_all(w, PLAYED_SHUFFLED);
	ck_assert_str_eq(
		played_dump(w,
			"SELECT stage, phase, group_concat(seed) FROM (SELECT DISTINCT "
			"t.stage, t.phase, j.seed FROM stage t JOIN stage_job m ON "
			"m.stage=t.id JOIN job j ON j.id=m.job ORDER BY 1, 2, 3) GROUP "
			"BY 1, 2"),
		"baseline|final|20,30\nbaseline|tune|9\nbaseline|wd|9\n"
		"final|final|3,30\nrefine|refine|4,9\ntune|tune|4,9\nwd|wd|4,9\n");
	ck_assert_str_eq(played_dump(w, "SELECT DISTINCT state FROM stage"), "done\n");
	ck_assert_str_eq(played_dump(w,
				 "SELECT count(*) > 3, sum(j.temperature = 5) FROM "
				 "stage_job m JOIN job j ON j.id=m.job WHERE "
				 "m.state='stopped'"),
		"1|0\n");
	played_free(w);
	scratch_leave();
}
END_TEST

START_TEST(last10_goes_straight_to_the_final_seeds)
{
	static const char text[] =
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\", \"uw\"], "
		"\"search\": {\"lr\": [0.01]}, \"select\": {\"epoch\": \"last10\"}, "
		"\"baseline\": {\"seeds\": 2}, \"final\": {\"seeds\": 2}}";
	struct played *w;
	double mean = 0;

	scratch_enter();
	w = played_new("t.db", text, true, figure);
	played_all(w, PLAYED_SHUFFLED);
	ck_assert_str_eq(played_dump(w, "SELECT DISTINCT phase, state FROM stage"),
		"final|done\n");
	ck_assert_str_eq(played_dump(w, "SELECT count(*) FROM decision"), "0\n");
	mean = played_number(w,
		"SELECT avg(value) FROM metric m JOIN job j ON j.id=m.job "
		"WHERE epoch>2 AND split='test' AND m.task='reg2' AND "
		"name='abs_err' AND method='stl'");
	ck_assert_double_eq_tol(
		played_number(w,
			"SELECT value FROM baseline WHERE split='test' AND "
			"criterion='reg2/abs_err'"),
		mean, 1e-12);
	played_free(w);
	scratch_leave();
}
END_TEST

START_TEST(a_job_that_failed_for_good_leaves_its_group_undecided)
{
	struct err e = { 0 };
	struct job_row row;
	struct played *w;
	int64_t id;
	int open;

	scratch_enter();
	w = played_new("t.db", grid, true, figure);
	id = strtoll(played_dump(w,
			     "SELECT id FROM job WHERE method='ew' AND seed=0 AND "
			     "lr=0.1 AND wd=0"),
		NULL, 10);
	must(store_job_end(&w->s, id, JOB_FAILED, "x", &e), &e);
	must(store_job_refresh(&w->s, id, &row, &e), &e);
	must(stage_learn(&w->stage, &row, &e), &e);
	played_all(w, PLAYED_FIRST);
	ck_assert_str_eq(played_dump(w,
				 "SELECT label, phase, state FROM stage WHERE "
				 "label='ew'"),
		"ew|tune|failed\n");
	ck_assert_str_eq(played_dump(w,
				 "SELECT count(*) FROM stage WHERE label='uw_so' AND "
				 "state='done'"),
		"2\n");
	must(stage_open(&w->stage, &open, &e), &e);
	ck_assert_int_eq(open, 1);
	/* the same command gives it another chance */
	played_plan(w, grid, true);
	ck_assert_int_eq(played_waiting(w), 1);
	played_all(w, PLAYED_FIRST);
	must(stage_open(&w->stage, &open, &e), &e);
	ck_assert_int_eq(open, 0);
	played_free(w);
	scratch_leave();
}
END_TEST

START_TEST(an_edited_file_trains_only_what_is_new)
{
	static const char more[] =
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 12}, \"methods\": [{\"name\": \"uw_so\", "
		"\"T\": [5, 50, 500]}], \"search\": {\"lr\": [0.1, 0.01], \"wd\": [0, "
		"1e-4], \"seeds\": 2}, \"prune\": {\"rule\": \"none\"}, \"baseline\": "
		"{\"seeds\": 2}, \"final\": {\"seeds\": 3}}";
	struct played *w;

	scratch_enter();
	w = played_new("t.db", grid, true, figure);
	played_all(w, PLAYED_FIRST);
	w->trained = 0;
	played_plan(w, more, true);
	played_all(w, PLAYED_FIRST);
	ck_assert_int_eq(w->trained, 8 * 12); /* T 500: 2 lr, 2 wd, 2 seeds */
	ck_assert_str_eq(played_dump(w, "SELECT DISTINCT label FROM stage ORDER BY 1"),
		"stl\nuw_so\n");
	ck_assert_str_eq(played_dump(w,
				 "SELECT count(*) FROM score WHERE job NOT IN (SELECT "
				 "job FROM stage_job)"),
		"0\n");
	played_free(w);
	scratch_leave();
}
END_TEST

START_TEST(a_changed_baseline_changes_every_score)
{
	static const char other[] =
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\", {\"name\": "
		"\"uw_so\", \"T\": [1, 5, 50]}], \"search\": {\"lr\": [0.1, 0.01], "
		"\"wd\": [0, 1e-4], \"seeds\": 2}, \"prune\": {\"rule\": \"none\"}, "
		"\"baseline\": {\"seeds\": 4}, \"final\": {\"seeds\": 3}}";
	const char *fresh;
	struct arena keep = { 0 };
	struct played *w;

	scratch_enter();
	w = played_new("fresh.db", other, true, figure);
	played_all(w, PLAYED_FIRST);
	fresh = arena_strdup(&keep, played_rows(w));
	played_free(w);
	w = played_new("t.db", grid, true, figure);
	played_all(w, PLAYED_FIRST);
	played_plan(w, other, true);
	played_all(w, PLAYED_FIRST);
	same(played_rows(w), fresh);
	played_free(w);
	arena_release(&keep);
	scratch_leave();
}
END_TEST

/* Two runs of the first configuration are one that is left, and who is alone need not pause. */
START_TEST(the_only_one_left_goes_on_to_its_last_epoch)
{
	static const char text[] =
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\"], \"search\": {\"lr\": "
		"[0.01, 0.1, 0.001], \"seeds\": 2}, \"prune\": {\"rule\": \"rungs\", "
		"\"keep\": 1, \"rungs\": [0.25, 0.5], \"window\": 1}, \"baseline\": "
		"{\"values\": {\"reg1/abs_err\": 1, \"reg2/abs_err\": 2}}, \"final\": "
		"{\"seeds\": 1}}";
	struct played *w;

	scratch_enter();
	w = played_new("t.db", text, true, figure);
	while (played_number(
		       w, "SELECT count(*) FROM stage_job WHERE state='stopped'") == 0)
		ck_assert(played_some(w, 1));
	ck_assert_str_eq(
		played_dump(w,
			"SELECT j.lr, j.seed, m.target FROM stage_job m JOIN job "
			"j ON j.id=m.job WHERE state<>'stopped' ORDER BY 1, 2"),
		"0.01|0|12\n0.01|1|12\n");
	played_free(w);
	scratch_leave();
}
END_TEST

#define GIVEN(values) \
	"{\"sweep\": \"t\", " PLAYED_DATASET \
	"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\"], \"search\": {\"lr\": [0.1, " \
	"0.01]}, \"prune\": {\"rule\": \"none\"}, \"baseline\": {\"values\": {" values \
	"}}, \"final\": {\"seeds\": 2}}"

/* No stage is undone here: that the figures were replaced is all there is to notice. */
START_TEST(a_given_baseline_that_changes_changes_every_score)
{
	static const char before[] = GIVEN("\"reg1/abs_err\": 1, \"reg2/abs_err\": 2");
	static const char after[] = GIVEN("\"reg1/abs_err\": 1, \"reg2/abs_err\": 4");
	const char *fresh;
	struct arena keep = { 0 };
	struct played *w;

	scratch_enter();
	w = played_new("fresh.db", after, true, figure);
	played_all(w, PLAYED_FIRST);
	fresh = arena_strdup(&keep, played_rows(w));
	played_free(w);
	w = played_new("t.db", before, true, figure);
	played_all(w, PLAYED_FIRST);
	ck_assert(strcmp(played_rows(w), fresh) != 0);
	w->trained = 0;
	played_plan(w, after, true);
	played_all(w, PLAYED_FIRST);
	same(played_rows(w), fresh);
	ck_assert_int_eq(w->trained, 0);
	played_free(w);
	arena_release(&keep);
	scratch_leave();
}
END_TEST

START_TEST(pinned_variants_take_the_winner_of_the_first)
{
	static const char text[] =
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 12}, \"methods\": [{\"name\": \"uw_so\", "
		"\"T\": [1, 5, 50]}], \"vary\": {\"batch\": [10, 20], \"pin\": "
		"\"winner\"}, \"search\": {\"lr\": [0.1, 0.01]}, \"final\": "
		"{\"seeds\": 2}}";
	struct played *w;

	scratch_enter();
	w = played_new("t.db", text, true, figure);
	played_all(w, PLAYED_SHUFFLED);
	ck_assert_str_eq(played_dump(w,
				 "SELECT variant, label, phase, state FROM stage WHERE "
				 "variant='20' AND label='uw_so'"),
		"20|uw_so|final|done\n");
	ck_assert_str_eq(played_dump(w,
				 "SELECT DISTINCT lr, temperature FROM stage t JOIN "
				 "stage_job m ON m.stage=t.id JOIN job j ON j.id=m.job "
				 "WHERE variant='20' AND label='uw_so'"),
		"0.01|5.0\n");
	played_free(w);
	scratch_leave();
}
END_TEST

START_TEST(memberships_go_only_where_the_table_lets_them)
{
	ck_assert(member_may(MEMBER_PENDING, MEMBER_RUNNING));
	ck_assert(member_may(MEMBER_RUNNING, MEMBER_PENDING));
	ck_assert(member_may(MEMBER_WAITING, MEMBER_STOPPED));
	ck_assert(!member_may(MEMBER_RUNNING, MEMBER_STOPPED));
	for (int to = 0; to < MEMBER_STATES; to++) {
		ck_assert(!member_may(MEMBER_DONE, (enum member_state)to));
		ck_assert(!member_may(MEMBER_STOPPED, (enum member_state)to));
		ck_assert(!member_may(MEMBER_DIVERGED, (enum member_state)to));
	}
}
END_TEST

START_TEST(a_stage_goes_only_where_the_table_lets_it)
{
	ck_assert(stage_may(STAGE_OPEN, STAGE_DONE));
	ck_assert(stage_may(STAGE_OPEN, STAGE_FAILED));
	ck_assert(stage_may(STAGE_FAILED, STAGE_DONE));
	for (int to = 0; to < STAGE_STATES; to++) {
		ck_assert(!stage_may(STAGE_NONE, (enum stage_state)to));
		ck_assert(!stage_may(STAGE_DONE, (enum stage_state)to));
		ck_assert(!stage_may((enum stage_state)to, STAGE_OPEN));
	}
}
END_TEST

START_TEST(a_stage_without_a_row_has_no_state)
{
	enum stage_state state;
	struct err e = { 0 };
	struct played *w;

	scratch_enter();
	w = played_new("t.db", grid, true, figure);
	must(store_stage_state(&w->s, 1, &state, &e), &e);
	ck_assert_int_eq(state, STAGE_NONE);
	must(store_stage_state(&w->s,
		     strtoll(played_dump(w, "SELECT min(id) FROM stage"), NULL, 10),
		     &state, &e),
		&e);
	ck_assert_int_eq(state, STAGE_OPEN);
	played_free(w);
	scratch_leave();
}
END_TEST

Suite *suite_stage(void);
Suite *suite_stage(void)
{
	Suite *s = suite_create("stage");
	TCase *c = tcase_create("stage");

	tcase_add_test(c, a_grid_goes_from_tune_to_final_at_the_best_point);
	tcase_add_test(c, scores_compare_with_the_mean_of_the_baseline_seeds);
	tcase_add_test(c, rows_in_any_order_give_the_same_rows);
	tcase_add_test(c, planning_again_changes_nothing_and_wants_nothing);
	tcase_add_test(c, planning_again_halfway_goes_on_where_it_was);
	tcase_add_test(c, a_line_search_refines_around_the_best_and_then_tries_wd);
	tcase_add_test(c, pruning_saves_epochs_and_keeps_the_winners);
	tcase_add_test(c, a_diverged_seed_puts_its_configuration_last);
	tcase_add_test(c, a_method_that_diverges_everywhere_has_no_winner_and_no_final);
	tcase_add_test(c, equal_configurations_leave_the_choice_to_the_plan);
	tcase_add_test(c, last10_goes_straight_to_the_final_seeds);
	tcase_add_test(c, seeds_of_a_list_are_those_that_are_trained);
	tcase_add_test(c, a_job_that_failed_for_good_leaves_its_group_undecided);
	tcase_add_test(c, an_edited_file_trains_only_what_is_new);
	tcase_add_test(c, a_changed_baseline_changes_every_score);
	tcase_add_test(c, the_only_one_left_goes_on_to_its_last_epoch);
	tcase_add_test(c, a_given_baseline_that_changes_changes_every_score);
	tcase_add_test(c, pinned_variants_take_the_winner_of_the_first);
	tcase_add_test(c, memberships_go_only_where_the_table_lets_them);
	tcase_add_test(c, a_stage_goes_only_where_the_table_lets_it);
	tcase_add_test(c, a_stage_without_a_row_has_no_state);
	suite_add_tcase(s, c);
	return s;
}
