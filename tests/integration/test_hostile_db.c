/*
 * Databases that somebody has tampered with: whatever is in them, commands end with an
 * answer or an error, run nothing of theirs and print nothing that a terminal or a page
 * would obey.
 */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"
#include "tests/lib/small_db.h"

static char printed[1 << 20];
static char said[65536];

static void setup(void)
{
	scratch_enter();
	small_db_make("t.db");
}

static void teardown(void)
{
	scratch_leave();
}

/* deltam COMMAND --db t.db, behind which stands `more`; its status. */
static int run(const char *command, const char *more)
{
	char text[8192];
	const char *argv[] = { "/bin/sh", "-c", text, NULL };
	int status;

	snprintf(text, sizeof(text),
		"exec timeout -s KILL 60 '%s' %s --db t.db --sweep small %s",
		program_path("deltam"), command, more);
	status = child_run(argv, NULL);
	scratch_read("out", printed, sizeof(printed));
	scratch_read("err", said, sizeof(said));
	return status;
}

static const char *const commands[] = { "table", "status", "runs", "decisions",
	"failures", "export metrics", "pareto", "table --cost", "show 1" };

static const char *const formats[] = { "text", "csv", "markdown", "latex", "html",
	"jsonl" };

/* SQL, markup, escapes, marks of direction, a formula, LaTeX: in every text that is shown. */
static const char *const names[] = { "'; DROP TABLE metric; --", "\"); --",
	"<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
	"\033[31mred\033[0m\033]0;title\a", "a\xe2\x80\xaez", "=1+1",
	"\\input{/etc/passwd}", "a\nb", "%n%s%s%n", "" };

static void name_everything(const char *name)
{
	static const char *const places[][2] = { { "stage", "label" },
		{ "criterion", "title" }, { "attempt", "message" },
		{ "decision", "reason" }, { "sweep", "stop" }, { "job", "weights" },
		{ "job", "message" }, { "job", "hyper" }, { "stage", "title" } };
	char sql[512];

	small_db_make("t.db");
	for (int i = 0; i < COUNT(places); i++) {
		char *quoted = sqlite3_mprintf("%Q", name);

		snprintf(sql, sizeof(sql), "UPDATE %s SET %s=%s||coalesce(%s, '')",
			places[i][0], places[i][1], quoted, places[i][1]);
		sqlite3_free(quoted);
		query_run("t.db", sql);
	}
}

static void forget(void)
{
	(void)unlink("t.db");
	(void)unlink("t.db-wal");
	(void)unlink("t.db-shm");
}

static void nothing_is_obeyed(const char *text)
{
	ck_assert_msg(!strchr(text, '\033') && !strchr(text, '\a'), "%s", text);
	ck_assert_msg(!strstr(text, "\xe2\x80\xae"), "%s", text);
}

/* For programs, which want every character as it is. */
static bool is_data(const char *command, const char *format)
{
	return !strncmp(command, "export", 6) || !strcmp(format, "csv") ||
		!strcmp(format, "jsonl");
}

START_TEST(texts_of_a_database_are_texts_wherever_they_are_shown)
{
	char more[64];
	int shown = 0;

	for (int n = 0; n < COUNT(names); n++) {
		forget();
		name_everything(names[n]);
		/* Four commands a name, so that each is met by several. */
		for (int i = 0; i < 4; i++) {
			int c = (4 * n + i) % COUNT(commands);
			int f = (n + i) % COUNT(formats);

			*more = '\0';
			if (strncmp(commands[c], "show", 4) != 0 &&
				strncmp(commands[c], "export", 6) != 0)
				snprintf(more, sizeof(more), "--format %s", formats[f]);
			ck_assert_msg(run(commands[c], more) < 128, "%s, %s: %s",
				commands[c], names[n], said);
			if (!is_data(commands[c], formats[f]))
				nothing_is_obeyed(printed);
			nothing_is_obeyed(said);
			if (!strcmp(formats[f], "html"))
				ck_assert(!strstr(printed, "<script") &&
					!strstr(printed, "<img"));
			shown += strstr(printed, "alert(1)") != NULL;
		}
		ck_assert_int_gt(query_int("t.db", "SELECT count(*) FROM metric"), 0);
	}
	ck_assert_int_gt(shown, 2);
}
END_TEST

START_TEST(a_page_holds_the_texts_of_a_database_as_texts)
{
	for (int n = 3; n < 5; n++) { /* a page has scripts of its own */
		forget();
		name_everything(names[n]);
		ck_assert_msg(run("report -o page.html", "") == 0, "%s", said);
		scratch_read("page.html", printed, sizeof(printed));
		ck_assert_int_gt((int)strlen(printed), 1000);
		ck_assert_ptr_null(strstr(printed, "<img"));
		ck_assert_ptr_null(strchr(printed, '\033'));
		ck_assert_ptr_nonnull(strstr(printed, n == 3 ? "alert(1)" : "red"));
	}
}
END_TEST

/* Some bytes of the file are others, by a seed. */
static void damage(unsigned seed, const char *bytes, size_t n)
{
	static char copy[1 << 20];
	unsigned state = seed * 2654435761U + 1;

	memcpy(copy, bytes, n);
	for (unsigned k = 0; k <= seed % 8; k++) {
		size_t at = child_draw(&state) % n;

		if (k % 2) /* what tells pages apart lies at their beginnings */
			at = at / 4096 * 4096 + at % 16;
		copy[at < 20 ? 100 + at : at] = (char)child_draw(&state);
	}
	if (seed % 5 == 0)
		n = n * (seed % 7 + 1) / 8;
	forget();
	scratch_write("t.db", copy, n);
}

START_TEST(damaged_pages_are_an_error_or_an_answer)
{
	static char bytes[1 << 20];
	size_t n;
	int refused = 0;

	query_run("t.db", "PRAGMA journal_mode=DELETE");
	n = scratch_read("t.db", bytes, sizeof(bytes));
	for (unsigned seed = 0; seed < 20; seed++) {
		damage(seed, bytes, n);
		for (int c = 0; c < 3; c++) {
			int status = run(commands[(seed + (unsigned)c) % 9], "");

			ck_assert_msg(status < 128, "seed %u, %s: %d: %s", seed,
				commands[(seed + (unsigned)c) % 9], status, said);
			ck_assert_msg(status == 0 || *said, "seed %u: no word", seed);
			refused += status != 0;
		}
	}
	ck_assert_int_gt(refused, 5);
}
END_TEST

START_TEST(a_query_cannot_write_attach_or_load)
{
	static const char *const refused[] = { "VACUUM INTO 'x.db'",
		"SELECT load_extension('x')", "PRAGMA query_only=OFF",
		"ATTACH 'x.db' AS x", "DETACH main", "REINDEX", "ANALYZE",
		"WITH x AS (SELECT 1) DELETE FROM sweep", "PRAGMA user_version=5",
		"INSERT INTO sweep (name) VALUES ('x') RETURNING 1",
		"CREATE TEMP TABLE x(a)", "PRAGMA writable_schema=1",
		"PRAGMA temp_store_directory='.'", "SELECT readfile('t.db')",
		"SELECT hex(zeroblob(2000000000))" };
	char before[DIGEST_MAX];
	char after[DIGEST_MAX];
	char more[256];
	int status;

	digest_rows("t.db", before);
	for (int i = 0; i < COUNT(refused); i++) {
		snprintf(more, sizeof(more), "--query \"%s\"", refused[i]);
		status = run("table", more);
		ck_assert_msg(status == 2 || status == 3, "%s: %s", refused[i], said);
	}
	ck_assert_str_eq(digest_rows("t.db", after), before);
	ck_assert_str_eq(scratch_files(), "err out t.db");
}
END_TEST

Suite *suite_hostile_db(void);
Suite *suite_hostile_db(void)
{
	Suite *suite = suite_create("hostile_db");
	TCase *tc = tcase_create("hostile_db");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, texts_of_a_database_are_texts_wherever_they_are_shown);
	tcase_add_test(tc, a_page_holds_the_texts_of_a_database_as_texts);
	tcase_add_test(tc, damaged_pages_are_an_error_or_an_answer);
	tcase_add_test(tc, a_query_cannot_write_attach_or_load);
	suite_add_tcase(suite, tc);
	return suite;
}
