/*
 * Properties of the planner and the stages, on random sweep files: no job twice; every
 * stage follows from rows alone; rows in any order give the same decisions; rows beyond
 * a rung never change one. Real SQLite, figures by a formula.
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

enum { SWEEPS = 16, JOBS_MAX = 20000 };

struct protocol {
	struct arena arena;
	struct spec spec;
	struct store s;
	struct stage_ctx stage;
	int64_t queue[JOBS_MAX];
	int n;
	unsigned random; /* of the order; 0: first come, first served */
	int64_t trained; /* epochs */
};

static void must(int rc, const struct err *e)
{
	ck_assert_msg(rc == OK, "%s", e->msg);
}

/* The same sequence in every run. */
static unsigned draw(unsigned *state, unsigned below)
{
	*state = *state * 1664525U + 1013904223U;
	return (*state >> 8) % below;
}

/* Sweep files. */

static const char *pick(unsigned *r, const char *const *list)
{
	unsigned n = 0;

	while (list[n])
		n++;
	return list[draw(r, n)];
}
#define PICK(...) pick(r, (const char *const[]){ __VA_ARGS__, NULL })

static const char *random_sweep(unsigned seed, struct arena *a)
{
	unsigned state = seed * 2654435761U + 1;
	unsigned *r = &state;
	struct str t = { .arena = a };
	bool line;

	for (int i = 0; i < 5; i++) /* neighbouring seeds begin alike */
		(void)draw(r, 2);
	line = draw(r, 2);
	str_put(&t,
		"{\"sweep\": \"t\", \"dataset\": {\"name\": \"synthetic\", "
		"\"train\": 100, \"val\": 10, \"test\": 10, \"tasks\": 2}, ");
	str_printf(&t, "\"train\": {\"epochs\": %u}, ", 5 + draw(r, 12));
	str_put(&t,
		PICK("", "", "\"vary\": {\"optimizer\": [\"adam\", \"sgd\"]}, ",
			"\"vary\": {\"batch\": [10, 20], \"pin\": \"winner\"}, "));
	str_printf(&t, "\"baseline\": {\"seeds\": %u, \"tune\": \"%s\"}, ",
		1 + draw(r, 2), PICK("per_task", "shared"));
	str_printf(&t, "\"methods\": [%s%s%s], ",
		PICK("\"ew\"", "\"ew\", \"uw\"", "{\"name\": \"dwa\", \"T\": [1, 2]}"),
		PICK("", ", {\"name\": \"uw_so\", \"T\": [1, 5, 50]}",
			", {\"name\": \"uw_so\", \"T\": {\"from\": 0.5, \"to\": 50, "
			"\"per_decade\": 2, \"fine\": 2}}"),
		PICK("",
			", {\"name\": \"scalarization\", \"weights\": {\"step\": 0.2, "
			"\"fine\": 0.1}}",
			", {\"name\": \"scalarization\", \"weights\": {\"step\": "
			"0.25}}"));
	str_printf(&t, "\"search\": {\"kind\": \"%s\", \"lr\": [%s], \"wd\": [%s]%s, ",
		line ? "line" : "grid", PICK("0.01", "0.1, 0.01", "0.1, 0.01, 0.001"),
		PICK("0", "0, 1e-4"), line ? ", \"fixed_wd\": 0" : "");
	str_printf(&t, "\"seeds\": %u}, ", 1 + draw(r, 2));
	str_printf(&t, "\"prune\": {%s, \"rungs\": [%s]%s}, ",
		PICK("\"rule\": \"rungs\", \"window\": 2",
			"\"rule\": \"rungs\", \"keep\": 1, \"window\": 1",
			"\"rule\": \"rungs\", \"keep\": 2, \"window\": 3",
			"\"rule\": \"halving\", \"eta\": 2, \"window\": 2",
			"\"rule\": \"median\", \"window\": 2"),
		PICK("0.5", "0.25, 0.5", "0.2, 0.4, 0.7"),
		PICK("", ", \"within\": \"lr\""));
	str_printf(&t, "\"final\": {\"seeds\": %u}}", 1 + draw(r, 3));
	return str_get(&t);
}

/* The world around the stages. */

static void on_pending(void *arg, int lane, int64_t job, int epochs)
{
	struct protocol *p = arg;

	(void)lane;
	ck_assert_int_gt(epochs, 0);
	ck_assert_int_lt(p->n, JOBS_MAX);
	p->queue[p->n++] = job;
}

static void plan(struct protocol *p, const char *text, bool prune)
{
	struct sweep_row row = { "t", text, "best", "criteria" };
	struct str report = { .arena = &p->arena };
	struct err e = { 0 };
	int64_t sweep;
	bool rescore;

	ck_assert_msg(spec_parse(&p->spec, &p->arena, "t.json", text, strlen(text),
			      &report, &e) == OK,
		"%s\n%s", text, str_get(&report));
	must(store_begin(&p->s, &e), &e);
	must(store_sweep_put(&p->s, &row, &sweep, &rescore, &e), &e);
	stage_release(&p->stage);
	stage_init(&p->stage, &p->s, &p->spec, sweep, prune);
	p->stage.on_pending = on_pending;
	p->stage.arg = p;
	p->n = 0;
	must(stage_start(&p->stage, rescore, &e), &e);
	must(store_commit(&p->s, &e), &e);
}

static struct protocol *protocol_new(const char *db, const char *text, unsigned random)
{
	struct protocol *p = calloc(1, sizeof(*p));
	struct err e = { 0 };
	struct rows r;

	ck_assert_ptr_nonnull(p);
	p->random = random;
	must(store_open(&p->s, db, STORE_ORCHESTRATOR, &e), &e);
	must(rows_open_sql(&r, &p->s, "PRAGMA synchronous=OFF", NO_ARGS, &e), &e);
	ck_assert_int_ge(rows_next(&r, &e), 0);
	rows_close(&r);
	plan(p, text, true);
	return p;
}

static void protocol_free(struct protocol *p, const char *db)
{
	stage_release(&p->stage);
	store_close(&p->s);
	arena_release(&p->arena);
	free(p);
	remove(db);
}

/* A number in [0,1) that depends on nothing but its arguments. */
static double noise(int64_t job, int epoch, int split)
{
	uint64_t x =
		(uint64_t)job + (uint64_t)(epoch * 4 + split) * 0x9e3779b97f4a7c15U;

	x = (x ^ x >> 31) * 0xd6e8feb86659fd93U;
	x = (x ^ x >> 31) * 0xd6e8feb86659fd93U;
	return (double)(x >> 11) * 0x1p-53;
}

static void put_epoch(struct protocol *p, int64_t job, const char *own, int epoch)
{
	static const char *const splits[] = { "val", "test" };
	static const char *const names[] = { "loss", "abs_err" };
	static const char *const tasks[] = { "reg1", "reg2" };
	struct err e = { 0 };

	for (int i = 0; i < 8; i++) {
		/* a job has its own level; curves cross */
		double v = 1 + noise(job, 0, 0) + 0.6 * noise(job, epoch, i % 2) +
			2.0 / epoch;
		struct store_metric m = { splits[i % 2], tasks[i / 2 % 2], names[i / 4],
			v };

		if (!*own || !strcmp(own, m.task))
			must(store_metrics_put(&p->s, job, epoch, &m, 1, &e), &e);
	}
	p->trained++;
}

/* One job in thirty leaves the finite numbers; final seeds and baselines do not. */
static int diverges_in(struct protocol *p, int64_t job, char own[64])
{
	struct err e = { 0 };
	struct rows r;
	int epoch = 0;

	must(rows_open_sql(&r, &p->s,
		     "SELECT coalesce(task, ''), seed FROM job WHERE id=?",
		     ARGS(INT(job)), &e),
		&e);
	if (rows_next(&r, &e) > 0) {
		snprintf(own, 64, "%s", rows_text(&r, 0));
		if (!*own && rows_int(&r, 1) < FINAL_SEED &&
			noise(job, 0, 3) < 1.0 / 30)
			epoch = 1 + (int)(noise(job, 0, 2) * 5);
	}
	rows_close(&r);
	return epoch;
}

static void train(struct protocol *p, int64_t job)
{
	struct attempt_row attempt = { 0 };
	struct err e = { 0 };
	struct job_row row;
	char own[64] = "";
	bool claimed;
	int bad = diverges_in(p, job, own);

	must(store_begin(&p->s, &e), &e);
	must(store_job_claim(&p->s, p->stage.sweep, job, &attempt, &claimed, &e), &e);
	if (claimed) {
		for (int k = attempt.start_epoch + 1;
			k <= attempt.stop_epoch && k != bad; k++)
			put_epoch(p, job, own, k);
		must(store_job_refresh(&p->s, job, &row, &e), &e);
		if (row.epochs_done < attempt.stop_epoch) {
			must(store_job_end(&p->s, job, JOB_DIVERGED, "nan", &e), &e);
			row.outcome = JOB_DIVERGED;
		}
		must(store_attempt_end(&p->s, attempt.id,
			     &(struct attempt_end){ .outcome = "done" }, &e),
			&e);
		must(stage_learn(&p->stage, &row, &e), &e);
	}
	must(store_commit(&p->s, &e), &e);
}

/* At most `most` segments; whether any waits still. */
static bool train_some(struct protocol *p, int most)
{
	while (most-- > 0 && p->n > 0) {
		int at = p->random ? (int)draw(&p->random, (unsigned)p->n) : 0;
		int64_t job = p->queue[at];

		p->n--;
		memmove(p->queue + at, p->queue + at + 1,
			(size_t)(p->n - at) * sizeof(job));
		train(p, job);
	}
	return p->n > 0;
}

/* What it says. */

static const char *dump(struct protocol *p, const char *sql)
{
	return dump_rows(&p->s, sql, &p->arena);
}

static const char *decisions(struct protocol *p)
{
	return dump(p, "SELECT * FROM decision ORDER BY stage, kind, epoch, config");
}

static const char *everything(struct protocol *p)
{
	return arena_printf(&p->arena, "%s%s%s%s%s%s", decisions(p),
		dump(p, "SELECT * FROM stage ORDER BY id"),
		dump(p, "SELECT * FROM stage_job ORDER BY stage, job"),
		dump(p, "SELECT * FROM baseline ORDER BY 1, 2, 3, 4"),
		dump(p, "SELECT * FROM score ORDER BY sweep, job, epoch, split"),
		dump(p, "SELECT * FROM metric ORDER BY 1, 2, 3, 4, 5"));
}

static int64_t number(struct protocol *p, const char *sql)
{
	return atoll(dump(p, sql));
}

/* The sweep trained first come, first served: what the others are held against. */
static const char *reference(const char *text, struct arena *a, bool all)
{
	struct protocol *p = protocol_new("reference.db", text, 0);
	const char *is;

	(void)train_some(p, INT32_MAX);
	is = arena_strdup(a, all ? everything(p) : decisions(p));
	protocol_free(p, "reference.db");
	return is;
}

START_TEST(no_job_is_planned_or_trained_twice)
{
	struct arena a = { 0 };
	struct protocol *p;

	scratch_enter();
	p = protocol_new("t.db", random_sweep((unsigned)_i, &a), (unsigned)_i + 1);
	(void)train_some(p, INT32_MAX);
	ck_assert_int_eq(p->trained, number(p, "SELECT sum(epochs_done) FROM job"));
	ck_assert_int_eq(number(p,
				 "SELECT count(*) FROM (SELECT 1 FROM job GROUP BY "
				 "identity HAVING count(*)>1)"),
		0);
	/* in a stage a configuration has every seed once, and no two share a job */
	ck_assert_int_eq(number(p,
				 "SELECT count(*) FROM (SELECT 1 FROM stage_job m JOIN "
				 "job j ON j.id=m.job GROUP BY stage, config, seed "
				 "HAVING count(*)>1)"),
		0);
	/* nor do two parameter lists lead to different jobs while being equal */
	ck_assert_int_eq(number(p,
				 "SELECT count(*) FROM (SELECT list FROM (SELECT job, "
				 "group_concat(name || '=' || value, ';') AS list FROM "
				 "(SELECT * "
				 "FROM job_param ORDER BY job, name) GROUP BY job) "
				 "GROUP BY list "
				 "HAVING count(*)>1)"),
		0);
	ck_assert_int_eq(
		number(p, "SELECT count(*) FROM stage WHERE state<>'done'"), 0);
	protocol_free(p, "t.db");
	arena_release(&a);
	scratch_leave();
}
END_TEST

START_TEST(random_orders_lead_to_the_same_rows)
{
	struct arena a = { 0 };
	const char *text = random_sweep((unsigned)_i, &a);
	const char *wanted;
	struct protocol *p;

	scratch_enter();
	wanted = reference(text, &a, true);
	p = protocol_new("t.db", text, (unsigned)_i * 31 + 7);
	(void)train_some(p, INT32_MAX);
	ck_assert_msg(!strcmp(everything(p), wanted), "%s", text);
	protocol_free(p, "t.db");
	arena_release(&a);
	scratch_leave();
}
END_TEST

START_TEST(every_stage_follows_from_rows_alone)
{
	struct arena a = { 0 };
	const char *text = random_sweep((unsigned)_i, &a);
	const char *wanted;
	struct protocol *p;

	scratch_enter();
	wanted = reference(text, &a, true);
	p = protocol_new("t.db", text, (unsigned)_i * 17 + 3);
	/* all that is not rows is forgotten again and again */
	for (int round = 0; train_some(p, 1 + (_i + round) % 40); round++)
		plan(p, text, true);
	plan(p, text, true);
	ck_assert_int_eq(p->n, 0);
	ck_assert_msg(!strcmp(everything(p), wanted), "%s", text);
	protocol_free(p, "t.db");
	arena_release(&a);
	scratch_leave();
}
END_TEST

START_TEST(rows_beyond_a_rung_never_change_a_decision)
{
	struct arena a = { 0 };
	const char *text = random_sweep((unsigned)_i, &a);
	const char *wanted;
	struct protocol *p;

	scratch_enter();
	wanted = reference(text, &a, false);
	p = protocol_new("t.db", text, (unsigned)_i + 5);
	plan(p, text, false);
	(void)train_some(p, INT32_MAX);
	/* now all rows are there, to the last epoch of those that should stop */
	plan(p, text, true);
	(void)train_some(p, INT32_MAX);
	ck_assert_msg(!strcmp(decisions(p), wanted), "%s", text);
	/* and however good the stopped ones would have become */
	(void)dump(p,
		"UPDATE score SET delta_m=-1e6 WHERE epoch > (SELECT max(CASE m.state "
		"WHEN 'stopped' THEN m.target ELSE 1000 END) FROM stage_job m WHERE "
		"m.job=score.job)");
	plan(p, text, true);
	(void)train_some(p, INT32_MAX);
	ck_assert_msg(!strcmp(decisions(p), wanted), "%s", text);
	protocol_free(p, "t.db");
	arena_release(&a);
	scratch_leave();
}
END_TEST

START_TEST(the_random_sweeps_search_prune_and_diverge)
{
	int64_t stops = 0;
	int64_t refined = 0;
	int64_t diverged = 0;

	scratch_enter();
	for (unsigned i = 0; i < SWEEPS; i++) {
		struct arena a = { 0 };
		struct protocol *p = protocol_new("t.db", random_sweep(i, &a), 0);

		(void)train_some(p, INT32_MAX);
		stops += number(p, "SELECT count(*) FROM decision WHERE kind='stop'");
		refined += number(p, "SELECT count(*) FROM stage WHERE phase='refine'");
		diverged +=
			number(p, "SELECT count(*) FROM job WHERE outcome='diverged'");
		protocol_free(p, "t.db");
		arena_release(&a);
	}
	ck_assert_int_gt(stops, 100);
	ck_assert_int_ge(refined, 3);
	ck_assert_int_gt(diverged, 5);
	scratch_leave();
}
END_TEST

Suite *suite_property(void);
Suite *suite_property(void)
{
	Suite *s = suite_create("property");
	TCase *c = tcase_create("property");

	tcase_set_timeout(c, 120);
	tcase_add_loop_test(c, no_job_is_planned_or_trained_twice, 0, SWEEPS);
	tcase_add_loop_test(c, random_orders_lead_to_the_same_rows, 0, SWEEPS);
	tcase_add_loop_test(c, every_stage_follows_from_rows_alone, 0, SWEEPS);
	tcase_add_loop_test(c, rows_beyond_a_rung_never_change_a_decision, 0, SWEEPS);
	tcase_add_test(c, the_random_sweeps_search_prune_and_diverge);
	suite_add_tcase(s, c);
	return s;
}
