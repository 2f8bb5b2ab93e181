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
#include "common/store/store_metric.h"
#include "orchestrator/stage.h"
#include "tests/lib/dump.h"
#include "tests/lib/scratch.h"

#define SYNTHETIC \
	"\"dataset\": {\"name\": \"synthetic\", \"train\": 100, \"val\": 10, " \
	"\"test\": 10, \"tasks\": 2}, "

enum order { FIRST, LAST, SHUFFLED };

struct waiting {
	int64_t job;
	bool done;
};

struct world {
	struct arena arena;
	struct spec spec;
	struct store s;
	struct stage_ctx stage;
	struct waiting queue[4096];
	int n;
	unsigned random;
	int trained; /* epochs */
};

static void on_pending(void *arg, int lane, int64_t job, int epochs)
{
	struct world *w = arg;

	(void)lane;
	ck_assert_int_gt(epochs, 0);
	ck_assert_int_lt(w->n, 4096);
	w->queue[w->n++] = (struct waiting){ job, false };
}

static void must(int rc, const struct err *e)
{
	ck_assert_msg(rc == OK, "%s", e->msg);
}

static const char *dump(struct world *w, const char *sql)
{
	return dump_rows(&w->s, sql, &w->arena);
}

/* Plans the file as the start of a run does. */
static void world_plan(struct world *w, const char *text, bool prune)
{
	struct str report = { .arena = &w->arena };
	struct sweep_row row = { "t", text, "best", "criteria" };
	struct err e = { 0 };
	int64_t sweep;
	bool rescore;

	ck_assert_msg(spec_parse(&w->spec, &w->arena, "t.json", text, strlen(text),
			      &report, &e) == OK,
		"%s", str_get(&report));
	row.select_epoch = w->spec.select.epoch == EPOCH_LAST10 ? "last10" : "best";
	must(store_begin(&w->s, &e), &e);
	must(store_sweep_put(&w->s, &row, &sweep, &rescore, &e), &e);
	must(store_orphans(&w->s, &e), &e);
	stage_release(&w->stage);
	stage_init(&w->stage, &w->s, &w->spec, sweep, prune);
	w->stage.on_pending = on_pending;
	w->stage.arg = w;
	w->n = 0;
	must(stage_start(&w->stage, rescore, &e), &e);
	must(store_commit(&w->s, &e), &e);
}

static struct world *world_new(const char *db, const char *text, bool prune)
{
	struct world *w = calloc(1, sizeof(*w));
	struct err e = { 0 };

	ck_assert_ptr_nonnull(w);
	must(store_open(&w->s, db, STORE_ORCHESTRATOR, &e), &e);
	(void)dump(w, "PRAGMA synchronous=OFF"); /* nobody pulls a plug here */
	w->random = 1;
	world_plan(w, text, prune);
	return w;
}

static void world_free(struct world *w)
{
	stage_release(&w->stage);
	store_close(&w->s);
	arena_release(&w->arena);
	free(w);
}

static double number(struct world *w, const char *sql, int64_t job)
{
	struct err e = { 0 };
	struct rows r;
	double v = 0;

	must(rows_open_sql(&r, &w->s, sql, ARGS(INT(job)), &e), &e);
	if (rows_next(&r, &e) > 0)
		v = rows_real(&r, 0);
	rows_close(&r);
	return v;
}

static bool is(struct world *w, const char *condition, int64_t job)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT %s FROM job WHERE id=?", condition);
	return number(w, sql, job) != 0;
}

/*
 * The formula: good at lr 0.01 and wd 1e-4, best at T 5, falling over the epochs but
 * rising again from epoch 8 on; seeds differ a little. lr 1 diverges in epoch 3.
 */
static double figure(struct world *w, int64_t job, int epoch)
{
	double lr = number(w, "SELECT lr FROM job WHERE id=?", job);
	double wd = number(w, "SELECT wd FROM job WHERE id=?", job);
	double T =
		number(w, "SELECT coalesce(temperature, 20) FROM job WHERE id=?", job);
	double seed = number(w, "SELECT seed FROM job WHERE id=?", job);

	return 1 + fabs(log10(lr) + 2) + 0.3 * fabs(log10(wd + 1e-6) + 4) +
		0.2 * fabs(log10(T / 5)) + 0.05 * fabs(epoch - 8.0) +
		0.01 * fmod(seed * 7, 5);
}

static void train_epoch(struct world *w, int64_t job, int epoch)
{
	static const char *const splits[] = { "val", "test" };
	static const char *const names[] = { "loss", "abs_err" };
	static const char *const tasks[] = { "reg1", "reg2" };
	double v = figure(w, job, epoch);
	struct err e = { 0 };
	char own[64] = "";
	struct rows r;

	must(rows_open_sql(
		     &r, &w->s, "SELECT task FROM job WHERE id=?", ARGS(INT(job)), &e),
		&e);
	if (rows_next(&r, &e) > 0)
		snprintf(own, sizeof(own), "%s", rows_text(&r, 0));
	rows_close(&r);
	for (int i = 0; i < 8; i++) {
		struct store_metric m = { splits[i % 2], tasks[i / 2 % 2], names[i / 4],
			v + (i % 2) };

		if (!*own || !strcmp(own, m.task))
			must(store_metrics_put(&w->s, job, epoch, &m, 1, &e), &e);
	}
	w->trained++;
}

/* One segment: claim, rows up to its end or to the divergence, finish. */
static void train(struct world *w, int64_t job)
{
	struct attempt_row attempt = { 0 };
	struct err e = { 0 };
	struct job_row row;
	bool claimed;
	bool diverges = is(w, "lr = 1", job);

	must(store_begin(&w->s, &e), &e);
	must(store_job_claim(&w->s, w->stage.sweep, job, &attempt, &claimed, &e), &e);
	if (claimed) {
		for (int k = attempt.start_epoch + 1;
			k <= attempt.stop_epoch && !(diverges && k == 3); k++)
			train_epoch(w, job, k);
		must(store_job_refresh(&w->s, job, &row, &e), &e);
		if (row.epochs_done < attempt.stop_epoch) {
			must(store_job_end(&w->s, job, JOB_DIVERGED, "epoch 3", &e),
				&e);
			row.outcome = JOB_DIVERGED;
		}
		must(store_attempt_end(&w->s, attempt.id,
			     &(struct attempt_end){ .outcome = "done" }, &e),
			&e);
		must(stage_learn(&w->stage, &row, &e), &e);
	}
	must(store_commit(&w->s, &e), &e);
}

static int pick(struct world *w, enum order order)
{
	int open[4096];
	int n = 0;

	for (int i = 0; i < w->n; i++)
		if (!w->queue[i].done)
			open[n++] = i;
	if (n == 0)
		return -1;
	w->random = w->random * 1664525U + 1013904223U;
	return order == FIRST   ? open[0]
		: order == LAST ? open[n - 1]
				: open[(w->random >> 8) % (unsigned)n];
}

static void run_all(struct world *w, enum order order)
{
	int i;

	while ((i = pick(w, order)) >= 0) {
		w->queue[i].done = true;
		train(w, w->queue[i].job);
	}
}

static const char *everything(struct world *w)
{
	return arena_printf(&w->arena, "%s%s%s%s%s%s",
		dump(w, "SELECT * FROM stage ORDER BY id"),
		dump(w, "SELECT * FROM stage_job ORDER BY stage, job"),
		dump(w, "SELECT * FROM decision ORDER BY stage, kind, epoch, config"),
		dump(w, "SELECT * FROM baseline ORDER BY 1, 2, 3, 4"),
		dump(w, "SELECT * FROM score ORDER BY sweep, job, epoch, split"),
		dump(w, "SELECT * FROM metric ORDER BY 1, 2, 3, 4, 5"));
}

/* Not ck_assert_str_eq: its message would hold both. */
static void same(const char *rows, const char *expected)
{
	ck_assert_msg(!strcmp(rows, expected), "the rows differ");
}

static const char grid[] =
	"{\"sweep\": \"t\", " SYNTHETIC
	"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\", {\"name\": \"uw_so\", "
	"\"T\": [1, 5, 50]}], \"search\": {\"lr\": [0.1, 0.01], \"wd\": [0, 1e-4], "
	"\"seeds\": 2}, \"prune\": {\"rule\": \"none\"}, \"baseline\": {\"seeds\": 2}, "
	"\"final\": {\"seeds\": 3}}";

START_TEST(a_grid_goes_from_tune_to_final_at_the_best_point)
{
	struct world *w;

	scratch_enter();
	w = world_new("t.db", grid, true);
	run_all(w, FIRST);
	ck_assert_str_eq(dump(w,
				 "SELECT DISTINCT label, lr, wd, coalesce(temperature, "
				 "'-') FROM stage t JOIN stage_job m ON m.stage=t.id "
				 "JOIN job j ON j.id=m.job WHERE t.phase='final' ORDER "
				 "BY label"),
		"ew|0.01|0.0001|-\nstl|0.01|0.0001|-\nuw_so|0.01|0.0001|5.0\n");
	ck_assert_str_eq(dump(w,
				 "SELECT label, task, stage, phase, state, (SELECT "
				 "count(*) FROM stage_job WHERE stage=id) FROM stage "
				 "ORDER BY id"),
		"stl|reg1|baseline|tune|done|4\nstl|reg1|baseline|final|done|2\n"
		"stl|reg2|baseline|tune|done|4\nstl|reg2|baseline|final|done|2\n"
		"ew||tune|tune|done|8\new||final|final|done|3\n"
		"uw_so||tune|tune|done|24\nuw_so||final|final|done|3\n");
	ck_assert_str_eq(dump(w, "SELECT DISTINCT state FROM stage_job"), "done\n");
	ck_assert_str_eq(
		dump(w,
			"SELECT group_concat(seed) FROM (SELECT "
			"DISTINCT seed FROM job WHERE method='ew' ORDER BY 1)"),
		"0,1,1000,1001,1002\n");
	world_free(w);
	scratch_leave();
}
END_TEST

START_TEST(scores_compare_with_the_mean_of_the_baseline_seeds)
{
	struct world *w;
	double base, value;

	scratch_enter();
	w = world_new("t.db", grid, true);
	run_all(w, LAST);
	/* all tasks have one figure, so that the mean over criteria is it */
	base = number(w,
		"SELECT value FROM baseline WHERE split='val' AND "
		"criterion='reg1/abs_err' AND seeds=2 AND std > 0 AND ?=0",
		0);
	ck_assert_double_eq_tol(base,
		(number(w,
			 "SELECT value FROM metric m JOIN job j ON j.id=m.job WHERE "
			 "epoch=8 AND split='val' AND m.task='reg1' AND "
			 "name='abs_err' AND method='stl' AND seed=1000 AND ?=0",
			 0) +
			number(w,
				"SELECT value FROM metric m JOIN job j ON j.id=m.job "
				"WHERE epoch=8 AND split='val' AND m.task='reg1' AND "
				"name='abs_err' AND method='stl' AND seed=1001 AND ?=0",
				0)) /
			2,
		1e-12);
	value = number(w,
		"SELECT value FROM metric m JOIN job j ON j.id=m.job WHERE "
		"epoch=4 AND split='val' AND m.task='reg1' AND "
		"name='abs_err' AND method='ew' AND seed=1002 AND ?=0",
		0);
	ck_assert_double_eq_tol(
		number(w,
			"SELECT delta_m FROM score c JOIN job j ON j.id=c.job WHERE "
			"method='ew' AND seed=1002 AND epoch=4 AND split='val' AND "
			"?=0",
			0),
		100 * (value - base) / base, 1e-9);
	ck_assert_str_eq(dump(w,
				 "SELECT (SELECT count(*) FROM score) = 2 * "
				 "sum(epochs_done) FROM job WHERE method<>'stl'"),
		"1\n");
	world_free(w);
	scratch_leave();
}
END_TEST

static const char line[] =
	"{\"sweep\": \"t\", " SYNTHETIC
	"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\", {\"name\": \"uw_so\", "
	"\"T\": {\"from\": 0.5, \"to\": 50, \"per_decade\": 2, \"fine\": 2}}], "
	"\"vary\": {\"optimizer\": [\"adam\", \"sgd\"]}, \"search\": {\"kind\": "
	"\"line\", \"lr\": [0.1, 0.01, 0.001], \"wd\": [0, 1e-4, 1e-2], \"fixed_wd\": "
	"0, \"seeds\": 2}, \"baseline\": {\"tune\": \"shared\"}, \"final\": "
	"{\"seeds\": "
	"2}}";

START_TEST(rows_in_any_order_give_the_same_rows)
{
	const char *texts[] = { grid, line };
	const char *first;
	struct world *w;

	scratch_enter();
	for (int t = 0; t < 2; t++) {
		struct world *reference = world_new("reference.db", texts[t], true);

		run_all(reference, FIRST);
		first = everything(reference);
		for (int i = 0; i < 3; i++) {
			w = world_new("t.db", texts[t], true);
			w->random = (unsigned)i * 77 + 5;
			run_all(w, i == 0 ? LAST : SHUFFLED);
			same(everything(w), first);
			world_free(w);
			remove("t.db");
		}
		world_free(reference);
		remove("reference.db");
	}
	scratch_leave();
}
END_TEST

START_TEST(planning_again_changes_nothing_and_wants_nothing)
{
	const char *before;
	struct world *w;

	scratch_enter();
	w = world_new("t.db", line, true);
	run_all(w, FIRST);
	before = everything(w);
	world_plan(w, line, true);
	ck_assert_int_eq(w->n, 0);
	same(everything(w), before);
	world_free(w);
	scratch_leave();
}
END_TEST

START_TEST(planning_again_halfway_goes_on_where_it_was)
{
	const char *complete;
	struct arena keep = { 0 };
	struct world *w;

	scratch_enter();
	w = world_new("reference.db", line, true);
	run_all(w, FIRST);
	complete = arena_strdup(&keep, everything(w));
	world_free(w);
	w = world_new("t.db", line, true);
	for (int round = 0; w->n; round++) {
		ck_assert_int_lt(round, 100);
		for (int i = 0; i < 9; i++) {
			int at = pick(w, SHUFFLED);

			if (at < 0)
				break;
			w->queue[at].done = true;
			train(w, w->queue[at].job);
		}
		world_plan(w, line, true);
	}
	same(everything(w), complete);
	world_free(w);
	arena_release(&keep);
	scratch_leave();
}
END_TEST

START_TEST(a_line_search_refines_around_the_best_and_then_tries_wd)
{
	struct world *w;

	scratch_enter();
	w = world_new("t.db", line, true);
	run_all(w, FIRST);
	ck_assert_str_eq(dump(w,
				 "SELECT phase, count(DISTINCT config) FROM stage t "
				 "JOIN stage_job m ON m.stage=t.id WHERE label='uw_so' "
				 "AND variant='adam' GROUP BY t.id ORDER BY t.id"),
		"tune|15\nrefine|5\nwd|3\nfinal|1\n");
	ck_assert_str_eq(
		dump(w,
			"SELECT DISTINCT lr, wd, temperature FROM stage t JOIN "
			"stage_job m ON m.stage=t.id JOIN job j ON j.id=m.job "
			"WHERE label='uw_so' AND phase='final'"),
		"0.01|0.0001|5.0\n");
	ck_assert_str_eq(
		dump(w, "SELECT count(*), count(DISTINCT variant) FROM baseline"),
		"8|2\n");
	world_free(w);
	scratch_leave();
}
END_TEST

START_TEST(pruning_saves_epochs_and_keeps_the_winners)
{
	struct arena keep = { 0 };
	struct world *w;
	const char *winners;
	int trained;

	scratch_enter();
	w = world_new("pruned.db", line, true);
	run_all(w, FIRST);
	trained = w->trained;
	ck_assert_str_ne(
		dump(w, "SELECT 1 FROM decision WHERE kind='stop' LIMIT 1"), "");
	ck_assert_str_eq(
		dump(w,
			"SELECT count(*) FROM decision d WHERE kind='stop' AND "
			"EXISTS (SELECT 1 FROM stage_job m JOIN job j ON "
			"j.id=m.job WHERE m.stage=d.stage AND m.config="
			"d.config AND (m.state<>'stopped' OR m.target<>"
			"d.epoch))"),
		"0\n");
	winners = arena_strdup(&keep,
		dump(w,
			"SELECT stage, config FROM decision WHERE kind='select' ORDER "
			"BY 1"));
	world_free(w);
	w = world_new("unpruned.db", line, false);
	run_all(w, FIRST);
	ck_assert_int_lt(trained, w->trained);
	ck_assert_str_eq(
		dump(w,
			"SELECT stage, config FROM decision WHERE kind='select' ORDER "
			"BY 1"),
		winners);
	ck_assert_str_eq(
		dump(w, "SELECT count(*) FROM decision WHERE kind='stop'"), "0\n");
	world_free(w);
	arena_release(&keep);
	scratch_leave();
}
END_TEST

START_TEST(a_diverged_seed_puts_its_configuration_last)
{
	static const char text[] = "{\"sweep\": \"t\", " SYNTHETIC
				   "\"train\": {\"epochs\": 8}, \"methods\": [\"ew\"], "
				   "\"search\": {\"lr\": "
				   "[1, 0.001]}, \"prune\": {\"rule\": \"none\"}}";
	struct world *w;

	scratch_enter();
	w = world_new("t.db", text, true);
	run_all(w, FIRST);
	ck_assert_str_eq(dump(w, "SELECT kind, config FROM decision"),
		"select|1\nselect|1\nselect|1\n");
	ck_assert_str_eq(dump(w,
				 "SELECT count(*), sum(epochs_done) FROM job WHERE "
				 "outcome='diverged'"),
		"3|6\n");
	world_free(w);
	scratch_leave();
}
END_TEST

START_TEST(a_method_that_diverges_everywhere_has_no_winner_and_no_final)
{
	static const char text[] =
		"{\"sweep\": \"t\", " SYNTHETIC
		"\"train\": {\"epochs\": 8}, \"methods\": [\"ew\"], \"search\": "
		"{\"lr\": "
		"[1]}, \"baseline\": {\"values\": {\"reg1/abs_err\": 2, "
		"\"reg2/abs_err\": 3}}}";
	struct err e = { 0 };
	struct world *w;
	int open;

	scratch_enter();
	w = world_new("t.db", text, true);
	run_all(w, FIRST);
	ck_assert_str_eq(
		dump(w, "SELECT config, figure IS NULL FROM decision"), "-1|1\n");
	ck_assert_str_eq(dump(w, "SELECT stage, state FROM stage"), "tune|done\n");
	must(stage_open(&w->stage, &open, &e), &e);
	ck_assert_int_eq(open, 0);
	world_free(w);
	scratch_leave();
}
END_TEST

START_TEST(equal_configurations_leave_the_choice_to_the_plan)
{
	/* the formula does not know the batch of RLW's distribution */
	static const char text[] =
		"{\"sweep\": \"t\", " SYNTHETIC
		"\"train\": {\"epochs\": 8}, \"methods\": [{\"name\": \"rlw\", "
		"\"weights\": [\"dirichlet\", \"normal\"]}], \"search\": {\"lr\": "
		"[0.01]}, \"baseline\": {\"values\": {\"reg1/abs_err\": 2, "
		"\"reg2/abs_err\": 3}}}";
	struct world *w;

	scratch_enter();
	w = world_new("t.db", text, true);
	run_all(w, SHUFFLED);
	ck_assert_str_eq(dump(w, "SELECT config FROM decision"), "0\n");
	ck_assert_str_eq(dump(w,
				 "SELECT value FROM stage t JOIN stage_job m ON "
				 "m.stage=t.id JOIN job_param p ON p.job=m.job WHERE "
				 "phase='final' AND name='weights'"),
		"dirichlet\n");
	world_free(w);
	scratch_leave();
}
END_TEST

START_TEST(last10_goes_straight_to_the_final_seeds)
{
	static const char text[] =
		"{\"sweep\": \"t\", " SYNTHETIC
		"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\", \"uw\"], "
		"\"search\": {\"lr\": [0.01]}, \"select\": {\"epoch\": \"last10\"}, "
		"\"baseline\": {\"seeds\": 2}, \"final\": {\"seeds\": 2}}";
	struct world *w;
	double mean = 0;

	scratch_enter();
	w = world_new("t.db", text, true);
	run_all(w, SHUFFLED);
	ck_assert_str_eq(
		dump(w, "SELECT DISTINCT phase, state FROM stage"), "final|done\n");
	ck_assert_str_eq(dump(w, "SELECT count(*) FROM decision"), "0\n");
	mean = number(w,
		"SELECT avg(value) FROM metric m JOIN job j ON j.id=m.job "
		"WHERE epoch>2 AND split='test' AND m.task='reg2' AND "
		"name='abs_err' AND method='stl' AND ?=0",
		0);
	ck_assert_double_eq_tol(
		number(w,
			"SELECT value FROM baseline WHERE split='test' AND "
			"criterion='reg2/abs_err' AND ?=0",
			0),
		mean, 1e-12);
	world_free(w);
	scratch_leave();
}
END_TEST

START_TEST(a_job_that_failed_for_good_leaves_its_group_undecided)
{
	struct err e = { 0 };
	struct job_row row;
	struct world *w;
	int open;

	scratch_enter();
	w = world_new("t.db", grid, true);
	for (int i = 0; i < w->n; i++) {
		if (!is(w, "method='ew' AND seed=0 AND lr=0.1 AND wd=0",
			    w->queue[i].job))
			continue;
		must(store_job_end(&w->s, w->queue[i].job, JOB_FAILED, "x", &e), &e);
		must(store_job_refresh(&w->s, w->queue[i].job, &row, &e), &e);
		must(stage_learn(&w->stage, &row, &e), &e);
	}
	run_all(w, FIRST);
	ck_assert_str_eq(dump(w,
				 "SELECT label, phase, state FROM stage WHERE "
				 "label='ew'"),
		"ew|tune|failed\n");
	ck_assert_str_eq(dump(w,
				 "SELECT count(*) FROM stage WHERE label='uw_so' AND "
				 "state='done'"),
		"2\n");
	must(stage_open(&w->stage, &open, &e), &e);
	ck_assert_int_eq(open, 1);
	/* the same command gives it another chance */
	world_plan(w, grid, true);
	ck_assert_int_eq(w->n, 1);
	run_all(w, FIRST);
	must(stage_open(&w->stage, &open, &e), &e);
	ck_assert_int_eq(open, 0);
	world_free(w);
	scratch_leave();
}
END_TEST

START_TEST(an_edited_file_trains_only_what_is_new)
{
	static const char more[] =
		"{\"sweep\": \"t\", " SYNTHETIC
		"\"train\": {\"epochs\": 12}, \"methods\": [{\"name\": \"uw_so\", "
		"\"T\": [5, 50, 500]}], \"search\": {\"lr\": [0.1, 0.01], \"wd\": [0, "
		"1e-4], \"seeds\": 2}, \"prune\": {\"rule\": \"none\"}, \"baseline\": "
		"{\"seeds\": 2}, \"final\": {\"seeds\": 3}}";
	struct world *w;

	scratch_enter();
	w = world_new("t.db", grid, true);
	run_all(w, FIRST);
	w->trained = 0;
	world_plan(w, more, true);
	run_all(w, FIRST);
	ck_assert_int_eq(w->trained, 8 * 12); /* T 500: 2 lr, 2 wd, 2 seeds */
	ck_assert_str_eq(
		dump(w, "SELECT DISTINCT label FROM stage ORDER BY 1"), "stl\nuw_so\n");
	ck_assert_str_eq(dump(w,
				 "SELECT count(*) FROM score WHERE job NOT IN (SELECT "
				 "job FROM stage_job)"),
		"0\n");
	world_free(w);
	scratch_leave();
}
END_TEST

START_TEST(a_changed_baseline_changes_every_score)
{
	static const char other[] =
		"{\"sweep\": \"t\", " SYNTHETIC
		"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\", {\"name\": "
		"\"uw_so\", \"T\": [1, 5, 50]}], \"search\": {\"lr\": [0.1, 0.01], "
		"\"wd\": [0, 1e-4], \"seeds\": 2}, \"prune\": {\"rule\": \"none\"}, "
		"\"baseline\": {\"seeds\": 4}, \"final\": {\"seeds\": 3}}";
	const char *fresh;
	struct arena keep = { 0 };
	struct world *w;

	scratch_enter();
	w = world_new("fresh.db", other, true);
	run_all(w, FIRST);
	fresh = arena_strdup(&keep, everything(w));
	world_free(w);
	w = world_new("t.db", grid, true);
	run_all(w, FIRST);
	world_plan(w, other, true);
	run_all(w, FIRST);
	same(everything(w), fresh);
	world_free(w);
	arena_release(&keep);
	scratch_leave();
}
END_TEST

START_TEST(pinned_variants_take_the_winner_of_the_first)
{
	static const char text[] =
		"{\"sweep\": \"t\", " SYNTHETIC
		"\"train\": {\"epochs\": 12}, \"methods\": [{\"name\": \"uw_so\", "
		"\"T\": [1, 5, 50]}], \"vary\": {\"batch\": [10, 20], \"pin\": "
		"\"winner\"}, \"search\": {\"lr\": [0.1, 0.01]}, \"final\": "
		"{\"seeds\": "
		"2}}";
	struct world *w;

	scratch_enter();
	w = world_new("t.db", text, true);
	run_all(w, SHUFFLED);
	ck_assert_str_eq(dump(w,
				 "SELECT variant, label, phase, state FROM stage WHERE "
				 "variant='20' AND label='uw_so'"),
		"20|uw_so|final|done\n");
	ck_assert_str_eq(dump(w,
				 "SELECT DISTINCT lr, temperature FROM stage t JOIN "
				 "stage_job m ON m.stage=t.id JOIN job j ON j.id=m.job "
				 "WHERE variant='20' AND label='uw_so'"),
		"0.01|5.0\n");
	world_free(w);
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

Suite *suite_stage(void);
Suite *suite_stage(void)
{
	Suite *s = suite_create("stage");
	TCase *c = tcase_create("stage");

	tcase_set_timeout(c, 60);
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
	tcase_add_test(c, a_job_that_failed_for_good_leaves_its_group_undecided);
	tcase_add_test(c, an_edited_file_trains_only_what_is_new);
	tcase_add_test(c, a_changed_baseline_changes_every_score);
	tcase_add_test(c, pinned_variants_take_the_winner_of_the_first);
	tcase_add_test(c, memberships_go_only_where_the_table_lets_them);
	suite_add_tcase(s, c);
	return s;
}
