#include <check.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/store/run_name.h"
#include "common/store/store_open.h"
#include "common/store/store_query.h"
#include "common/store/transaction.h"
#include "orchestrator/report/benchmark.h"
#include "orchestrator/cli/cli.h"
#include "orchestrator/print/report.h"
#include "orchestrator/print/shape.h"
#include "orchestrator/stats/stats.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_db.h"

static struct arena arena;
static struct store store;
static struct store toys;

static void set_up(void)
{
	struct err e = { 0 };

	scratch_enter();
	small_db_make("small.db");
	ck_assert_msg(
		store_open(&store, "small.db", STORE_READER, &e) == OK, "%s", e.msg);
	toy_db_make("toy.db");
	ck_assert_msg(store_open(&toys, "toy.db", STORE_QUERY, &e) == OK, "%s", e.msg);
}

static void tear_down(void)
{
	store_close(&store);
	store_close(&toys);
	arena_release(&arena);
	scratch_leave();
}

static const struct {
	const char *name;
	void (*render)(const struct report *r, struct str *out);
} formats[] = {
#define REPORT(name, summary) { #name, report_##name },
#include "orchestrator/print/report.def"
#undef REPORT
};

static struct query_sweep sweep_named(const char *name)
{
	struct query_sweep *sweeps;
	int n;

	ck_assert_int_eq(query_sweeps(&store, &arena, &sweeps, &n, NULL), OK);
	for (int i = 0; i < n; i++)
		if (!strcmp(sweeps[i].name, name))
			return sweeps[i];
	ck_abort_msg("no sweep %s", name);
}

static struct report report_of(const char *sweep, struct benchmark_view view)
{
	struct report r = { .arena = &arena };
	struct query_sweep *w = NEW(&arena, struct query_sweep);
	struct err e = { 0 };

	*w = sweep_named(sweep);
	ck_assert_msg(benchmark_report(&store, w, &view, &r, &e) == OK, "%s", e.msg);
	return r;
}

static const char *rendered(
	const struct report *r, void (*render)(const struct report *r, struct str *out))
{
	struct str *out = NEW(&arena, struct str);

	out->arena = &arena;
	render(r, out);
	return str_get(out);
}

static const char *text_of(const char *sweep, struct benchmark_view view)
{
	struct report r = report_of(sweep, view);

	return rendered(&r, report_text);
}

static void expect_file(const char *got, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "tests/fixtures/report/%s", name);
	ck_assert_str_eq(got, source_text(path));
}

START_TEST(every_format_prints_the_benchmark_to_the_letter)
{
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct report r = report_of("small", (struct benchmark_view){ 0 });
		char name[64];

		snprintf(name, sizeof(name), "small.%s", formats[i].name);
		expect_file(rendered(&r, formats[i].render), name);
	}
}
END_TEST

START_TEST(a_job_is_called_what_its_row_in_the_views_is)
{
	char name[RUN_NAME_MAX];
	struct store s;
	struct err e = { 0 };

	ck_assert_str_eq(store_run_name(&store, 412, name),
		"scalarization lr 0.003 weights 0.3 0.7 seed 1001");
	ck_assert_str_eq(store_run_name(&store, 9999, name), "a run");
	ck_assert_msg(
		store_open(&s, "small.db", STORE_ORCHESTRATOR, &e) == OK, "%s", e.msg);
	ck_assert_int_eq(store_begin(&s, NULL), OK);
	ck_assert_int_eq(
		store_run(&s, STMT_SWEEP_CLEAR_MEMBER, ARGS(INT(1)), NULL), OK);
	ck_assert_str_eq(store_run_name(&s, 412, name),
		"scalarization lr 0.003 weights 0.3 0.7 seed 1001");
	store_rollback(&s);
	store_close(&s);
}
END_TEST

START_TEST(an_unfinished_sweep_says_so)
{
	expect_file(text_of("fixed", (struct benchmark_view){ 0 }), "fixed.text");
}
END_TEST

START_TEST(validation_rows_give_the_validation_table)
{
	expect_file(text_of("small", (struct benchmark_view){ .split = "val" }),
		"small.val.text");
	expect_file(text_of("fixed", (struct benchmark_view){ .split = "val" }),
		"fixed.val.text");
}
END_TEST

START_TEST(what_training_costs_is_shown_on_request)
{
	static const char used[] =
		"UPDATE attempt SET cpu_seconds = 0.75 * seconds, peak_bytes = 1048576 * "
		"(20 + job / 100) WHERE outcome = 'done' AND job < 400;"
		"UPDATE attempt SET cpu_seconds = 30 WHERE job = 201";
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open("small.db", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, used, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	expect_file(text_of("small", (struct benchmark_view){ .cost = true }),
		"small.cost.text");
}
END_TEST

START_TEST(digits_and_deviations_are_what_was_asked_for)
{
	static const char *const bad[] = { "-1", "16", "x", "1.5" };

	expect_file(
		text_of("small",
			(struct benchmark_view){ .digits = "2", .std = "criteria" }),
		"small.digits.text");
	for (int i = 0; i < COUNT(bad); i++) {
		struct report r = { .arena = &arena };
		struct query_sweep w = sweep_named("small");
		struct benchmark_view view = { .digits = bad[i] };
		struct err e = { 0 };

		ck_assert_int_eq(
			benchmark_report(&store, &w, &view, &r, &e), ERR_USAGE);
	}
}
END_TEST

static struct report with_columns(
	const char *columns, struct benchmark_view view, struct err *e)
{
	struct report r = report_of("small", view);

	(void)(shape_columns(&r, columns, e) == OK);
	return r;
}

START_TEST(columns_are_those_that_are_named_in_that_order)
{
	static const char names[] = "label,delta_m,reg1/abs_err_std,lr";
	struct err e = { 0 };
	struct report r =
		with_columns(names, (struct benchmark_view){ .std = "none" }, &e);

	expect_file(rendered(&r, report_text), "small.columns.text");
	r = with_columns(names, (struct benchmark_view){ 0 }, &e);
	expect_file(rendered(&r, report_csv), "small.columns.csv");
	with_columns("label,delta", (struct benchmark_view){ 0 }, &e);
	ck_assert_str_eq(
		e.msg, "--columns: no column \"delta\"; did you mean \"delta_m\"?");
	with_columns("lr,,wd", (struct benchmark_view){ 0 }, &e);
	ck_assert_ptr_nonnull(strstr(e.msg, "no column \"\"; there are sweep variant"));
}
END_TEST

/* Two blocks of the same columns, the second headed by the name of its variant. */
static struct report two_blocks(void)
{
	struct report r = { .arena = &arena };
	static const char *const variant[] = { "adam", "sgd 0.5" };

	r.title = "two";
	for (int i = 0; i < 2; i++) {
		struct report_table *t = report_table(&r, variant[i]);

		table_column(t, "variant", "")->audience = FOR_PROGRAMS;
		table_column(t, "label", "Method");
		for (int row = 0; row < 2; row++) {
			table_text(t, variant[i]);
			table_text(t, row ? "UW" : "EW");
		}
	}
	return r;
}

START_TEST(variants_are_stacked_on_request)
{
	struct report r = two_blocks();

	shape_stack(&r);
	ck_assert_int_eq(r.tables, 1);
	ck_assert_str_eq(rendered(&r, report_text),
		"two\n\nVariant  Method\n-------  ------\nadam     EW\n         UW\n"
		"sgd 0.5  EW\n         UW\n");
	ck_assert_str_eq(rendered(&r, report_csv),
		"variant,label\nadam,EW\nadam,UW\nsgd 0.5,EW\nsgd 0.5,UW\n");
	ck_assert_ptr_nonnull(strstr(rendered(&r, report_latex),
		"\\label{tab:two}\n\\begin{tabular}{ll}\n"));
	ck_assert_ptr_nonnull(strstr(rendered(&r, report_latex),
		" & UW \\\\\n\\midrule\nsgd 0.5 & EW \\\\\n"));
	r = two_blocks();
	table_column(&r.table[1], "gain", "gain");
	r.table[1].cells = 0;
	shape_stack(&r);
	ck_assert_int_eq(r.tables, 2);
	r = two_blocks();
	ck_assert_ptr_nonnull(
		strstr(rendered(&r, report_latex), "\\label{tab:two:sgd-0-5}\n"));
}
END_TEST

static int widest_before(const char *text, const char *end)
{
	int width = 0;
	int most = 0;

	for (; text < end; text++) {
		width = *text == '\n' ? 0 : width + ((*text & 0xc0) != 0x80);
		most = width > most ? width : most;
	}
	return most;
}

START_TEST(a_narrow_terminal_gets_fewer_columns_and_is_told)
{
	struct report r = report_of("small", (struct benchmark_view){ .cost = true });

	for (r.width = 60; r.width <= 120; r.width += 20) {
		const char *text = rendered(&r, report_text);
		const char *left = strstr(text, "\nLeft out of ");

		ck_assert_ptr_nonnull(left);
		ck_assert_int_le(widest_before(text, left), r.width);
		ck_assert_ptr_nonnull(strstr(text, "Δm [%] ↓\n"));
		ck_assert_ptr_nonnull(strstr(left, "columns: epoch, tried"));
	}
	r.width = 200;
	ck_assert_ptr_null(strstr(rendered(&r, report_text), "Left out"));
}
END_TEST

START_TEST(a_wide_table_shrinks_to_the_line_in_latex)
{
	struct report r = report_of("small", (struct benchmark_view){ .cost = true });
	struct err e = { 0 };
	const char *text = rendered(&r, report_latex);

	ck_assert_ptr_nonnull(strstr(text, "booktabs,graphicx}"));
	ck_assert_ptr_nonnull(strstr(text, "\n\\resizebox{\\ifdim\\width>\\textwidth"));
	ck_assert_ptr_nonnull(strstr(text, "\\end{tabular}}\n"));
	ck_assert_ptr_nonnull(
		strstr(text, "\\shortstack[r]{Abs.\\\\err. $\\downarrow$}"));
	r = with_columns("label,delta_m", (struct benchmark_view){ 0 }, &e);
	text = rendered(&r, report_latex);
	ck_assert_ptr_null(strstr(text, "resizebox"));
	ck_assert_ptr_nonnull(strstr(text, "\\usepackage{booktabs}\n"));
}
END_TEST

START_TEST(the_front_takes_the_criteria_that_it_is_given)
{
	expect_file(text_of("small", (struct benchmark_view){ .front = true }),
		"pareto.text");
	expect_file(text_of("small",
			    (struct benchmark_view){
				    .front = true, .criteria = "reg1/abs_err" }),
		"pareto.error.text");
}
END_TEST

START_TEST(an_unknown_criterion_is_refused_with_the_nearest)
{
	struct report r = { .arena = &arena };
	struct query_sweep w = sweep_named("small");
	struct err e = { 0 };

	ck_assert_int_eq(
		benchmark_report(&store, &w,
			&(struct benchmark_view){ .criteria = "cls1/acuracy" }, &r, &e),
		ERR_USAGE);
	ck_assert_str_eq(e.msg,
		"no criterion \"cls1/acuracy\"; did you mean \"cls1/accuracy\"?");
}
END_TEST

START_TEST(a_terminal_gets_bold_and_underlined)
{
	struct report r = report_of("small", (struct benchmark_view){ 0 });

	r.terminal = true;
	ck_assert_ptr_nonnull(
		strstr(rendered(&r, report_text), "\033[1m-4.6 ± 2.3\033[0m\n"));
	ck_assert_ptr_null(strstr(rendered(&r, report_text), "*"));
}
END_TEST

START_TEST(nothing_yet_is_a_table_too)
{
	struct store empty;
	struct report r = { .arena = &arena };
	struct query_sweep w = { 7, "none", "{}", true, false, "open", NULL, false, "",
		false };
	struct err e = { 0 };

	ck_assert_int_eq(store_open(&empty, "empty.db", STORE_ORCHESTRATOR, &e), OK);
	ck_assert_int_eq(benchmark_report(&empty, &w,
				 &(struct benchmark_view){ .front = true }, &r, &e),
		OK);
	store_close(&empty);
	ck_assert_str_eq(rendered(&r, report_text),
		"none\nThe sweep has not finished: 0 of 0 jobs planned so far have "
		"ended.\nThere are no results yet.\n");
	ck_assert_str_eq(rendered(&r, report_json), "[]\n");
	ck_assert_str_eq(rendered(&r, report_csv), "");
}
END_TEST

/* A report of one cell that holds every character that some format minds. */
static struct report awkward(void)
{
	struct report r = { .arena = &arena, .title = "a_b" };
	struct report_table *t = report_table(&r, NULL);

	table_column(t, "x,y", "50% & $1");
	table_text(t, "\\{}#^~<\"|>_*\nλ");
	return r;
}

START_TEST(special_characters_are_escaped)
{
	struct report r = awkward();

	ck_assert_ptr_nonnull(strstr(rendered(&r, report_latex),
		"50\\% \\& \\$1 "
		"\\\\\n\\midrule\n\\textbackslash{}\\{\\}\\#\\textasciicircum{}"
		"\\textasciitilde{}\\textless{}\\textquotedblright{}\\textbar{}"
		"\\textgreater{}\\_* $\\lambda$ "
		"\\\\\n"));
	ck_assert_ptr_nonnull(strstr(rendered(&r, report_latex), "\\caption{a\\_b}"));
	ck_assert_str_eq(
		rendered(&r, report_csv), "\"x,y\"\n\"\\{}#^~<\"\"|>_*\nλ\"\n");
	ck_assert_str_eq(rendered(&r, report_json),
		"[\n{\"x,y\":\"\\\\{}#^~<\\\"|>_*\\u000aλ\"}\n]\n");
	ck_assert_ptr_nonnull(strstr(
		rendered(&r, report_html), "<td>\\{}#^~&lt;&quot;|&gt;_* λ</td>"));
	ck_assert_ptr_nonnull(strstr(
		rendered(&r, report_markdown), "| \\\\{}#^\\~\\<\"\\|\\>\\_\\* λ |\n"));
}
END_TEST

static struct report one_label(const char *label)
{
	struct report r = { .arena = &arena };
	struct report_table *t = report_table(&r, NULL);

	table_column(t, "a", "a");
	table_column(t, "b", "b");
	table_text(t, label);
	table_text(t, "|");
	return r;
}

static void renders(void (*format)(const struct report *r, struct str *out),
	const char *label, const char *as)
{
	struct report r = one_label(label);
	const char *text = rendered(&r, format);

	ck_assert_msg(strstr(text, as) != NULL, "no \"%s\" in:\n%s", as, text);
}

/* Two dashes, quotes or commas make one sign in LaTeX, $ mathematics on GitHub. */
START_TEST(labels_come_out_as_they_were_written)
{
	renders(report_latex, "a|b --lr 1 ``q'' ,,x -1",
		"\na\\textbar{}b -{}-lr 1 \\textasciigrave{}\\textasciigrave{}q{'}{'} "
		",{},x -1 & \\textbar{} ");
	renders(report_latex, "--- 中 é ą σ²",
		"\n-{}-{}- U+4E2D é U+0105 $\\sigma$$^2$ &");
	renders(report_markdown, "$a$ ~~b~~ &lt;",
		"| \\$a\\$ \\~\\~b\\~\\~ \\&lt; | \\| |");
	renders(report_html, "'&<", "<td>&#39;&amp;&lt;</td>");
	renders(report_csv, "=1+2", "a,b\n'=1+2,|\n");
	renders(report_csv, "@x", "\n'@x,|\n");
	renders(report_text, "\033[2Ja\302\205b", "\n [2Ja b  |\n");
	renders(report_json, "\033a", "\"a\":\"\\u001ba\"");
}
END_TEST

START_TEST(columns_are_as_wide_as_a_terminal_shows_them)
{
	renders(report_text, "中文", "a     b\n----  -\n中文  |\n");
	renders(report_text, "e\u0301e", "a   b\n--  -\ne\u0301e  |\n");
}
END_TEST

/* Digits that mean something, and what every format takes as a number. */
START_TEST(huge_tiny_and_infinite_figures_are_valid_in_every_format)
{
	ck_assert_str_eq(report_fixed(&arena, 1.98383316e61, 1), "1.98e+61");
	ck_assert_str_eq(report_fixed(&arena, -12345678, 1), "-1.23e+07");
	ck_assert_str_eq(report_fixed(&arena, 9999999, 1), "9999999.0");
	ck_assert_str_eq(report_fixed(&arena, 3e-12, 8), "3e-12");
	ck_assert_str_eq(report_fixed(&arena, -0.04, 1), "0.0");
	for (int i = 0; i < 2; i++) {
		struct report r = { .arena = &arena };
		struct err e = { 0 };

		ck_assert_int_eq(
			report_query(&r, &store,
				i ? "SELECT -9e999 AS x" : "SELECT 9e999 AS x", &e),
			OK);
		ck_assert_str_eq(rendered(&r, report_json),
			i ? "[\n{\"x\":-9e999}\n]\n" : "[\n{\"x\":9e999}\n]\n");
		ck_assert_str_eq(
			rendered(&r, report_csv), i ? "x\n-Inf\n" : "x\nInf\n");
	}
}
END_TEST

START_TEST(blocks_with_other_columns_get_their_own_csv_header)
{
	struct report r = { .arena = &arena };

	for (int i = 0; i < 3; i++) {
		struct report_table *t = report_table(&r, NULL);

		table_column(t, i < 2 ? "a" : "b", "");
		table_number(t, i, NULL);
	}
	ck_assert_str_eq(rendered(&r, report_csv), "a\n0\n1\n\nb\n2\n");
}
END_TEST

START_TEST(text_can_do_with_ascii_alone)
{
	struct report r = { .arena = &arena, .title = "Δ", .ascii = true };
	struct report_table *t = report_table(&r, "σ²");

	table_column(t, "a", "Δm [%]")->arrow = -1;
	table_column(t, "b", "b");
	table_text(t, "5.1 ± 0.6 †")->mark = MARK_BEST;
	table_text(t, "Zoë");
	report_note(&r, "32 ° … 64");
	ck_assert_str_eq(rendered(&r, report_text),
		"Delta_\n\nsigma^2\nDelta_m [%] v   b\n--------------  ---\n"
		"*5.1 +- 0.6 +*  Zo?\n\n32 deg ... 64\n");
	ck_assert_ptr_nonnull(strstr(rendered(&r, report_markdown), "5.1 ± 0.6 †"));
}
END_TEST

START_TEST(the_baseline_is_never_the_best)
{
	struct report r = report_of("small", (struct benchmark_view){ 0 });
	const struct report_table *t = &r.table[0];

	for (int i = 0; i < t->columns; i++)
		ck_assert_int_eq(table_at(t, 0, i)->mark, MARK_NONE);
}
END_TEST

/* The table of a copy of the database that `sql` has changed. */
static const char *text_after(const char *sql)
{
	struct report r = { .arena = &arena };
	struct query_sweep w = sweep_named("small");
	struct store changed;
	struct err e = { 0 };

	small_db_make("changed.db");
	ck_assert_int_eq(
		store_open(&changed, "changed.db", STORE_ORCHESTRATOR, &e), OK);
	ck_assert_int_eq(sqlite3_exec(changed.db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_msg(benchmark_report(&changed, &w, &(struct benchmark_view){ 0 }, &r,
			      &e) == OK,
		"%s", e.msg);
	store_close(&changed);
	return rendered(&r, report_text);
}

START_TEST(the_end_of_a_searched_range_is_marked)
{
	const char *text = text_after("DELETE FROM stage_job WHERE job = 203");

	ck_assert_ptr_nonnull(strstr(text, "_80.0_  0.003†   0"));
	ck_assert_ptr_nonnull(strstr(text, "\n† at the end of the values tried"));
	ck_assert_ptr_null(strstr(text, "T=10†"));
}
END_TEST

START_TEST(temperatures_that_change_nothing_are_warned_of)
{
	static const char warning[] = "Warning: every T of uw_so gave nearly uniform";

	ck_assert_ptr_nonnull(strstr(
		text_after(
			"DELETE FROM task_weight WHERE abs(weight_mean - 0.5) > 0.02"),
		warning));
	unlink("changed.db");
	ck_assert_ptr_null(strstr(text_after("SELECT 1"), warning));
}
END_TEST

START_TEST(equal_figures_share_the_mark)
{
	const char *text = text_after("UPDATE metric SET value = 0.45 WHERE name = "
				      "'abs_err' AND job IN (211, 212, 311, 312)");

	ck_assert_ptr_nonnull(strstr(text, "EW          *0.450*"));
	ck_assert_ptr_nonnull(strstr(text, "UW-SO       *0.450*"));
}
END_TEST

/* The text between two marks of the page; *at moves behind it. NULL at the end. */
static char *block(const char **at, const char *open)
{
	const char *begin = strstr(*at, open);
	const char *end = begin ? strstr(begin + 3, "```") : NULL;

	if (!end)
		return NULL;
	begin += strlen(open);
	*at = end + 3;
	return arena_strndup(&arena, begin, (size_t)(end - begin));
}

START_TEST(every_query_of_the_page_gives_its_answer)
{
	const char *at = source_text("docs/SQL.md");
	int n = 0;
	int headings = 0;
	char *sql;

	for (const char *h = at; (h = strstr(h, "\n## ")); h++)
		headings++;
	while ((sql = block(&at, "```sql\n"))) {
		struct report r = { .arena = &arena };
		struct err e = { 0 };
		char *answer = block(&at, "```text\n");

		ck_assert_ptr_nonnull(answer);
		ck_assert_msg(report_query(&r, strstr(sql, "toy_") ? &toys : &store,
				      sql, &e) == OK,
			"%s\n%s", sql, e.msg);
		ck_assert_str_eq(rendered(&r, report_text), answer);
		n++;
	}
	ck_assert_int_ge(n, 20);
	ck_assert_int_eq(n, headings);
}
END_TEST

START_TEST(the_view_of_the_front_agrees_with_the_pure_code)
{
	struct query_sweep w = sweep_named("small");
	struct query_figure *f;
	double points[3][2] = { { NAN } };
	static const bool higher[] = { false, true };
	static const char *const labels[] = { "ew", "uw_so", "scalarization" };
	bool keep[3];
	int n;

	ck_assert_int_eq(query_figures(&store, &w, &arena, &f, &n, NULL), OK);
	for (int i = 0; i < n; i++)
		for (int k = 0; k < 3; k++)
			if (!strcmp(f[i].label, labels[k]))
				points[k][f[i].higher] = f[i].value;
	stats_undominated(2, higher, 3, points[0], 3, points[0], keep);
	for (int i = 0; i < 3; i++) {
		const char *sql = arena_printf(&arena,
			"SELECT count(*) FROM pareto_front WHERE sweep='small' AND "
			"label='%s'",
			labels[i]);
		struct rows r = rows_open_query(&store, sql, NULL);

		ck_assert(rows_next(&r));
		ck_assert_int_eq(rows_int(&r), keep[i]);
		ck_assert_int_eq(rows_close(&r), OK);
	}
	ck_assert(!keep[0] && keep[1] && keep[2]);
}
END_TEST

START_TEST(the_option_lists_exactly_the_formats_there_are)
{
	static const struct {
		const char *name, *value;
	} flags[] = {
#define COMMAND(...)
#define FLAG(name, kind, value, help) { #name, value },
#include "orchestrator/cli/options.def"
#undef FLAG
#undef COMMAND
	};
	struct str names = { .arena = &arena };
	int f = 0;

	while (strcmp(flags[f].name, "format") != 0)
		f++;
	for (size_t i = 0; i < COUNT(formats); i++)
		str_printf(&names, "%s%s", i ? "|" : "", formats[i].name);
	ck_assert_str_eq(flags[f].value, str_get(&names));
}
END_TEST

Suite *suite_report(void);
Suite *suite_report(void)
{
	Suite *s = suite_create("report");
	TCase *tc = tcase_create("report");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, every_format_prints_the_benchmark_to_the_letter);
	tcase_add_test(tc, a_job_is_called_what_its_row_in_the_views_is);
	tcase_add_test(tc, an_unfinished_sweep_says_so);
	tcase_add_test(tc, validation_rows_give_the_validation_table);
	tcase_add_test(tc, what_training_costs_is_shown_on_request);
	tcase_add_test(tc, digits_and_deviations_are_what_was_asked_for);
	tcase_add_test(tc, columns_are_those_that_are_named_in_that_order);
	tcase_add_test(tc, variants_are_stacked_on_request);
	tcase_add_test(tc, a_narrow_terminal_gets_fewer_columns_and_is_told);
	tcase_add_test(tc, a_wide_table_shrinks_to_the_line_in_latex);
	tcase_add_test(tc, the_front_takes_the_criteria_that_it_is_given);
	tcase_add_test(tc, an_unknown_criterion_is_refused_with_the_nearest);
	tcase_add_test(tc, a_terminal_gets_bold_and_underlined);
	tcase_add_test(tc, nothing_yet_is_a_table_too);
	tcase_add_test(tc, special_characters_are_escaped);
	tcase_add_test(tc, blocks_with_other_columns_get_their_own_csv_header);
	tcase_add_test(tc, text_can_do_with_ascii_alone);
	tcase_add_test(tc, the_baseline_is_never_the_best);
	tcase_add_test(tc, the_end_of_a_searched_range_is_marked);
	tcase_add_test(tc, temperatures_that_change_nothing_are_warned_of);
	tcase_add_test(tc, equal_figures_share_the_mark);
	tcase_add_test(tc, every_query_of_the_page_gives_its_answer);
	tcase_add_test(tc, the_view_of_the_front_agrees_with_the_pure_code);
	tcase_add_test(tc, the_option_lists_exactly_the_formats_there_are);
	tcase_add_test(tc, labels_come_out_as_they_were_written);
	tcase_add_test(tc, columns_are_as_wide_as_a_terminal_shows_them);
	tcase_add_test(tc, huge_tiny_and_infinite_figures_are_valid_in_every_format);
	suite_add_tcase(s, tc);
	return s;
}
