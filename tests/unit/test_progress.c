/*
 * What a run says about itself: the bar's text to the letter, and what is drawn where.
 */
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/log.h"
#include "orchestrator/print/progress.h"
#include "orchestrator/print/terminal.h"
#include "tests/lib/scratch.h"

static struct progress at_work(void)
{
	return (struct progress){ .name = "s",
		.bar = true,
		.outlook = { .jobs = 8,
			.ended = 2,
			.running = 2,
			.workers = 2,
			.rate = 6,
			.seconds_left = 200 },
		.stage = "uw_so tune" };
}

/* Text of so many columns; the columns that it takes are one less at most. */
static const char *text(const struct progress *p, int columns)
{
	static char line[512];
	struct arena a = { 0 };

	snprintf(line, sizeof(line), "%s", progress_text(p, columns, &a));
	ck_assert(!columns || (int)strlen(line) < columns);
	arena_release(&a);
	return line;
}

START_TEST(a_narrow_bar_says_what_matters_most)
{
	struct progress p = at_work();

	ck_assert_str_eq(text(&p, 200),
		"s [######..................] 2/8 jobs, 3 min left, 2 running, 20 "
		"epochs/min: uw_so tune");
	ck_assert_str_eq(text(&p, 80),
		"s [######..................] 2/8 jobs, 3 min left, 2 running: uw_so "
		"tune");
	ck_assert_str_eq(text(&p, 64),
		"s [######..................] 2/8 jobs, 3 min left, 2 running");
	ck_assert_str_eq(
		text(&p, 50), "s [######..................] 2/8 jobs, 3 min left");
	ck_assert_str_eq(text(&p, 40), "s 2/8 jobs, 3 min left");
	ck_assert_str_eq(text(&p, 22), "2/8 jobs, 3 min left");
	ck_assert_str_eq(text(&p, 15), "2/8 jobs");
	ck_assert_str_eq(text(&p, 3), "");
	ck_assert_str_eq(text(&p, 0),
		"s 2/8 jobs, 3 min left, 2 running, 20 epochs/min: uw_so tune");
}
END_TEST

START_TEST(before_the_first_epoch_nothing_is_known)
{
	struct progress p = { .name = "s",
		.outlook = { .jobs = 4, .rate = NAN, .seconds_left = NAN } };

	ck_assert_str_eq(text(&p, 80),
		"s [........................] 0/4 jobs, time left unknown, 0 running");
	p.outlook.jobs = 0; /* nor is there anything to do */
	ck_assert_str_eq(text(&p, 60),
		"s [........................] 0/0 jobs, time left unknown");
}
END_TEST

START_TEST(letters_that_a_terminal_does_not_have_are_spelled)
{
	struct progress p = at_work();

	snprintf(p.stage, sizeof(p.stage), "σ²: Δm 1 ± 2");
	p.ascii = true;
	ck_assert_ptr_nonnull(strstr(text(&p, 0), ": sigma^2: Delta_m 1 +- 2"));
}
END_TEST

START_TEST(durations_are_read_by_people)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = { { -3, "0 s" }, { 0.4, "0 s" }, { 99.4, "99 s" },
		{ 99.6, "2 min" }, { 5969, "99 min" }, { 5971, "1 h 40 min" },
		{ 7384, "2 h 03 min" }, { 7199.9, "2 h 00 min" },
		{ 172801, "2.0 days" } };
	char buf[OUTLOOK_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_str_eq(
			outlook_duration(cases[i].seconds, buf), cases[i].text);
}
END_TEST

static char said[1024];

/* All that is said about two stages, a bar and a warning, into `said`. */
static void say(struct progress *p)
{
	int saved = dup(STDERR_FILENO);
	int file = open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert(saved >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
	progress_start(p);
	progress_line(p, "ew tune", "lr=0.1");
	if (progress_tick(p))
		progress_show(p);
	progress_line(p, "ew final", "2 of 2 seeds");
	log_error("run", "a fault");
	progress_end(p);
	log_error("run", "another");
	ck_assert(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(file);
	scratch_read("said", said, sizeof(said));
}

#define BAR_LINE \
	"s [######..................] 2/8 jobs, 3 min left, 2 running: uw_so tune"
#define CLEARED "\r\033[J"

/* Whether `said` goes on with the text; *at moves behind it. */
static void goes_on(const char **at, const char *expected)
{
	ck_assert_msg(!strncmp(*at, expected, strlen(expected)), "%s", *at);
	*at += strlen(expected);
}

/* The cursor is at the beginning of the bar, so that what clears it clears all of it. */
START_TEST(lines_and_warnings_make_the_bar_step_aside)
{
	struct progress p = at_work();
	const char *at = said;

	say(&p);
	goes_on(&at, "s  ew tune  lr=0.1\n");
	goes_on(&at, CLEARED BAR_LINE "\r");
	goes_on(&at, CLEARED "s  ew final  2 of 2 seeds\n");
	goes_on(&at, CLEARED BAR_LINE "\r");
	goes_on(&at, CLEARED);
	at += strcspn(at, "e");
	goes_on(&at, "error run a fault\n");
	ck_assert_ptr_null(strchr(at, '\r')); /* it is not drawn any more */
	ck_assert(!p.drawn);
}
END_TEST

START_TEST(a_file_gets_lines_and_who_wants_quiet_nothing)
{
	struct progress p = at_work();
	const char *at = said;

	p.bar = false;
	say(&p);
	goes_on(&at, "s  ew tune  lr=0.1\ns  ew final  2 of 2 seeds\n");
	ck_assert_ptr_null(strchr(said, '\r'));
	ck_assert_ptr_null(strstr(said, "jobs"));
	p = at_work();
	p.quiet = true;
	say(&p);
	ck_assert_ptr_null(strstr(said, "ew"));
	ck_assert_ptr_null(strstr(said, "jobs"));
}
END_TEST

/* Standard error is a pipe or a file here, or the terminal of who runs the tests. */
START_TEST(the_environment_says_what_can_be_drawn)
{
	struct progress p;

	ck_assert_int_eq(setenv("TERM", "dumb", 1), 0);
	progress_init(&p, "s", false);
	ck_assert_str_eq(p.name, "s");
	ck_assert(!p.quiet && !p.drawn && !p.bar && !p.ascii);
	ck_assert_int_eq(setenv("LC_ALL", "C", 1), 0);
	progress_init(&p, "s", false);
	ck_assert(p.ascii);
	ck_assert_int_eq(setenv("LC_ALL", "", 1), 0);
	ck_assert_int_eq(setenv("LC_CTYPE", "de_DE.utf8", 1), 0);
	ck_assert(terminal_utf8(STDERR_FILENO));
	ck_assert_int_eq(setenv("LC_CTYPE", "de_DE.ISO-8859-1", 1), 0);
	ck_assert(!terminal_utf8(STDERR_FILENO));
	ck_assert(!terminal_colors(STDERR_FILENO, NULL));
	ck_assert(!terminal_colors(STDERR_FILENO, "never"));
	ck_assert(terminal_colors(STDERR_FILENO, "always"));
}
END_TEST

Suite *suite_progress(void);
Suite *suite_progress(void)
{
	Suite *s = suite_create("progress");
	TCase *t = tcase_create("progress");

	tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
	tcase_add_test(t, a_narrow_bar_says_what_matters_most);
	tcase_add_test(t, letters_that_a_terminal_does_not_have_are_spelled);
	tcase_add_test(t, the_environment_says_what_can_be_drawn);
	tcase_add_test(t, before_the_first_epoch_nothing_is_known);
	tcase_add_test(t, durations_are_read_by_people);
	tcase_add_test(t, lines_and_warnings_make_the_bar_step_aside);
	tcase_add_test(t, a_file_gets_lines_and_who_wants_quiet_nothing);
	suite_add_tcase(s, t);
	return s;
}
