/*
 * What reads results must not slow down with the rows that it does not need: the query
 * plans of every view and every question, on a generated database of real sweeps.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "bench/generate.h"
#include "common/store/store_open.h"
#include "common/store/store_query.h"
#include "tests/lib/scratch.h"

static struct store store;
static struct arena arena;

/* Once for all tests of the case. */
static void generate(void)
{
	struct err e = { 0 };
	int64_t made;

	scratch_enter();
	ck_assert_msg(
		generate_database(100000, 0, "g.db", &made, &e) == OK, "%s", e.msg);
	ck_assert_int_ge(made, 100000);
}

static void forget(void)
{
	scratch_leave();
}

static void set_up(void)
{
	struct err e = { 0 };

	ck_assert_msg(store_open(&store, "g.db", STORE_READER, &e) == OK, "%s", e.msg);
}

static void tear_down(void)
{
	store_close(&store);
	arena_release(&arena);
}

/* The steps of a plan, one a line. */
static const char *plan_of(const char *sql)
{
	struct str out = { .arena = &arena };
	struct err e = { 0 };
	struct rows r = rows_open_query(
		&store, arena_printf(&arena, "EXPLAIN QUERY PLAN %s", sql), &e);

	while (rows_next(&r)) {
		for (int i = 0; i < 3; i++)
			(void)rows_int(&r);
		str_printf(&out, "%s\n", rows_text(&r));
	}
	ck_assert_msg(rows_close(&r) == OK, "%s: %s", sql, e.msg);
	return str_get(&out);
}

/* Whether the b-tree with this root belongs to a table with a row an epoch. */
static bool is_large(int64_t root)
{
	struct err e = { 0 };
	struct rows r = rows_open_sql(&store,
		"SELECT 1 FROM sqlite_schema WHERE rootpage=? AND tbl_name IN "
		"('metric', 'score', 'task_weight')",
		ARGS(INT(root)), &e);
	bool large = rows_next(&r);

	ck_assert_int_eq(rows_close(&r), OK);
	return large;
}

/*
 * A walk over a whole b-tree begins with Rewind or Last of its cursor, whatever name the
 * query has for the table; a search does not.
 */
static void walks_no_large_table(const char *sql)
{
	enum { CURSORS = 512 };
	bool large[CURSORS] = { false };
	struct err e = { 0 };
	struct rows r =
		rows_open_query(&store, arena_printf(&arena, "EXPLAIN %s", sql), &e);

	while (rows_next(&r)) {
		int64_t p[3]; /* operands of an instruction */
		const char *opcode;

		(void)rows_int(&r);
		opcode = rows_text(&r);
		for (int i = 0; i < 3; i++)
			p[i] = rows_int64(&r);
		while (r.at < r.columns)
			(void)rows_text(&r);
		if (!strcmp(opcode, "OpenRead")) {
			ck_assert_int_lt(p[0], CURSORS);
			large[p[0]] = is_large(p[1]);
		}
		ck_assert_msg((strcmp(opcode, "Rewind") != 0 &&
				      strcmp(opcode, "Last") != 0) ||
				!large[p[0]],
			"%s:\n%s", sql, plan_of(sql));
	}
	ck_assert_msg(rows_close(&r) == OK, "%s: %s", sql, e.msg);
}

/* Each row of a name query, kept. */
static int names(const char *sql, const char *out[64])
{
	struct err e = { 0 };
	struct rows r = rows_open_query(&store, sql, &e);
	int n = 0;

	while (rows_next(&r))
		out[n++] = rows_copy(&r, &arena);
	ck_assert_int_eq(rows_close(&r), OK);
	return n;
}

START_TEST(no_view_walks_a_table_with_a_row_an_epoch)
{
	const char *view[64];
	int n = names("SELECT name FROM sqlite_schema WHERE type='view'", view);

	ck_assert_int_ge(n, 12);
	for (int i = 0; i < n; i++) {
		if (!strcmp(view[i], "delta_m")) /* it is the table score */
			continue;
		walks_no_large_table(arena_printf(&arena, "SELECT * FROM %s", view[i]));
		walks_no_large_table(arena_printf(
			&arena, "SELECT * FROM %s WHERE sweep='generated-1'", view[i]));
	}
}
END_TEST

/* A plan does not need their values: ? and ?2 become 1. */
static const char *without_parameters(const char *sql)
{
	char *text = arena_strdup(&arena, sql);

	for (char *at = text; (at = strchr(at, '?')) != NULL; at++) {
		*at = '1';
		if (at[1] >= '1' && at[1] <= '9')
			at[1] = ' ';
	}
	return text;
}

#define S(id, sql) { #id, sql },
static const struct {
	const char *id, *sql;
} statements[] = {
#include "common/store/statements.def"
};
#undef S

START_TEST(no_question_of_a_report_walks_them_either)
{
	int asked = 0;

	for (int i = 0; i < COUNT(statements); i++) {
		if (strncmp(statements[i].id, "QUERY_", 6) != 0)
			continue;
		asked++;
		walks_no_large_table(without_parameters(statements[i].sql));
	}
	ck_assert_int_ge(asked, 10);
}
END_TEST

START_TEST(a_condition_on_the_sweep_reaches_the_tables)
{
	static const char *const view[] = { "configuration", "temperature_curve",
		"lr_sensitivity", "progress", "decisions", "failures", "job_result" };

	for (int i = 0; i < COUNT(view); i++) {
		const char *plan = plan_of(arena_printf(
			&arena, "SELECT * FROM %s WHERE sweep='generated-1'", view[i]));

		ck_assert_msg(strstr(plan, "SEARCH w USING") != NULL, "%s:\n%s",
			view[i], plan);
	}
}
END_TEST

START_TEST(the_best_epoch_of_a_job_is_one_step)
{
	static const char *const view[] = { "job_result", "best_epoch", "benchmark" };

	for (int i = 0; i < COUNT(view); i++)
		ck_assert_ptr_nonnull(strstr(
			plan_of(arena_printf(&arena, "SELECT * FROM %s", view[i])),
			"SEARCH c USING COVERING INDEX score_best (sweep=? AND "
			"job=?)"));
}
END_TEST

/* Memberships lie by stage and configuration: the loops bring the groups in order. */
START_TEST(configurations_are_grouped_without_a_sort)
{
	const char *plan = plan_of("SELECT * FROM configuration");

	ck_assert_ptr_nonnull(strstr(plan, "SEARCH m USING PRIMARY KEY (stage=?)"));
	ck_assert_msg(strstr(plan, "TEMP B-TREE") == NULL, "%s", plan);
}
END_TEST

/* Every turn asks it, lane by lane. */
START_TEST(the_first_pending_job_of_a_lane_is_one_step)
{
	const char *plan =
		plan_of(without_parameters(statements[STMT_MEMBER_PENDING].sql));

	ck_assert_msg(
		strstr(plan, "stage_job_by_state (state=? AND stage>? AND stage<?)") !=
			NULL,
		"%s", plan);
	ck_assert_msg(strstr(plan, "ORDER BY") == NULL, "%s", plan);
}
END_TEST

START_TEST(a_generated_database_is_the_same_every_time)
{
	static const char sum[] =
		"SELECT total(value*epoch) || ' ' || count(*) FROM metric";
	struct err e = { 0 };
	const char *here[64];
	const char *there[64];
	int64_t made;

	ck_assert_int_eq(generate_database(100000, 0, "h.db", &made, &e), OK);
	ck_assert_int_eq(names(sum, here), 1);
	store_close(&store);
	ck_assert_int_eq(store_open(&store, "h.db", STORE_READER, &e), OK);
	ck_assert_int_eq(names(sum, there), 1);
	ck_assert_str_eq(here[0], there[0]);
	ck_assert_int_eq(generate_database(1, 0, "h.db", &made, &e), ERR_USAGE);
}
END_TEST

Suite *suite_scale(void);
Suite *suite_scale(void)
{
	Suite *s = suite_create("scale");
	TCase *c = tcase_create("scale");

	tcase_add_unchecked_fixture(c, generate, forget);
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, no_view_walks_a_table_with_a_row_an_epoch);
	tcase_add_test(c, no_question_of_a_report_walks_them_either);
	tcase_add_test(c, a_condition_on_the_sweep_reaches_the_tables);
	tcase_add_test(c, the_best_epoch_of_a_job_is_one_step);
	tcase_add_test(c, configurations_are_grouped_without_a_sort);
	tcase_add_test(c, the_first_pending_job_of_a_lane_is_one_step);
	tcase_add_test(c, a_generated_database_is_the_same_every_time);
	suite_add_tcase(s, c);
	return s;
}
