/* Plots: what reaches gnuplot, what comes out of it, and what is said where it is missing. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "orchestrator/cli/cli.h"
#include "orchestrator/plot/plot_script.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_db.h"

static struct arena arena;

static void set_up(void)
{
	scratch_enter();
	small_db_make("small.db");
}

static void tear_down(void)
{
	arena_release(&arena);
	scratch_leave();
}

static const char *const kinds[] = {
#define PLOT(id, shows, figure) #id,
#include "orchestrator/plot/plot.def"
#undef PLOT
};

static bool has_gnuplot(void)
{
	return access("/usr/bin/gnuplot", X_OK) == 0;
}

static int plot(const char *kind, const char *out, const char *where, struct err *e)
{
	struct cli_options o = { .operand = kind,
		.db = "small.db",
		.sweep = "small",
		.out = out,
		.where = where,
		.quiet = 1 };

	return cmd_plot(&o, e);
}

static const char *text_of(const char *file)
{
	const size_t size = 1 << 20;
	char *text = arena_alloc(&arena, size, 1);

	ck_assert_uint_lt(scratch_read(file, text, size), size - 1);
	return text;
}

/* Renames the method ew wherever a row says its label. */
static void rename_label(const char *label)
{
	sqlite3 *db;
	char *sql =
		sqlite3_mprintf("UPDATE stage SET label=%Q WHERE label='ew'", label);

	ck_assert_int_eq(sqlite3_open("small.db", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_free(sql);
	sqlite3_close(db);
}

/* The grid of contours, and everything else that they draw, comes from the rows of toy.db. */
START_TEST(toys_are_drawn_from_their_own_database)
{
	struct cli_options o = {
		.operand = "trajectories", .db = "toy.db", .out = "t.svg"
	};
	struct err e = { 0 };

	toy_db_make("toy.db");
	if (has_gnuplot()) {
		must(cmd_plot(&o, &e), &e);
		ck_assert_ptr_nonnull(strstr(text_of("t.svg"), "GD MGDA, lr 0.1"));
		ck_assert_ptr_nonnull(strstr(text_of("t.svg"), "Adam EW, lr 1"));
	}
	o.db = "small.db";
	ck_assert_int_eq(cmd_plot(&o, &e), ERR_USAGE);
	ck_assert_str_eq(e.msg,
		"small.db holds results of sweeps; this plot wants what `deltam toy` writes");
	o.second = "small";
	ck_assert_int_eq(cmd_plot(&o, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "not of a sweep"));
}
END_TEST

/* uw_so beats nobody's baseline in both criteria of small.sql once the baseline is better. */
START_TEST(a_front_that_dominates_nothing_says_why)
{
	sqlite3 *db;
	struct err e = { 0 };

	if (!has_gnuplot())
		return;
	must(plot("pareto", "p.svg", NULL, &e), &e);
	ck_assert_ptr_null(strstr(text_of("p.svg"), "no method beats"));
	ck_assert_int_eq(sqlite3_open("small.db", &db), SQLITE_OK);
	ck_assert_int_eq(
		sqlite3_exec(db,
			"UPDATE baseline SET value=0.001 WHERE criterion='reg1/abs_err'",
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	must(plot("pareto", "p.svg", NULL, &e), &e);
	ck_assert_ptr_nonnull(
		strstr(text_of("p.svg"), "hypervolume 0: no method beats STL in both"));
}
END_TEST

#define HOSTILE \
	"`touch ran`'; system('touch ran'); '\"$(touch ran)\" \\write18{touch ran} " \
	"<script>_a^b @c %d \033[31m\n!touch ran\nEOD"

START_TEST(a_text_is_one_quoted_word_whatever_stands_in_it)
{
	struct plot_script s = { .out.arena = &arena };

	script_text(&s, "it's `x`\n\033\"@y");
	ck_assert_str_eq(str_get(&s.out), "'it''s `x`  \"@y'");
	s = (struct plot_script){ .out.arena = &arena, .format = PLOT_TEX };
	script_text(&s, "a_b \\input{x} `y' 50 %");
	ck_assert_str_eq(str_get(&s.out),
		"'a\\_b \\textbackslash{}input\\{x\\} \\textasciigrave{}y{''} 50 \\%'");
}
END_TEST

START_TEST(hostile_names_run_nothing_and_are_shown)
{
	struct err e = { 0 };
	char out[64];

	if (!has_gnuplot())
		return;
	rename_label(HOSTILE);
	must(plot("lr", "w.svg", NULL, &e), &e);
	ck_assert_ptr_nonnull(
		strstr(text_of("w.svg"), "`touch ran`'; system('touch ran');"));
	ck_assert_ptr_nonnull(strstr(text_of("w.svg"), "&lt;script>_a^b @c %d"));
	ck_assert_ptr_null(strchr(text_of("w.svg"), '\033'));
	must(plot("lr", "w.tex", NULL, &e), &e);
	ck_assert_ptr_nonnull(
		strstr(text_of("w.tex"), "\\textbackslash{}write18\\{touch ran\\}"));
	ck_assert_ptr_null(strstr(text_of("w.tex"), "\\write18"));
	for (int i = 0; i < COUNT(kinds); i++) {
		(void)snprintf(out, sizeof(out), "%s.pdf", kinds[i]);
		if (plot(kinds[i], out, NULL, &e)) /* what the sweep has no rows for */
			ck_assert_msg(strstr(e.msg, "this plot wants") != NULL,
				"%s: %s", kinds[i], e.msg);
		else
			ck_assert_int_eq(access(out, F_OK), 0);
	}
	ck_assert_int_ne(access("ran", F_OK), 0);
}
END_TEST

START_TEST(every_format_is_what_its_ending_says)
{
	static const char *const begins[][2] = { { "t.svg", "<?xml" },
		{ "t.png", "\x89PNG" }, { "t.pdf", "%PDF" },
		{ "t.tex", "\\begin{tikz" } };
	struct err e = { 0 };

	if (!has_gnuplot())
		return;
	for (int i = 0; i < COUNT(begins); i++) {
		char head[256];

		must(plot("temperature", begins[i][0], NULL, &e), &e);
		(void)scratch_read(begins[i][0], head, sizeof(head));
		ck_assert_ptr_nonnull(strstr(head, begins[i][1]));
	}
	/* What the document reads lies beside it; nothing that was half written is left. */
	ck_assert_int_eq(access("gnuplot-lua-tikz.sty", F_OK), 0);
	ck_assert_ptr_null(strstr(scratch_files(), ".part"));
	ck_assert_int_eq(plot("temperature", "t.gif", NULL, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, ".svg, .png, .pdf or .tex"));
}
END_TEST

START_TEST(without_gnuplot_its_package_is_named)
{
	struct err e = { 0 };

	setenv("PATH", "/nowhere", 1);
	ck_assert_int_eq(plot("temperature", "t.svg", NULL, &e), ERR_DATA);
	ck_assert_int_eq(err_exit_status(ERR_DATA), 3);
	ck_assert_ptr_nonnull(strstr(e.msg, "apt install gnuplot-nox"));
	ck_assert_ptr_null(strstr(scratch_files(), "t.svg"));
}
END_TEST

START_TEST(what_gnuplot_says_is_told_and_no_file_is_left)
{
	struct err e = { 0 };

	scratch_write("gnuplot", "#!/bin/sh\necho 'line 3: no luck' >&2\nexit 1\n", 43);
	ck_assert_int_eq(chmod("gnuplot", 0755), 0);
	setenv("PATH", ".:/bin", 1);
	ck_assert_int_eq(plot("temperature", "t.svg", NULL, &e), ERR_FAILED);
	ck_assert_str_eq(e.msg, "gnuplot: line 3: no luck");
	ck_assert_ptr_null(strstr(scratch_files(), "t.svg"));
}
END_TEST

START_TEST(where_names_columns_and_is_never_sql)
{
	struct err e = { 0 };

	ck_assert_int_eq(plot("weights", "w.svg", "colour=1", &e), ERR_USAGE);
	ck_assert_str_eq(e.msg,
		"--where: no row of this plot has a \"colour\"; there are variant, task, "
		"label, epoch, weight_mean, T, seed, lr, wd, method, and the parameters "
		"that `deltam show RUN` lists");
	ck_assert_int_eq(plot("weights", "w.svg", "epohc=1", &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "did you mean \"epoch\"?"));
	ck_assert_int_eq(plot("ranks", "w.svg", "lable=ew", &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "did you mean \"label\"?"));
	ck_assert_int_eq(plot("weights", "w.svg", "label", &e), ERR_USAGE);
	ck_assert_int_eq(plot("weights", "w.svg", "label=x' OR '1'='1", &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "nothing to draw that --where admits"));
	ck_assert_int_eq(plot("wieghts", "w.svg", NULL, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "did you mean \"weights\""));
}
END_TEST

START_TEST(a_comma_ends_a_value_where_a_name_follows)
{
	struct where w;
	struct err e = { 0 };

	must(where_parse(
		     &w, "label=a,b,T=3,temperature=1e1,weights=0.2 0.8,", &arena, &e),
		&e);
	ck_assert_int_eq(w.n, 4);
	ck_assert_str_eq(w.item[0].value, "a,b");
	ck_assert_str_eq(w.item[2].name, "T");
	ck_assert_int_eq(w.item[2].first, 1);
	ck_assert_double_eq(w.item[2].number, 10);
	ck_assert_str_eq(w.item[3].value, "0.2 0.8,");
}
END_TEST

/* How many rows --data prints of a plot. */
static int rows_of(const char *kind, const char *where)
{
	struct cli_options o = { .operand = kind,
		.db = "small.db",
		.sweep = "small",
		.where = where,
		.data = 1,
		.format = "csv" };
	struct err e = { 0 };
	int rows = -1; /* without the heading */
	int out = dup(STDOUT_FILENO);

	fflush(stdout);
	ck_assert_ptr_nonnull(freopen("data.csv", "w", stdout));
	must(cmd_plot(&o, &e), &e);
	fflush(stdout);
	ck_assert_int_ge(dup2(out, STDOUT_FILENO), 0);
	close(out);
	for (const char *c = text_of("data.csv"); *c; c++)
		rows += *c == '\n';
	return rows;
}

/* Columns of a plot, and parameters that are none; values of one name are alternatives. */
START_TEST(where_asks_for_columns_and_for_parameters_of_jobs)
{
	ck_assert_int_eq(rows_of("temperature", NULL), 3);
	ck_assert_int_eq(rows_of("temperature", "T=1,T=1e2"), 2);
	ck_assert_int_eq(rows_of("temperature", "T=1,temperature=10,label=uw_so"), 2);
	ck_assert_int_eq(rows_of("lr", "label=ew"), 3);
	ck_assert_int_eq(rows_of("lr", "diagnose.gradients.every=5"), 1);
}
END_TEST

/* What docs/PLOTS.md says of a kind is what the table says. */
START_TEST(the_page_has_every_kind)
{
	const char *page = source_text("docs/PLOTS.md");
	static const char *const rows[] = {
#define PLOT(id, shows, figure) "| `" #id "` | " shows " | " figure " |",
#include "orchestrator/plot/plot.def"
#undef PLOT
	};

	for (int i = 0; i < COUNT(rows); i++)
		ck_assert_msg(strstr(page, rows[i]) != NULL, "docs/PLOTS.md lacks\n%s",
			rows[i]);
}
END_TEST

Suite *suite_plot(void);
Suite *suite_plot(void)
{
	Suite *s = suite_create("plot");
	TCase *tc = tcase_create("plot");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_text_is_one_quoted_word_whatever_stands_in_it);
	tcase_add_test(tc, toys_are_drawn_from_their_own_database);
	tcase_add_test(tc, a_front_that_dominates_nothing_says_why);
	tcase_add_test(tc, hostile_names_run_nothing_and_are_shown);
	tcase_add_test(tc, every_format_is_what_its_ending_says);
	tcase_add_test(tc, without_gnuplot_its_package_is_named);
	tcase_add_test(tc, what_gnuplot_says_is_told_and_no_file_is_left);
	tcase_add_test(tc, where_names_columns_and_is_never_sql);
	tcase_add_test(tc, a_comma_ends_a_value_where_a_name_follows);
	tcase_add_test(tc, where_asks_for_columns_and_for_parameters_of_jobs);
	tcase_add_test(tc, the_page_has_every_kind);
	suite_add_tcase(s, tc);
	return s;
}
