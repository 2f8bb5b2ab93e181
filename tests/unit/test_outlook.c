/*
 * What is left of a sweep: what is counted, by which rates, and that all who show it show
 * the same. Sweeps are played (tests/lib/played.h); every segment takes 3 seconds.
 */
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "orchestrator/cli/cli.h"
#include "orchestrator/plan/outlook.h"
#include "orchestrator/plan/prune.h"
#include "orchestrator/report/standing.h"
#include "orchestrator/stage/preplan.h"
#include "tests/lib/must.h"
#include "tests/lib/played.h"
#include "tests/lib/scratch.h"

/* A baseline of two tasks, and a line search with everything that comes later. */
static const char line_search[] =
	"{\"sweep\": \"t\", " PLAYED_DATASET
	"\"train\": {\"epochs\": 10}, \"baseline\": {\"seeds\": 2}, "
	"\"methods\": [\"ew\", {\"name\": \"uw_so\", \"T\": {\"from\": 1, \"to\": "
	"100, \"per_decade\": 1, \"fine\": 2}}], "
	"\"search\": {\"kind\": \"line\", \"lr\": [0.1, 0.2], \"wd\": [0, 0.1], "
	"\"fixed_wd\": 0}, \"final\": {\"seeds\": 3}}";

/* The same order of configurations in every epoch, so that rungs stop some. */
static double steady(
	const struct played_job *job, const char *task, int epoch, bool test)
{
	(void)task;
	(void)test;
	return 1 + job->lr + (isnan(job->temperature) ? 0 : job->temperature / 100) +
		0.1 / epoch + (double)job->seed * 1e-4 + job->wd;
}

static struct outlook look(struct played *p, const double *rate)
{
	struct plan_counts counts = plan_count(&p->spec, &p->arena);
	const struct outlook_question q = { .s = &p->s,
		.sweep = p->stage.sweep,
		.spec = &p->spec,
		.counts = &counts,
		.rate = rate,
		.live = true,
		.workers = 2 };
	struct outlook x;
	struct err e = { 0 };

	must(outlook_read(&q, &x, &e), &e);
	return x;
}

START_TEST(all_that_is_known_to_come_is_counted)
{
	struct played *p = played_new("t.db", line_search, false, steady);
	const double rate[] = { 1, 2, 3 };
	struct outlook x = look(p, NULL);

	/* stl: 2 tasks x (2 lr, 1 wd, 2 seeds); ew: 2, 1, 3; uw_so: 6, T 4 more, 1, 3 */
	ck_assert_int_eq(x.jobs, 10 + 6 + 14);
	ck_assert_int_eq(x.ended, 0);
	ck_assert(x.epochs_left == 300 && isnan(x.seconds_left));
	x = look(p, rate);
	ck_assert(x.seconds_left == (100 * 1 + 60 * 2 + 140 * 3) / 2);
	played_free(p);
}
END_TEST

START_TEST(what_takes_two_slots_takes_them_from_others)
{
	static const char text[] =
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 10}, \"methods\": [\"ew\", {\"name\": \"uw\", "
		"\"slots\": 2}], \"search\": {\"lr\": [0.1, 0.2]}, \"prune\": "
		"{\"rule\": \"none\"}}";
	const double rate[] = { 1, 2, 3 };
	struct played *p = played_new("t.db", text, false, steady);
	struct outlook x = look(p, rate);

	/* Two tasks, two rates and a final run; of two workers uw takes both. */
	ck_assert(x.seconds_left == (60 * 1 + 30 * 2 + 30 * 3 * 2) / 2);
	played_free(p);
}
END_TEST

/* The first ten epochs of one job of an entry took so many seconds. */
static void put_attempt(struct played *p, const char *label, double seconds)
{
	(void)played_dump(p,
		arena_printf(&p->arena,
			"INSERT INTO attempt (job, token, host, start_epoch, stop_epoch, "
			"started, ended, seconds, outcome) SELECT min(m.job), t.label, "
			"'h', 0, 10, '2026-01-01T00:00:00.000Z', "
			"'2026-01-01T00:01:00.000Z', %g, 'done' FROM stage t JOIN "
			"stage_job m ON m.stage=t.id WHERE t.label='%s'",
			seconds, label));
}

/*
 * Who has trained nothing takes as long as his own method does, else as the other methods of
 * his variant, else as anybody.
 */
START_TEST(the_nearest_that_have_trained_say_how_long_an_epoch_takes)
{
	static const char text[] =
		"{\"sweep\": \"t\", " PLAYED_DATASET
		"\"train\": {\"epochs\": 10}, \"methods\": [\"ew\", {\"name\": "
		"\"uw_so\", \"label\": \"a\", \"T\": 1}, \"rlw\", {\"name\": "
		"\"uw_so\", \"label\": \"b\", \"T\": 2}], \"search\": {\"lr\": "
		"[0.1, 0.2]}, \"prune\": {\"rule\": \"none\"}}";
	struct played *p = played_new("t.db", text, false, steady);

	put_attempt(p, "ew", 50);
	put_attempt(p, "a", 20);
	/* 30 epochs each: ew 5 s, a and b 2 s, rlw 70 s by 20 epochs; 60 of stl as rlw. */
	ck_assert(look(p, NULL).seconds_left ==
		(30 * 5 + 2 * 30 * 2 + 30 * 3.5 + 60 * 3.5) / 2);
	put_attempt(p, "stl", 10);
	ck_assert(look(p, NULL).seconds_left ==
		(30 * 5 + 2 * 30 * 2 + 30 * 3.5 + 60 * 1) / 2);
	played_free(p);
}
END_TEST

/* Nothing is pruned, so that the forecast can be right to the epoch. */
START_TEST(what_is_done_and_what_is_left_are_the_whole)
{
	struct played *p = played_new("t.db", line_search, false, steady);
	const struct outlook begin = look(p, NULL);

	for (bool more = true; more;) {
		struct outlook x;

		more = played_some(p, 3);
		x = look(p, NULL);
		ck_assert_msg(x.jobs <= begin.jobs + 1 && x.jobs >= begin.jobs - 2,
			"%lld", (long long)x.jobs);
		ck_assert_msg(fabs(x.epochs_left + (double)p->trained -
				      begin.epochs_left) <= 20,
			"%g and %lld", x.epochs_left, (long long)p->trained);
		/* 3 s for 10 epochs */
		ck_assert(fabs(x.rate - 0.3) < 1e-12);
	}
	ck_assert(look(p, NULL).epochs_left == 0 && look(p, NULL).seconds_left == 0);
	ck_assert_int_eq(look(p, NULL).ended, look(p, NULL).jobs);
	played_free(p);
}
END_TEST

/* The forecast of a pruned sweep, from its begin to its end. */
START_TEST(pruning_that_is_to_come_is_expected)
{
	struct played *p = played_new("t.db", line_search, true, steady);
	const double begin = look(p, NULL).epochs_left;
	double truth;
	bool half = false;

	ck_assert(begin < 290);
	for (bool more = true; more;) {
		more = played_some(p, 3);
		half |= p->trained > 120;
	}
	truth = (double)p->trained;
	ck_assert(half);
	ck_assert_msg(
		begin / truth < 1.25 && truth / begin < 1.25, "%g of %g", begin, truth);
	played_free(p);
}
END_TEST

START_TEST(the_forecast_of_a_rung_follows_its_rule)
{
	struct prune_plan p = { PRUNE_RUNGS, .eta = 2, .epochs = 10 };

	ck_assert(prune_survivors(&p, 1, 8) == 5); /* 4, and a quarter */
	ck_assert(prune_survivors(&p, 2, 8) == 5); /* 2 of each 4 */
	ck_assert(prune_survivors(&p, 1, 2) == 2);
	p.rule = PRUNE_HALVING;
	ck_assert(prune_survivors(&p, 1, 8) == 4);
	p.rule = PRUNE_MEDIAN;
	ck_assert(prune_survivors(&p, 1, 8) == 4.5);
	p.rule = PRUNE_NONE;
	ck_assert(prune_survivors(&p, 1, 8) == 8);
}
END_TEST

/* A stream of a command, or of a tick, in a text. */
static const char *captured(int fd, void (*act)(void *arg), void *arg)
{
	static char text[16384];
	int saved;
	int file = open("captured", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	fflush(stdout);
	saved = dup(fd);
	ck_assert(saved >= 0 && file >= 0 && dup2(file, fd) == fd);
	act(arg);
	fflush(stdout);
	ck_assert_int_eq(dup2(saved, fd), fd);
	close(saved);
	close(file);
	scratch_read("captured", text, sizeof(text));
	return text;
}

static void tick(void *arg)
{
	struct played *p = arg;

	p->dispatch.next_look = 0;
	p->dispatch.ops.tick(&p->dispatch);
}

static void status(void *arg)
{
	struct err e = { 0 };
	const struct cli_options o = { .db = "t.db" };

	(void)arg;
	must(cmd_status(&o, &e), &e);
}

/* Begins with "12/30 jobs" of the bar and "9 s left", and finds both in `status`. */
START_TEST(bar_and_status_never_differ)
{
	struct played *p = played_new("t.db", line_search, true, steady);
	struct err e = { 0 };

	must(store_run(
		     &p->s, STMT_SWEEP_WORKERS, ARGS(INT(2), INT(p->stage.sweep)), &e),
		&e);
	p->progress.bar = true;
	for (bool more = true; more;) {
		char jobs[64] = "";
		char left[64] = "";
		char line[80];
		const char *bar;

		p->progress.quiet = true;
		more = played_some(p, 5);
		p->progress.quiet = false;
		bar = strchr(captured(STDERR_FILENO, tick, p), ']');
		ck_assert_ptr_nonnull(bar);
		ck_assert_int_eq(sscanf(bar, "] %63[^,], %63[^,\r:]", jobs, left), 2);
		ck_assert_ptr_nonnull(strstr(left, " left"));
		bar = captured(STDOUT_FILENO, status, p);
		snprintf(line, sizeof(line), "\n%s have ended ", jobs);
		ck_assert_msg(strstr(bar, line) != NULL, "%s in\n%s", line, bar);
		snprintf(line, sizeof(line), "\n%s on 2 workers", left);
		ck_assert_msg(strstr(bar, line) != NULL, "%s in\n%s", line, bar);
	}
	played_free(p);
}
END_TEST

/* Where a job is in its training, and its latest figure, before its segment has ended. */
START_TEST(the_screen_shows_who_is_at_work)
{
	struct played *p = played_new("t.db", line_search, true, steady);
	const struct cli_options o = { .db = "t.db" };
	struct report_reader reader;
	struct standing x;
	struct err e = { 0 };
	char screen[4096];
	FILE *out;
	double now;

	(void)played_some(p, 12);
	(void)played_dump(p,
		"UPDATE attempt SET started='2026-01-01T00:00:00.000Z' WHERE ended IS NULL");
	now = 1767225600 + 30;
	must(reader_open(&reader, &o, &e), &e);
	must(standing_read(&x, &reader, now, &reader.arena, &e), &e);
	ck_assert(x.live && x.attempts > 0);
	out = fopen("screen", "w");
	ck_assert_ptr_nonnull(out);
	standing_screen(&x, 60, 10, out);
	ck_assert_int_eq(fclose(out), 0);
	scratch_read("screen", screen, sizeof(screen));
	ck_assert_msg(!strncmp(screen, "\033[Ht [", 6), "%s", screen);
	ck_assert_ptr_nonnull(strstr(screen, "run "));
	ck_assert_ptr_nonnull(strstr(screen, "epochs/min"));
	ck_assert_ptr_nonnull(strstr(screen, "\n...\033[K\n\033[J"));
	reader_close(&reader);
	played_free(p);
}
END_TEST

/* A file that was written so many seconds after the attempts began. */
static void write_report(struct played *p, const char *sql, double seconds)
{
	const struct timespec at[2] = { { 1767225600 + (time_t)seconds, 0 },
		{ 1767225600 + (time_t)seconds, 0 } };
	char path[512];

	snprintf(path, sizeof(path), "%s", played_dump(p, sql));
	path[strcspn(path, "\n")] = '\0';
	ck_assert_int_eq(mkdir("t.db.d", 0777), 0);
	ck_assert_int_eq(mkdir("t.db.d/jobs", 0777), 0);
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(mkdir(path, 0777), 0);
	path[strlen(path)] = '/';
	scratch_write(path, "", 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, at, 0), 0);
}

START_TEST(a_trainer_that_says_nothing_is_shown_with_how_long)
{
	struct played *p = played_new("t.db", line_search, true, steady);
	const struct cli_options o = { .db = "t.db" };
	struct report_reader reader;
	struct standing x;
	struct err e = { 0 };
	struct report r = { 0 };
	struct str text = { 0 };

	(void)played_some(p, 12);
	(void)played_dump(p,
		"UPDATE attempt SET started='2026-01-01T00:00:00.000Z', pid=NULL WHERE "
		"ended IS NULL");
	write_report(p,
		"SELECT 't.db.d/jobs/' || j.identity || '/report.' || a.token FROM attempt "
		"a JOIN job j ON j.id=a.job WHERE a.ended IS NULL ORDER BY a.id LIMIT 1",
		100);
	must(reader_open(&reader, &o, &e), &e);
	r.arena = text.arena = &reader.arena;
	must(standing_read(&x, &reader, 1767225600 + 100 + 59, &reader.arena, &e), &e);
	ck_assert_double_eq_tol(x.silent[0], 59, 1e-6);
	ck_assert(isnan(x.silent[1])); /* it makes no report */
	standing_attempts(&x, &r);
	report_text(&r, &text);
	ck_assert_msg(!strstr(str_get(&text), "59 s"), "%s", str_get(&text));
	must(standing_read(&x, &reader, 1767225600 + 100 + 720, &reader.arena, &e), &e);
	standing_attempts(&x, &r);
	report_text(&r, &text);
	ck_assert_msg(
		strstr(str_get(&text), "silent") && strstr(str_get(&text), "12 min"),
		"%s", str_get(&text));
	reader_close(&reader);
	played_free(p);
}
END_TEST

START_TEST(a_plan_is_made_beside_the_database)
{
	struct played *p = played_new("t.db", line_search, true, steady);
	struct plan_counts counts = plan_count(&p->spec, &p->arena);
	const char *rows;
	struct str lost = { .arena = &p->arena };
	struct outlook x, y;
	struct err e = { 0 };

	(void)played_some(p, 7);
	rows = played_rows(p);
	y = look(p, NULL);
	must(preplan(&p->resolved, &counts, "t.db", NULL, 2, &x, &lost, &e), &e);
	ck_assert_int_eq(x.ended, y.ended);
	ck_assert_int_eq(x.jobs, y.jobs);
	ck_assert(x.ended >= 5 && x.ended <= 7);
	ck_assert(x.rate == y.rate && x.seconds_left == y.seconds_left);
	ck_assert_int_eq(x.running, 0);
	ck_assert_str_eq(played_rows(p), rows);
	ck_assert_int_eq(lost.n, 0);
	must(preplan(&p->resolved, &counts, "none.db", NULL, 2, &x, &lost, &e), &e);
	ck_assert(x.ended == 0 && isnan(x.seconds_left) && access("none.db", F_OK));
	played_free(p);
}
END_TEST

Suite *suite_outlook(void);
Suite *suite_outlook(void)
{
	Suite *s = suite_create("outlook");
	TCase *t = tcase_create("outlook");

	tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
	tcase_add_test(t, all_that_is_known_to_come_is_counted);
	tcase_add_test(t, what_takes_two_slots_takes_them_from_others);
	tcase_add_test(t, the_nearest_that_have_trained_say_how_long_an_epoch_takes);
	tcase_add_test(t, what_is_done_and_what_is_left_are_the_whole);
	tcase_add_test(t, pruning_that_is_to_come_is_expected);
	tcase_add_test(t, the_forecast_of_a_rung_follows_its_rule);
	tcase_add_test(t, bar_and_status_never_differ);
	tcase_add_test(t, the_screen_shows_who_is_at_work);
	tcase_add_test(t, a_trainer_that_says_nothing_is_shown_with_how_long);
	tcase_add_test(t, a_plan_is_made_beside_the_database);
	suite_add_tcase(s, t);
	return s;
}
