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
#include "tests/lib/pace.h"
#include "tests/lib/played.h"
#include "tests/lib/scratch.h"

enum { SWEEPS = 16 };

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

/* A number in [0,1) that depends on nothing but its arguments. */
static double noise(int64_t job, int epoch, int split)
{
	uint64_t x =
		(uint64_t)job + (uint64_t)(epoch * 4 + split) * 0x9e3779b97f4a7c15U;

	x = (x ^ x >> 31) * 0xd6e8feb86659fd93U;
	x = (x ^ x >> 31) * 0xd6e8feb86659fd93U;
	return (double)(x >> 11) * 0x1p-53;
}

/* One job in thirty leaves the finite numbers; final seeds and baselines do not. */
static bool diverges(const struct played_job *j, int epoch)
{
	return !*j->own && j->seed < FINAL_SEED && noise(j->id, 0, 3) < 1.0 / 30 &&
		epoch == 1 + (int)(noise(j->id, 0, 2) * 5);
}

/* A job has its own level; curves cross. */
static double figure(const struct played_job *j, const char *task, int epoch, bool test)
{
	(void)task;
	if (diverges(j, epoch))
		return (double)NAN;
	return 1 + noise(j->id, 0, 0) + 0.6 * noise(j->id, epoch, test) + 2.0 / epoch;
}

/* In the order of chance; 0: first come, first served. */
static struct played *play(const char *db, const char *text, unsigned random)
{
	struct played *p = played_new(db, text, true, figure);

	p->order = random ? PLAYED_SHUFFLED : PLAYED_FIRST;
	p->random = random;
	return p;
}

static void end(struct played *p, const char *db)
{
	played_free(p);
	remove(db);
}

static const char *decisions(struct played *p)
{
	return played_dump(
		p, "SELECT * FROM decision ORDER BY stage, kind, epoch, config");
}

/* The sweep trained first come, first served: what the others are held against. */
static const char *reference(const char *text, struct arena *a, bool all)
{
	struct played *p = play("reference.db", text, 0);
	const char *is;

	(void)played_some(p, INT32_MAX);
	is = arena_strdup(a, all ? played_rows(p) : decisions(p));
	end(p, "reference.db");
	return is;
}

START_TEST(no_job_is_planned_or_trained_twice)
{
	struct arena a = { 0 };
	struct played *p;

	scratch_enter();
	p = play("t.db", random_sweep((unsigned)_i, &a), (unsigned)_i + 1);
	(void)played_some(p, INT32_MAX);
	ck_assert_int_eq(p->trained,
		(int64_t)played_number(p, "SELECT sum(epochs_done) FROM job"));
	ck_assert_int_eq((int64_t)played_number(p,
				 "SELECT count(*) FROM (SELECT 1 FROM job GROUP BY "
				 "identity HAVING count(*)>1)"),
		0);
	/* in a stage a configuration has every seed once, and no two share a job */
	ck_assert_int_eq((int64_t)played_number(p,
				 "SELECT count(*) FROM (SELECT 1 FROM stage_job m JOIN "
				 "job j ON j.id=m.job GROUP BY stage, config, seed "
				 "HAVING count(*)>1)"),
		0);
	/* nor do two parameter lists lead to different jobs while being equal */
	ck_assert_int_eq((int64_t)played_number(p,
				 "SELECT count(*) FROM (SELECT list FROM (SELECT job, "
				 "group_concat(name || '=' || value, ';') AS list FROM "
				 "(SELECT * FROM job_param ORDER BY job, name) GROUP "
				 "BY job) GROUP BY list HAVING count(*)>1)"),
		0);
	ck_assert_int_eq((int64_t)played_number(
				 p, "SELECT count(*) FROM stage WHERE state<>'done'"),
		0);
	end(p, "t.db");
	arena_release(&a);
	scratch_leave();
}
END_TEST

START_TEST(random_orders_lead_to_the_same_rows)
{
	struct arena a = { 0 };
	const char *text = random_sweep((unsigned)_i, &a);
	const char *wanted;
	struct played *p;

	scratch_enter();
	wanted = reference(text, &a, true);
	p = play("t.db", text, (unsigned)_i * 31 + 7);
	(void)played_some(p, INT32_MAX);
	ck_assert_msg(!strcmp(played_rows(p), wanted), "%s", text);
	end(p, "t.db");
	arena_release(&a);
	scratch_leave();
}
END_TEST

START_TEST(every_stage_follows_from_rows_alone)
{
	struct arena a = { 0 };
	const char *text = random_sweep((unsigned)_i, &a);
	const char *wanted;
	struct played *p;

	scratch_enter();
	wanted = reference(text, &a, true);
	p = play("t.db", text, (unsigned)_i * 17 + 3);
	/* all that is not rows is forgotten again and again */
	for (int round = 0; played_some(p, 1 + (_i + round) % 40); round++)
		played_plan(p, text, true);
	played_plan(p, text, true);
	ck_assert_int_eq(played_waiting(p), 0);
	ck_assert_msg(!strcmp(played_rows(p), wanted), "%s", text);
	end(p, "t.db");
	arena_release(&a);
	scratch_leave();
}
END_TEST

START_TEST(rows_beyond_a_rung_never_change_a_decision)
{
	struct arena a = { 0 };
	const char *text = random_sweep((unsigned)_i, &a);
	const char *wanted;
	struct played *p;

	scratch_enter();
	wanted = reference(text, &a, false);
	p = play("t.db", text, (unsigned)_i + 5);
	played_plan(p, text, false);
	(void)played_some(p, INT32_MAX);
	/* now all rows are there, to the last epoch of those that should stop */
	played_plan(p, text, true);
	(void)played_some(p, INT32_MAX);
	ck_assert_msg(!strcmp(decisions(p), wanted), "%s", text);
	/* and however good the stopped ones would have become */
	(void)played_dump(p,
		"UPDATE score SET delta_m=-1e6 WHERE epoch > (SELECT max(CASE m.state "
		"WHEN 'stopped' THEN m.target ELSE 1000 END) FROM stage_job m WHERE "
		"m.job=score.job)");
	played_plan(p, text, true);
	(void)played_some(p, INT32_MAX);
	ck_assert_msg(!strcmp(decisions(p), wanted), "%s", text);
	end(p, "t.db");
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
		struct played *p = play("t.db", random_sweep(i, &a), 0);

		(void)played_some(p, INT32_MAX);
		stops += (int64_t)played_number(
			p, "SELECT count(*) FROM decision WHERE kind='stop'");
		refined += (int64_t)played_number(
			p, "SELECT count(*) FROM stage WHERE phase='refine'");
		diverged += (int64_t)played_number(
			p, "SELECT count(*) FROM job WHERE outcome='diverged'");
		end(p, "t.db");
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

	tcase_add_loop_test(c, no_job_is_planned_or_trained_twice, 0, pace(SWEEPS, 4));
	tcase_add_loop_test(c, random_orders_lead_to_the_same_rows, 0, pace(SWEEPS, 4));
	tcase_add_loop_test(c, every_stage_follows_from_rows_alone, 0, pace(SWEEPS, 4));
	tcase_add_loop_test(
		c, rows_beyond_a_rung_never_change_a_decision, 0, pace(SWEEPS, 4));
	tcase_add_test(c, the_random_sweeps_search_prune_and_diverge);
	suite_add_tcase(s, c);
	return s;
}
