/*
 * What a run says about itself: the bar's text to the letter, and what is drawn where.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "orchestrator/run/progress.h"
#include "tests/lib/scratch.h"

static struct progress at_work(void)
{
	return (struct progress){ .name = "s",
		.terminal = true,
		.segments_done = 3,
		.segments_open = 5,
		.epochs_done = 10,
		.epochs_open = 30,
		.running = 2,
		.stage = "uw_so tune" };
}

static const char *text(const struct progress *p, double elapsed)
{
	static char line[512];

	progress_text(p, elapsed, line, sizeof(line));
	return line;
}

START_TEST(the_bar_is_as_long_as_the_epochs_that_are_done)
{
	struct progress p = at_work();

	/* 10 epochs in 6 s: 30 take 18; a quarter of 24 places; 3 segments in 6 s */
	ck_assert_str_eq(text(&p, 6),
		"s [######..................] 3/8 jobs, 2 running, 0.5/s, 0:18 left  "
		"uw_so tune");
	ck_assert_str_eq(text(&p, 3000),
		"s [######..................] 3/8 jobs, 2 running, 0.0/s, 2:30:00 left  "
		"uw_so tune");
	p.epochs_done = 40;
	p.epochs_open = 0;
	p.segments_done = 8;
	p.segments_open = p.running = 0;
	ck_assert_str_eq(text(&p, 4),
		"s [########################] 8/8 jobs, 0 running, 2.0/s, 0:00 left  "
		"uw_so tune");
}
END_TEST

START_TEST(before_the_first_epoch_nothing_is_known)
{
	struct progress p = { .name = "s", .segments_open = 4, .epochs_open = 8 };

	ck_assert_str_eq(text(&p, 0),
		"s [........................] 0/4 jobs, 0 running, 0.0/s, ? left  ");
	p.epochs_open = 0; /* nor is there anything to do */
	ck_assert_str_eq(text(&p, 1),
		"s [........................] 0/4 jobs, 0 running, 0.0/s, ? left  ");
}
END_TEST

START_TEST(durations_are_read_by_people)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = { { -3, "0:00" }, { 0.4, "0:00" }, { 59.6, "1:00" }, { 83, "1:23" },
		{ 3599.4, "59:59" }, { 3599.6, "1:00:00" }, { 7384, "2:03:04" } };
	char buf[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		progress_duration(cases[i].seconds, buf, sizeof(buf));
		ck_assert_str_eq(buf, cases[i].text);
	}
}
END_TEST

static char said[1024];

/* All that is said about two stages and a bar, into `said`. */
static void say(struct progress *p)
{
	int saved = dup(STDERR_FILENO);
	int file = open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert(saved >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
	progress_start(p);
	progress_line(p, "ew tune", "lr=0.1");
	progress_draw(p);
	progress_line(p, "ew final", "2 of 2 seeds");
	progress_end(p);
	progress_end(p); /* it is gone already */
	ck_assert(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	close(file);
	scratch_read("said", said, sizeof(said));
}

START_TEST(on_a_terminal_lines_make_the_bar_step_aside)
{
	struct progress p = at_work();
	const char *bar = "\rs [######..................] 3/8 jobs, 2 running, ";
	const char *again = "\033[K\r\033[Ks  ew final  2 of 2 seeds\n\r";
	char *at;

	say(&p);
	at = said;
	ck_assert_int_eq(strncmp(at, "s  ew tune  lr=0.1\n", 19), 0);
	at += 19;
	ck_assert_int_eq(strncmp(at, bar, strlen(bar)), 0);
	at = strstr(at, "\033[K");
	ck_assert_ptr_nonnull(at);
	ck_assert_int_le(at - said, 19 + 80); /* less than a line, whatever it says */
	ck_assert_int_eq(strncmp(at, again, strlen(again)), 0);
	at = strrchr(said, '\r');
	ck_assert_str_eq(at, "\r\033[K");
	ck_assert(!p.drawn);
}
END_TEST

START_TEST(a_file_gets_lines_and_who_wants_quiet_nothing)
{
	struct progress p = at_work();

	p.terminal = false;
	say(&p);
	ck_assert_str_eq(said, "s  ew tune  lr=0.1\ns  ew final  2 of 2 seeds\n");
	p = at_work();
	p.quiet = true;
	say(&p);
	ck_assert_str_eq(said, "");
	progress_init(&p, "s", false);
	ck_assert_str_eq(p.name, "s");
	ck_assert(!p.quiet && !p.drawn && p.terminal == (isatty(STDERR_FILENO) == 1));
}
END_TEST

Suite *suite_progress(void);
Suite *suite_progress(void)
{
	Suite *s = suite_create("progress");
	TCase *t = tcase_create("progress");

	tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
	tcase_add_test(t, the_bar_is_as_long_as_the_epochs_that_are_done);
	tcase_add_test(t, before_the_first_epoch_nothing_is_known);
	tcase_add_test(t, durations_are_read_by_people);
	tcase_add_test(t, on_a_terminal_lines_make_the_bar_step_aside);
	tcase_add_test(t, a_file_gets_lines_and_who_wants_quiet_nothing);
	suite_add_tcase(s, t);
	return s;
}
