/* Groups from rows to plain figures, and what was decided back to rows. */
#include <check.h>
#include <math.h>
#include <string.h>
#include "orchestrator/stage/apply.h"
#include "orchestrator/stage/lane.h"
#include "tests/lib/must.h"
#include "tests/lib/played.h"
#include "tests/lib/scratch.h"

#define VALUES "\"baseline\": {\"values\": {\"reg1/abs_err\": 1, \"reg2/abs_err\": 2}}"

/* Three rates with two seeds each; the first rate diverges. */
static const char method[] =
	"{\"sweep\": \"t\", " PLAYED_DATASET
	"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\"], \"search\": {\"lr\": [1, "
	"0.1, 0.01], \"seeds\": 2}, \"select\": {\"require\": {\"reg1/abs_err\": "
	"{\"max\": 1.6}}}, \"prune\": {\"rule\": \"rungs\", \"keep\": 1, \"rungs\": "
	"[0.5], \"window\": 3}, \"final\": {\"seeds\": 1}, " VALUES "}";

static const char shared[] =
	"{\"sweep\": \"t\", " PLAYED_DATASET
	"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\"], \"search\": {\"lr\": "
	"[0.1, 0.01]}, \"prune\": {\"rule\": \"none\"}, \"baseline\": {\"tune\": "
	"\"shared\", \"seeds\": 1}, \"final\": {\"seeds\": 1}}";

/* Lowest in epoch 8; reg2 is worse by 1 and seed 1 by 1/4. */
static double error_of(double lr, int seed, int task, int epoch)
{
	return (lr == 0.1 ? 1.5 : 2.5) + 0.25 * seed + task + 0.125 * fabs(epoch - 8.0);
}

static double figure(const struct played_job *j, const char *task, int epoch, bool test)
{
	(void)test;
	if (j->lr == 1 && epoch == 5)
		return (double)NAN;
	return error_of(j->lr, (int)j->seed % 1000, !strcmp(task, "reg2"), epoch);
}

/* Against the values 1 and 2. */
static double delta_m(double lr, int seed, int epoch)
{
	return 100 *
		(error_of(lr, seed, 0, epoch) - 1 +
			(error_of(lr, seed, 1, epoch) - 2) / 2) /
		2;
}

static struct played *w;
static struct arena arena;
static struct plan_grid grid;
static int64_t stages[2];

static void enter(const char *text)
{
	scratch_enter();
	w = played_new("t.db", text, false, figure);
	played_all(w, PLAYED_FIRST);
}

static void leave(void)
{
	arena_release(&arena);
	played_free(w);
	scratch_leave();
}

/* The tune stage of the sweep's first lane, with its members as the rows are now. */
static struct group load(void)
{
	const struct lane *l = &w->stage.lanes[0];
	const struct spec_variant *v = lane_variant(&w->stage, l);
	struct group g = { .s = &w->s,
		.spec = &w->spec,
		.sweep = w->stage.sweep,
		.v = v,
		.grid = &grid,
		.task = l->task,
		.units = l->units,
		.stages = stages,
		.incumbent = -1 };
	struct err e = { 0 };

	grid = plan_tune(&w->spec, v, l->entry, &arena);
	for (int u = 0; u < l->units; u++)
		stages[u] = lane_stage_id(&w->stage, l, u, PHASE_TUNE);
	must(group_load(&g, &arena, &e), &e);
	return g;
}

static struct decide_group figures(const struct group *g, int epoch)
{
	struct decide_group x;
	struct err e = { 0 };

	must(group_figures(g, epoch, &x, &arena, &e), &e);
	return x;
}

/* The digest of what the rows hold now, beside the one before. */
static void digest_moves(const char *sql, int epoch, bool moves)
{
	struct group g = load();
	struct decide_group before = figures(&g, epoch);
	struct decide_group after;

	ck_assert_int_eq(strlen(before.digest), 32);
	(void)played_dump(w, sql);
	g = load();
	after = figures(&g, epoch);
	ck_assert_msg((strcmp(before.digest, after.digest) != 0) == moves, "%s", sql);
}

START_TEST(a_rung_reads_the_window_of_every_run)
{
	struct decide_group x;
	struct group g;

	enter(method);
	g = load();
	x = figures(&g, 6);
	ck_assert(x.n == 3 && x.tried == 3 && x.columns == 3 && x.epoch == 6);
	ck_assert_ptr_null(x.higher);
	for (int i = 0; i < 3; i++)
		ck_assert(x.config[i].point == i && x.config[i].lr == i &&
			x.config[i].first == 2 * i && x.config[i].runs == 2);
	for (int run = 2; run < 6; run++)
		for (int c = 0; c < 3; c++)
			ck_assert_double_eq_tol(x.figure[run * 3 + c],
				delta_m(run < 4 ? 0.1 : 0.01, run % 2, 4 + c), 1e-9);
	leave();
}
END_TEST

START_TEST(who_diverged_is_last_in_the_whole_window)
{
	struct decide_group x;
	struct group g;

	enter(method);
	g = load();
	x = figures(&g, 6);
	/* there is a score of epoch 4, which must not keep it alive */
	for (int k = 0; k < 6; k++)
		ck_assert(isinf(x.figure[k]));
	ck_assert(x.run[0].diverged && x.run[1].diverged && !x.run[2].diverged);
	leave();
}
END_TEST

START_TEST(the_end_reads_the_lowest_figure_and_the_requirements)
{
	struct decide_group x;
	struct group g;

	enter(method);
	g = load();
	x = figures(&g, 12);
	ck_assert(x.n == 3 && x.columns == 1);
	ck_assert(isinf(x.figure[0]) && isinf(x.figure[1]));
	for (int run = 2; run < 6; run++)
		ck_assert_double_eq_tol(
			x.figure[run], delta_m(run < 4 ? 0.1 : 0.01, run % 2, 8), 1e-9);
	/* reg1 is at most 1.6 with seed 0 of rate 0.1 alone */
	for (int run = 2; run < 6; run++)
		ck_assert_int_eq(x.run[run].refused, run != 2);
	g.primary = "reg2";
	x = figures(&g, 12);
	for (int run = 0; run < 6; run++)
		ck_assert(!x.run[run].refused);
	leave();
}
END_TEST

START_TEST(a_shared_baseline_has_a_column_for_each_criterion)
{
	struct decide_group x;
	struct group g;

	enter(shared);
	g = load();
	ck_assert_int_eq(g.n, 4);
	x = figures(&g, 12);
	ck_assert(x.n == 2 && x.columns == 2);
	ck_assert(!x.higher[0] && !x.higher[1]);
	for (int i = 0; i < 2; i++) {
		ck_assert(x.config[i].first == i && x.config[i].runs == 1);
		for (int c = 0; c < 2; c++)
			ck_assert_double_eq(
				x.figure[2 * i + c], error_of(i ? 0.01 : 0.1, 0, c, 8));
	}
	leave();
}
END_TEST

START_TEST(who_was_stopped_does_not_compete)
{
	struct decide_group x;
	struct group g;

	enter(method);
	(void)played_dump(w,
		"UPDATE stage_job SET state='stopped' WHERE config=1 AND job=(SELECT "
		"max(job) FROM stage_job WHERE config=1)");
	g = load();
	x = figures(&g, 6);
	ck_assert(x.n == 2 && x.tried == 3);
	ck_assert(x.config[1].point == 2 && x.config[1].first == 2);
	ck_assert_double_eq_tol(x.figure[6], delta_m(0.01, 0, 4), 1e-9);
	leave();
}
END_TEST

/* Of two rates with two seeds the worse one loses its first seed before the first rung. */
static double one_seed_lost(
	const struct played_job *j, const char *task, int epoch, bool test)
{
	(void)test;
	if (j->lr == 1 && j->seed == 0 && epoch == 2)
		return (double)NAN;
	return error_of(j->lr, (int)j->seed % 1000, !strcmp(task, "reg2"), epoch);
}

/* The diverged seed stays diverged, so it must not keep its configuration in the count. */
START_TEST(a_group_of_one_survivor_pauses_no_more)
{
	scratch_enter();
	w = played_new("t.db",
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 12}, \"methods\": [\"ew\"], \"search\": "
		"{\"lr\": [1, 0.1], \"seeds\": 2}, \"prune\": {\"rule\": \"rungs\", "
		"\"keep\": 1, \"rungs\": [0.25, 0.5]}, \"final\": {\"seeds\": 1}, " VALUES
		"}",
		true, one_seed_lost);
	played_all(w, PLAYED_FIRST);
	ck_assert_str_eq(
		played_dump(w,
			"SELECT config, m.state, count(*) FROM stage_job m JOIN stage t "
			"ON t.id = m.stage WHERE t.phase = 'tune' "
			"GROUP BY config, m.state ORDER BY config, m.state"),
		"0|diverged|1\n0|stopped|1\n1|done|2\n");
	ck_assert_str_eq(played_dump(w,
				 "SELECT DISTINCT stop_epoch FROM attempt "
				 "WHERE start_epoch > 0 ORDER BY stop_epoch"),
		"12\n");
	leave();
}
END_TEST

START_TEST(every_seed_makes_its_configuration_the_incumbent)
{
	struct decide_group x;
	struct group g;

	enter(method);
	g = load();
	for (int seed = 0; seed < 2; seed++) {
		g.incumbent = g.members[4 + seed].job.id;
		x = figures(&g, 6);
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(x.config[i].incumbent, i == 2);
	}
	leave();
}
END_TEST

#define OF_LAST_RATE "job IN (SELECT id FROM job WHERE lr=0.01)"
#define WORSE "UPDATE score SET delta_m=delta_m+1 WHERE split='val' AND " OF_LAST_RATE

START_TEST(the_digest_follows_every_figure_that_is_read)
{
	enter(method);
	digest_moves("SELECT 1", 6, false);
	digest_moves(WORSE " AND epoch=6", 6, true);
	digest_moves(WORSE " AND epoch=3", 6, false);
	digest_moves(WORSE " AND epoch=7", 6, false);
	digest_moves(WORSE " AND epoch=8", 12, true);
	digest_moves("UPDATE job SET epochs_done=3 WHERE lr=1", 12, true);
	(void)played_dump(w, "UPDATE stage_job SET state='stopped' WHERE config=2");
	digest_moves(WORSE, 6, false);
	digest_moves(WORSE, 12, false);
	leave();
	enter(shared);
	digest_moves("UPDATE metric SET value=value+1 WHERE epoch=8 AND split='val' "
		     "AND name='abs_err' AND task='reg2'",
		12, true);
	leave();
}
END_TEST

START_TEST(who_stops_is_written_and_who_waits_is_stopped)
{
	struct decide_group x;
	struct decision d;
	struct err e = { 0 };
	struct group g;

	enter(method);
	(void)played_dump(w,
		"UPDATE stage_job SET state='waiting', target=6 WHERE state='done' AND "
		"stage=(SELECT id FROM stage WHERE phase='tune')");
	g = load();
	x = figures(&g, 6);
	d = decide(&x, &arena);
	must(apply_stops(&g, &x, &d, &e), &e);
	ck_assert_str_eq(
		played_dump(w,
			"SELECT config, m.state, count(*) FROM stage_job m "
			"JOIN stage t ON t.id=m.stage WHERE phase='tune' GROUP "
			"BY 1, 2"),
		"0|diverged|2\n1|waiting|2\n2|stopped|2\n");
	for (int i = 0; i < g.n; i++)
		ck_assert_int_eq(g.members[i].row.state == MEMBER_STOPPED,
			g.members[i].row.config == 2);
	ck_assert_str_eq(
		played_dump(w,
			"SELECT epoch, config, rule, substr(reason, 1, 31) FROM "
			"decision WHERE kind='stop' ORDER BY config"),
		"6|0|rungs|in all 3 epochs up to 6 above n\n"
		"6|2|rungs|in all 3 epochs up to 6 above n\n");
	ck_assert_str_eq(played_dump(w,
				 "SELECT DISTINCT digest FROM decision WHERE "
				 "kind='stop'"),
		arena_printf(&arena, "%s\n", x.digest));
	leave();
}
END_TEST

START_TEST(the_choice_is_written_for_every_stage_of_the_group)
{
	struct decide_group x;
	struct decision d;
	struct err e = { 0 };
	struct group g;
	const char *reason;
	int config;

	enter(shared);
	(void)played_dump(w, "DELETE FROM decision");
	g = load();
	x = figures(&g, 12);
	x.config[0].point = 1; /* who wins is not called by its place */
	d = decide(&x, &arena);
	must(apply_choice(&g, &x, &d, &config, &reason, &arena, &e), &e);
	ck_assert_int_eq(config, 1);
	ck_assert_str_eq(played_dump(w,
				 "SELECT task, kind, epoch, config, rule, figure, "
				 "reason, digest FROM decision d JOIN stage t ON "
				 "t.id=d.stage ORDER BY 1"),
		arena_printf(&arena,
			"reg1|select|12|1|gap|0.0|%s|%s\n"
			"reg2|select|12|1|gap|0.0|%s|%s\n",
			reason, x.digest, reason, x.digest));
	leave();
}
END_TEST

Suite *suite_group(void);
Suite *suite_group(void)
{
	Suite *s = suite_create("group");
	TCase *c = tcase_create("group");

	tcase_add_test(c, a_rung_reads_the_window_of_every_run);
	tcase_add_test(c, who_diverged_is_last_in_the_whole_window);
	tcase_add_test(c, the_end_reads_the_lowest_figure_and_the_requirements);
	tcase_add_test(c, a_shared_baseline_has_a_column_for_each_criterion);
	tcase_add_test(c, who_was_stopped_does_not_compete);
	tcase_add_test(c, a_group_of_one_survivor_pauses_no_more);
	tcase_add_test(c, every_seed_makes_its_configuration_the_incumbent);
	tcase_add_test(c, the_digest_follows_every_figure_that_is_read);
	tcase_add_test(c, who_stops_is_written_and_who_waits_is_stopped);
	tcase_add_test(c, the_choice_is_written_for_every_stage_of_the_group);
	suite_add_tcase(s, c);
	return s;
}
