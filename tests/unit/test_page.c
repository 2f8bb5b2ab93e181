/*
 * `deltam report`: what the file is made of, whatever the database has for names. What a browser
 * makes of it is tests/page_browser.sh.
 */
#include <check.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "orchestrator/cli/cli.h"
#include "orchestrator/page/page.h"
#include "orchestrator/report/benchmark.h"
#include "tests/lib/child.h"
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

static bool has_gnuplot(void)
{
	return access("/usr/bin/gnuplot", X_OK) == 0;
}

static void query(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open("small.db", &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 60000); /* a page may be read from it meanwhile */
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
		sqlite3_errmsg(db));
	sqlite3_close(db);
}

static const char *read_page(void)
{
	const size_t size = 8 << 20;
	char *text = arena_alloc(&arena, size, 1);

	ck_assert_uint_lt(scratch_read("p.html", text, size), size - 1);
	return text;
}

static const char *page_of(const char *sweep)
{
	struct cli_options o = {
		.db = "small.db", .sweep = sweep, .out = "p.html", .quiet = 1
	};
	struct err e = { 0 };

	must(cmd_report(&o, &e), &e);
	return read_page();
}

static void assert_has(const char *page, const char *text)
{
	ck_assert_msg(strstr(page, text) != NULL, "the page lacks %s", text);
}

static void assert_lacks(const char *page, const char *text)
{
	const char *at = strstr(page, text);

	ck_assert_msg(!at, "the page has %s: %.120s", text, at);
}

/* A page as its tags: what is open, and ids that were seen. */
struct tags {
	char open[64][24];
	int depth;
	char id[4096][48];
	int ids, scripts;
};

static void check_attribute(struct tags *x, const char *name, const char *value)
{
	static const char *const loads[] = { "src", "href", "xlink:href", "action",
		"data", "poster", "srcset", "background", NULL };

	ck_assert_msg(strncmp(name, "on", 2) != 0, "%s=\"%s\"", name, value);
	for (int i = 0; loads[i]; i++)
		ck_assert_msg(strcmp(name, loads[i]) != 0 || *value == '#',
			"%s=\"%s\" leaves the page", name, value);
	if (!strcmp(name, "style"))
		ck_assert_ptr_null(strstr(value, "url("));
	if (strcmp(name, "id") != 0)
		return;
	for (int i = 0; i < x->ids; i++)
		ck_assert_msg(
			strcmp(x->id[i], value) != 0, "id %s is there twice", value);
	ck_assert_int_lt(x->ids, COUNT(x->id));
	(void)snprintf(x->id[x->ids++], sizeof(x->id[0]), "%s", value);
}

/* Attributes in double quotes alone; returns where the tag ends. */
static const char *check_attributes(struct tags *x, const char *s)
{
	for (;;) {
		char name[64], value[2048];
		int n = 0;

		s += strspn(s, " \n\t");
		if (*s == '>' || *s == '/')
			return s;
		ck_assert_msg(sscanf(s, "%63[a-z:A-Z0-9_-]=\"%n", name, &n) == 1 && n,
			"no attribute: %.80s", s);
		s += n;
		(void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(s, "\""), s);
		check_attribute(x, name, value);
		s += strcspn(s, "\"") + 1;
	}
}

static const char *check_tag(struct tags *x, const char *s)
{
	static const char voids[] = " meta br ";
	char name[24];
	char word[32];

	if (s[1] == '!') {
		ck_assert_int_eq(strncmp(s, "<!DOCTYPE html>", 15), 0);
		return s + 15;
	}
	ck_assert_msg(sscanf(s + (s[1] == '/') + 1, "%23[a-zA-Z0-9]", name) == 1,
		"no tag: %.80s", s);
	if (s[1] == '/') {
		ck_assert_msg(x->depth > 0 && !strcmp(x->open[x->depth - 1], name),
			"</%s> ends <%s>: %.80s", name,
			x->depth ? x->open[x->depth - 1] : "nothing", s);
		x->depth--;
		return strchr(s, '>') + 1;
	}
	(void)snprintf(word, sizeof(word), " %s ", name);
	x->scripts += !strcmp(name, "script");
	ck_assert_ptr_null(strstr(
		" img iframe object embed link base form image foreignObject ", word));
	s = check_attributes(x, s + 1 + strlen(name));
	if (*s == '>' && !strstr(voids, word)) {
		ck_assert_int_lt(x->depth, COUNT(x->open));
		(void)snprintf(x->open[x->depth++], sizeof(x->open[0]), "%s", name);
	}
	return strchr(s, '>') + 1;
}

/* Every element ends where it must, an id is there once, nothing is loaded and nothing runs. */
static void assert_sound(const char *page)
{
	struct tags *x = NEW(&arena, struct tags);
	const char *s = page;

	while (*s) {
		const char *inside = x->depth ? x->open[x->depth - 1] : "";

		if (!strcmp(inside, "style") || !strcmp(inside, "script")) {
			s = strstr(s, "</");
			ck_assert_ptr_nonnull(s);
		}
		s = *s == '<' ? check_tag(x, s) : s + 1;
	}
	ck_assert_int_eq(x->depth, 0);
	ck_assert_int_eq(x->scripts, 1);
}

START_TEST(a_page_has_all_sections_and_asks_nobody)
{
	const char *page = page_of("small");

	assert_sound(page);
	assert_has(page, "default-src 'none'");
	assert_has(page, "<h2>Where it stands</h2>");
	assert_has(
		page, "$ \"; color"); /* the style sheet is in it, its quotes whole */
	assert_has(page, "<table class=\"sorts\">");
	assert_has(page, "<th scope=\"col\">Method</th>");
	assert_has(page, "deltam table --db small.db --sweep small</code>");
	assert_has(page, "deltam decisions --db small.db --sweep small</code>");
	assert_has(page, "deltam failures --db small.db --sweep small</code>");
	assert_has(page, "{&quot;sweep&quot;:&quot;small&quot;}");
	assert_has(page, "<polyline points=");
	assert_lacks(page, "http-equiv=\"refresh\"");
	assert_lacks(page, "https:");
	assert_lacks(page, "NaN\"");
	ck_assert_ptr_null(strstr(scratch_files(), ".part"));
}
END_TEST

/* Cell by cell what `deltam table --format html` prints. */
START_TEST(figures_are_those_of_the_table)
{
	const char *page = page_of("small");
	struct report_reader reader;
	struct cli_options o = { .db = "small.db", .sweep = "small", .quiet = 1 };
	struct report r = { .arena = &arena };
	struct err e = { 0 };

	must(reader_open(&reader, &o, &e), &e);
	must(benchmark_report(
		     &reader.s, &reader.sweep, &(struct benchmark_view){ 0 }, &r, &e),
		&e);
	for (int i = 0; i < r.tables; i++)
		for (int k = 0; k < r.table[i].cells; k++) {
			const struct report_cell *c = &r.table[i].cell[k];
			struct str text = { .arena = &arena };

			if (c->kind != CELL_NUMBER ||
				!column_for_readers(
					&r.table[i].column[k % r.table[i].columns]))
				continue;
			str_printf(&text, " data-v=\"%s\">", cell_exact(c));
			assert_has(page, str_get(&text));
		}
	reader_close(&reader);
}
END_TEST

START_TEST(every_plot_with_figures_is_drawn_and_says_what_it_is)
{
	const char *page = page_of("small");

	if (!has_gnuplot())
		return;
	assert_has(page, "<figure class=\"narrow\" id=\"plot-temperature\">");
	assert_has(page, "aria-label=\"Plot of validation Δm over the temperature");
	assert_has(page, "class=\"point\"><title>");
	assert_has(page, "UW-SO: temperature 10, val_delta_m -5, delta_m -4");
	assert_has(page, "data-key=\"plot_temperature_plot_");
	assert_has(page, "<b>gradients</b>: it wants <code>diagnose.gradients</code>");
	assert_lacks(page, "gnuplot_svg");
}
END_TEST

#define MARKUP "</td></table></script><script>ran=1</script><img src=x onerror=ran=1>"
#define SHOWN \
	"&lt;/td&gt;&lt;/table&gt;&lt;/script&gt;&lt;script&gt;ran=1&lt;/script&gt;&lt;img src=x " \
	"onerror=ran=1&gt;"

START_TEST(hostile_names_are_text)
{
	const char *page;

	query("UPDATE stage SET label='" MARKUP
	      "' || char(39) || '\"`touch ran`' || char(27) ||"
	      " '[31m' WHERE label='ew';"
	      "UPDATE stage SET title='\" onclick=\"ran=1' WHERE label='uw_so';"
	      "UPDATE criterion SET title='" MARKUP "';"
	      "UPDATE sweep SET text='</pre>" MARKUP "' WHERE id=1;"
	      "UPDATE job SET message='" MARKUP "';"
	      "UPDATE decision SET reason='" MARKUP "';"
	      "UPDATE attempt SET host='" MARKUP "';"
	      "UPDATE sweep SET name='</title>" MARKUP "' || char(39) WHERE id=1");
	page = page_of("</title>" MARKUP "'");
	assert_sound(page);
	assert_lacks(page, "<script>ran");
	assert_lacks(page, "<img");
	assert_lacks(page, "\033");
	assert_has(page, "<h1>&lt;/title&gt;" SHOWN "&#39;</h1>");
	assert_has(page, ">" SHOWN "&#39;&quot;`touch ran` [31m</td>");
	assert_has(page, "&quot; onclick=&quot;ran=1");
	assert_has(page, "&lt;/pre&gt;" SHOWN);
	assert_has(page, "--sweep &#39;&lt;/title&gt;");
	ck_assert_int_ne(access("ran", F_OK), 0);
}
END_TEST

/* gnuplot 5.4 writes hover texts into a script of the picture as they are. */
START_TEST(of_a_picture_only_the_drawing_stays)
{
	static const char *const says[] = { "a <b> & 'c'", "second" };
	struct str out = { .arena = &arena };

	page_svg(&out,
		&(struct page_picture){ .name = "p",
			.says = "\"<words>\"",
			.hover = says,
			.hovers = 2,
			.svg = "<?xml version=\"1.0\"?><svg onload=\"x()\"\n viewBox=\"0 0 30 20\" "
			       "xmlns:xlink=\"http://w3\"><title>t</title><script src='x.js'/>"
			       "<script><![CDATA[ if (a<b) x(); ]]></script><defs>"
			       "<circle id='gp' r='1'/></defs><image xlink:href='grid.png'/>"
			       "<g id=\"p_plot_1a\"><title>p_plot_1a</title>"
			       "<g id=\"p_plot_1a_keyentry\" onclick=\"y()\"><text>&lt;k></text></g>"
			       "<g stroke-linecap=\"butt\" fill='none'>\n</g>"
			       "<g onmousemove=\"gnuplot_svg.showHypertext(evt,'1')\"><title> </title>"
			       "<use xlink:href='#gp'/></g>"
			       "<g onmousemove=\"gnuplot_svg.showHypertext(evt,'0')\"><use "
			       "xlink:href='http://x/y' filter='url(#box)'/></g></g></svg>" });
	ck_assert_str_eq(str_get(&out),
		"<svg class=\"gnuplot\" role=\"group\" viewBox=\"0 0 30 20\" "
		"style=\"--wide:30px\" aria-label=\"&quot;&lt;words&gt;&quot;\"><defs>"
		"<circle id=\"p-gp\" r=\"1\"/></defs><g id=\"p_plot_1a\">"
		"<g data-key=\"p_plot_1a\"><text>&lt;k></text></g>"
		"<g class=\"point\"><title>second</title><use href=\"#p-gp\"/></g>"
		"<g class=\"point\"><title>a &lt;b&gt; &amp; &#39;c&#39;</title>"
		"<use filter=\"url(#p-box)\"/></g></g></svg>");
}
END_TEST

START_TEST(without_gnuplot_the_page_has_everything_else)
{
	const char *page;

	setenv("PATH", "/nowhere", 1);
	page = page_of("small");
	assert_sound(page);
	assert_has(page, "apt install gnuplot-nox");
	assert_has(page, "<table class=\"sorts\">");
	assert_has(page, "<h2>Failures</h2>");
	assert_lacks(page, "<figure class=\"narrow\"");
}
END_TEST

/* What gnuplot says of one picture costs the page nothing else. */
START_TEST(a_plot_that_fails_leaves_its_reason)
{
	static const char script[] =
		"#!/bin/sh\nread x\n[ \"$x\" = exit ] || { echo 'no luck' >&2; exit 1; }\n";
	const char *page;

	scratch_write("gnuplot", script, sizeof(script) - 1);
	ck_assert_int_eq(chmod("gnuplot", 0755), 0);
	setenv("PATH", ".:/bin", 1);
	page = page_of("small");
	assert_sound(page);
	assert_has(page, "<p class=\"note\">gnuplot: no luck</p>");
	assert_has(page, "<h2>Cost</h2>");
}
END_TEST

START_TEST(a_word_of_a_command_is_quoted_where_a_shell_would_read_more)
{
	ck_assert_str_eq(page_quoted(&arena, "runs/a-1.db"), "runs/a-1.db");
	ck_assert_str_eq(page_quoted(&arena, "a b"), "'a b'");
	ck_assert_str_eq(page_quoted(&arena, "it's $x"), "'it'\\''s $x'");
	ck_assert_str_eq(page_quoted(&arena, ""), "''");
}
END_TEST

START_TEST(a_page_without_a_place_is_refused)
{
	struct cli_options o = { .db = "small.db", .sweep = "small", .quiet = 1 };
	struct err e = { 0 };

	ck_assert_int_eq(cmd_report(&o, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.msg, "-o FILE.html"));
	o.out = "nowhere/p.html";
	ck_assert_int_eq(cmd_report(&o, &e), ERR_SYS);
	ck_assert_ptr_nonnull(strstr(e.msg, "cannot write nowhere/p.html"));
}
END_TEST

/* While the sweep is open the page reloads itself; the last one does not. */
/* A system without random bytes. */
static bool random_is_gone;

ssize_t getrandom(void *bytes, size_t n, unsigned flags)
{
	if (!random_is_gone)
		return syscall(SYS_getrandom, bytes, n, flags);
	errno = ENOSYS;
	return -1;
}

START_TEST(a_page_whose_script_could_be_guessed_is_not_written)
{
	struct cli_options o = {
		.db = "small.db", .sweep = "fixed", .out = "p.html", .quiet = 1
	};
	struct err e = { 0 };

	random_is_gone = true;
	ck_assert_int_eq(cmd_report(&o, &e), ERR_SYS);
	random_is_gone = false;
	ck_assert_ptr_nonnull(strstr(e.msg, "random"));
	ck_assert_int_ne(access("p.html", F_OK), 0);
}
END_TEST

START_TEST(a_watched_page_is_written_until_the_sweep_ends)
{
	static const char *const argv[] = { "deltam", "report", "--db", "small.db",
		"--sweep", "fixed", "-o", "p.html", "--watch", "1", NULL };
	struct child c;

	child_start(&c, argv, NULL);
	while (access("p.html", F_OK) != 0)
		child_let_live(&c, 1000);
	assert_has(read_page(), "<meta http-equiv=\"refresh\" content=\"1\">");
	ck_assert(!child_ended(&c));
	query("UPDATE stage_job SET state='done' WHERE sweep=2;"
	      "UPDATE sweep SET state='done' WHERE id=2");
	ck_assert_int_eq(child_wait(&c), 0);
	assert_lacks(read_page(), "http-equiv=\"refresh\"");
	assert_sound(read_page());
}
END_TEST

Suite *suite_page(void);
Suite *suite_page(void)
{
	Suite *s = suite_create("page");
	TCase *tc = tcase_create("page");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_page_has_all_sections_and_asks_nobody);
	tcase_add_test(tc, figures_are_those_of_the_table);
	tcase_add_test(tc, every_plot_with_figures_is_drawn_and_says_what_it_is);
	tcase_add_test(tc, hostile_names_are_text);
	tcase_add_test(tc, of_a_picture_only_the_drawing_stays);
	tcase_add_test(tc, without_gnuplot_the_page_has_everything_else);
	tcase_add_test(tc, a_plot_that_fails_leaves_its_reason);
	tcase_add_test(tc, a_word_of_a_command_is_quoted_where_a_shell_would_read_more);
	tcase_add_test(tc, a_page_without_a_place_is_refused);
	tcase_add_test(tc, a_page_whose_script_could_be_guessed_is_not_written);
	tcase_add_test(tc, a_watched_page_is_written_until_the_sweep_ends);
	suite_add_tcase(s, tc);
	return s;
}
