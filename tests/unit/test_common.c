#include <check.h>
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/arena.h"
#include "common/bytes.h"
#include "common/clock.h"
#include "catalogue/choices.h"
#include "catalogue/setting.h"
#include "common/err.h"
#include "common/params.h"
#include "common/rng.h"
#include "common/str.h"
#include "tests/lib/each.h"

START_TEST(context_grows_outward)
{
	struct err e = { 0 };
	int rc = err_set(&e, ERR_DB, "disk full");

	rc = err_wrap(&e, "finish job %d", 7);
	ck_assert_int_eq(rc, ERR_DB);
	ck_assert_str_eq(e.msg, "finish job 7: disk full");
}
END_TEST

START_TEST(of_several_errors_the_first_is_kept)
{
	struct err kept = { 0 };
	struct err e = { 0 };
	int first = OK;

	ck_assert(!err_keep_first(&first, &kept, 1, &e)); /* no error */
	ck_assert_int_eq(first, OK);
	err_set(&e, ERR_DATA, "one");
	ck_assert(err_keep_first(&first, &kept, ERR_DATA, &e));
	err_set(&e, ERR_SYS, "two");
	ck_assert(err_keep_first(&first, &kept, ERR_SYS, &e));
	ck_assert(!err_keep_first(&first, &kept, OK, &e));
	ck_assert_int_eq(first, ERR_DATA);
	ck_assert_str_eq(kept.msg, "one");
	first = OK;
	ck_assert(err_keep_first(&first, NULL, ERR_SYS, &e));
	ck_assert_int_eq(first, ERR_SYS);
}
END_TEST

START_TEST(arena_memory_is_zero_after_a_rewind)
{
	struct arena a = { 0 };
	struct arena_mark m;
	char *p = arena_alloc(&a, 100, 1);

	p[0] = 1;
	m = arena_mark(&a);
	p = arena_alloc(&a, 50, 1);
	p[49] = 1;
	(void)arena_alloc(&a, 1 << 20, 1);
	arena_rewind(&a, m);
	p = arena_alloc(&a, 50, 1);
	ck_assert_int_eq(p[49], 0);
	ck_assert_uint_eq((uintptr_t)arena_alloc_aligned(&a, 3) % 64, 0);
	arena_release(&a);
}
END_TEST

START_TEST(numbers_are_spelled_shortest_and_read_back)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = { { 0.1, "0.1" }, { 1e-5, "1e-05" }, { 0.003, "0.003" },
		{ -0.0, "0" }, { 256, "256" }, { 1e300, "1e+300" },
		{ 1.0 / 3, "0.3333333333333333" } };
	char buf[NUMBER_MAX];

	for (int i = 0; i < COUNT(cases); i++) {
		ck_assert_str_eq(number_format(cases[i].v, buf), cases[i].text);
		ck_assert_double_eq(strtod(buf, NULL), cases[i].v);
	}
}
END_TEST

/* What number_format says in fewer steps: the first number of digits that reads back. */
static void spell_by_trying(double v, char buf[NUMBER_MAX])
{
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(buf, NUMBER_MAX, "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
}

START_TEST(a_number_is_spelled_as_by_trying_one_digit_after_the_other)
{
	char fast[NUMBER_MAX];
	char slow[NUMBER_MAX];
	char buf[NUMBER_MAX];

	for (uint64_t i = 0; i < 20000; i++) {
		uint64_t bits = rng_bits(1, RNG_DATA, 0, i);
		double v;

		memcpy(&v, &bits, sizeof(v));
		if (!isfinite(v))
			continue;
		if (i % 2) { /* the double next to a short decimal */
			snprintf(buf, sizeof(buf), "%.*g", 1 + (int)(i % 15), v);
			v = strtod(buf, NULL);
		}
		if (i % 3 == 0) /* of the size of figures */
			v = ldexp(frexp(v, &(int){ 0 }), (int)(i % 40) - 20);
		if (v == floor(v))
			continue; /* whole numbers have a spelling of their own */
		spell_by_trying(v, slow);
		number_format(v, fast);
		ASSERT_EACH_MSG(!strcmp(fast, slow), "%a: %s, not %s", v, fast, slow);
	}
	number_format(5e-324, fast); /* has one digit, though it has fifteen as well */
	ck_assert_str_eq(fast, "5e-324");
}
END_TEST

static void on_signal(int number)
{
	(void)number;
}

/* A process that writes more than a pipe holds, and that a signal wakes in the middle. */
static pid_t start_writer(const char *bytes, size_t n, int end[2])
{
	struct sigaction act = { .sa_handler = on_signal };
	pid_t pid;

	sigemptyset(&act.sa_mask);
	ck_assert_int_eq(pipe(end), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		close(end[0]);
		sigaction(SIGUSR1, &act, NULL);
		_exit(bytes_write(end[1], bytes, n) ? 1 : 0);
	}
	close(end[1]);
	return pid;
}

static int waiting_in(int pipe_end)
{
	int n = 0;

	ck_assert_int_eq(ioctl(pipe_end, FIONREAD, &n), 0);
	return n;
}

/* Through a pipe that holds less than there is: write(2) takes a part, read(2) gives one. */
START_TEST(bytes_arrive_whole_whatever_room_there_is)
{
	enum { BYTES = 300000 };
	static char sent[BYTES];
	struct arena a = { 0 };
	FILE *f = tmpfile();
	int end[2];
	pid_t pid;
	int status;

	for (int i = 0; i < BYTES; i++)
		sent[i] = (char)('a' + i % 23);
	pid = start_writer(sent, BYTES, end);
	while (waiting_in(end[0]) < 1 << 16)
		sched_yield();
	ck_assert_int_eq(kill(pid, SIGUSR1), 0); /* its write(2) ends with a part */
	ck_assert_int_eq(bytes_copy(end[0], fileno(f)), 0);
	close(end[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(strlen(bytes_text(f, &a)), BYTES);
	ck_assert_int_eq(memcmp(bytes_text(f, &a), sent, BYTES), 0);
	ck_assert_int_eq(bytes_write(end[1], sent, 1), -1); /* closed */
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(bytes_copy(end[0], fileno(f)), -1);
	fclose(f);
	arena_release(&a);
}
END_TEST

START_TEST(a_clock_only_goes_on)
{
	double last = clock_seconds();

	for (int i = 0; i < 1000; i++) {
		double now = clock_seconds();

		ASSERT_EACH(now >= last);
		last = now;
	}
}
END_TEST

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

/* A handler is called again and again, so often; 0: no more. */
static void ring(int every_us)
{
	const struct itimerval each = { { 0, every_us }, { 0, every_us } };
	struct sigaction act = { .sa_handler = on_alarm };

	ck_assert_int_eq(sigaction(SIGALRM, &act, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &each, NULL), 0);
}

START_TEST(a_wait_goes_on_through_signals_and_a_pause_does_not)
{
	double begin = clock_seconds();

	ring(1000);
	clock_wait(0.01);
	ck_assert_double_ge(clock_seconds() - begin, 0.01);
	ck_assert_int_gt(alarms, 0);
	clock_pause(3600);
	ring(0);
	clock_wait(-1);
}
END_TEST

START_TEST(text_that_is_no_number_is_refused)
{
	double v;

	ck_assert(!number_parse("", &v));
	ck_assert(!number_parse(" 1", &v));
	ck_assert(!number_parse("1x", &v));
	ck_assert(!number_parse("1e999", &v));
	ck_assert(!number_parse("nan", &v));
	ck_assert(number_parse("-2.5e3", &v));
	ck_assert_double_eq(v, -2500);
}
END_TEST

START_TEST(a_slip_finds_the_nearest_name)
{
	static const char *const names[] = { "epochs", "batch", "optimizer" };
	static const char *const near[] = { "uw", "uw_o", "uw_so" };

	ck_assert_str_eq(str_nearest("uwso", near, 3), "uw_so");
	ck_assert_str_eq(str_nearest("epoch", names, 3), "epochs");
	ck_assert_str_eq(str_nearest("Optimizer", names, 3), "optimizer");
	ck_assert_str_eq(str_nearest("optimiser", names, 3), "optimizer");
	ck_assert_ptr_null(str_nearest("dropout", names, 3));
}
END_TEST

START_TEST(params_stay_sorted_and_unique)
{
	struct arena a = { 0 };
	struct params ps = { 0 };
	struct str json = { .arena = &a };

	params_set(&ps, &a, "wd", "0");
	params_set_number(&ps, &a, "lr", 0.001);
	params_set(&ps, &a, "wd", "0.1");
	ck_assert_int_eq(ps.n, 2);
	params_json(&ps, &json);
	ck_assert_str_eq(str_get(&json), "{\"lr\":\"0.001\",\"wd\":\"0.1\"}");
	params_unset(&ps, "lr");
	ck_assert_ptr_null(params_get(&ps, "lr"));
	arena_release(&a);
}
END_TEST

START_TEST(synthetic_tasks_come_in_threes)
{
	struct arena a = { 0 };
	struct params ps = { 0 };
	struct task_info tasks[TASKS_MAX];
	struct err e = { 0 };
	int n;

	params_set(&ps, &a, "dataset.name", "synthetic");
	params_set(&ps, &a, "dataset.tasks", "6");
	ck_assert_int_eq(catalogue_tasks(&ps, &a, tasks, &n, &e), OK);
	ck_assert_int_eq(n, 6);
	ck_assert_str_eq(tasks[1].name, "reg2");
	ck_assert_str_eq(tasks[2].name, "cls1");
	ck_assert_str_eq(tasks[4].name, "reg4");
	ck_assert_str_eq(tasks[5].name, "cls2");
	arena_release(&a);
}
END_TEST

START_TEST(a_context_too_long_is_cut)
{
	struct err e = { 0 };
	char context[2000];

	memset(context, 'x', sizeof(context) - 1);
	context[sizeof(context) - 1] = '\0';
	ck_assert_int_eq(err_set(&e, ERR_DB, "%s", context), ERR_DB);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(err_wrap(&e, "%s", context), ERR_DB);
	ck_assert_uint_lt(strlen(e.msg), sizeof(e.msg));
}
END_TEST

START_TEST(lists_of_numbers_are_read_whole_or_refused)
{
	struct err e = { 0 };
	double v[3];
	int n;

	ck_assert_int_eq(numbers_parse("weights", "0.2 0.3 0.5", v, 3, &n, &e), OK);
	ck_assert_int_eq(n, 3);
	ck_assert_double_eq(v[2], 0.5);
	ck_assert_int_eq(
		numbers_parse("weights", "0.2 0.3 0.5", v, 2, &n, &e), ERR_SPEC);
	ck_assert_int_eq(numbers_parse("torn", "0.2 x", v, 3, &n, &e), ERR_SPEC);
	ck_assert_int_eq(numbers_parse("none", "0.2 nan", v, 3, &n, &e), ERR_SPEC);
	ck_assert_int_eq(numbers_parse("far", "1e999", v, 3, &n, &e), ERR_SPEC);
	ck_assert_int_eq(numbers_parse("empty", "", v, 3, &n, &e), OK);
	ck_assert_int_eq(n, 0);
}
END_TEST

START_TEST(a_setting_is_given_or_the_tables_or_refused)
{
	struct arena a = { 0 };
	struct params ps = { 0 };
	struct err e = { 0 };
	double v[4], T = -1;
	int n, choice, batch;
	bool on = false;

	params_set(&ps, &a, "dataset.name", "synthetic"); /* whose network is mlp */
	params_set(&ps, &a, "method", "dwa");
	ck_assert_int_eq(setting_list(&ps, "model.hidden", v, 4, &n, &e), OK);
	ck_assert_int_eq(n, 2);
	ck_assert_double_eq(v[1], 24);
	ck_assert_int_eq(setting_whole(&ps, "train.batch", &batch, &e), OK);
	ck_assert_int_eq(batch, 64);
	ck_assert_int_eq(setting_whole(&ps, "train.epochs", &batch, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "train.epochs is missing");
	ck_assert_int_eq(setting_choice(&ps, "form", &choice, &e), OK);
	ck_assert_int_eq(choice, DWA_EPOCH);
	params_set(&ps, &a, "form", "window");
	ck_assert_int_eq(setting_choice(&ps, "form", &choice, &e), OK);
	ck_assert_int_eq(choice, DWA_WINDOW);
	params_set(&ps, &a, "T", "1e7");
	ck_assert_int_eq(setting_real(&ps, "T", &T, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "T: 1e+07 is not in 1e-06 to 1e+06");
	ck_assert_int_eq(setting_bool(&ps, "train.optimizer.amsgrad", &on, &e), OK);
	ck_assert(!on);
	params_set(&ps, &a, "train.optimizer", "sgd"); /* which has none */
	on = true;
	ck_assert_int_eq(setting_bool(&ps, "train.optimizer.amsgrad", &on, &e), OK);
	ck_assert(on);
	params_set(&ps, &a, "train.optimizer.amsgrad", "true");
	ck_assert_int_eq(
		setting_bool(&ps, "train.optimizer.amsgrad", &on, &e), ERR_SPEC);
	arena_release(&a);
}
END_TEST

START_TEST(json_strings_escape_what_json_forbids)
{
	struct arena a = { 0 };
	struct str out = { .arena = &a };

	str_json(&out, "a\"b\\c\n\x01 \xce\xbb");
	ck_assert_str_eq(str_get(&out), "\"a\\\"b\\\\c\\u000a\\u0001 \xce\xbb\"");
	arena_release(&a);
}
END_TEST

Suite *suite_common(void);
Suite *suite_common(void)
{
	Suite *s = suite_create("common");
	TCase *tc = tcase_create("common");

	tcase_add_test(tc, context_grows_outward);
	tcase_add_test(tc, arena_memory_is_zero_after_a_rewind);
	tcase_add_test(tc, numbers_are_spelled_shortest_and_read_back);
	tcase_add_test(tc, a_number_is_spelled_as_by_trying_one_digit_after_the_other);
	tcase_add_test(tc, bytes_arrive_whole_whatever_room_there_is);
	tcase_add_test(tc, a_wait_goes_on_through_signals_and_a_pause_does_not);
	tcase_add_test(tc, of_several_errors_the_first_is_kept);
	tcase_add_test(tc, a_clock_only_goes_on);
	tcase_add_test(tc, text_that_is_no_number_is_refused);
	tcase_add_test(tc, a_slip_finds_the_nearest_name);
	tcase_add_test(tc, params_stay_sorted_and_unique);
	tcase_add_test(tc, synthetic_tasks_come_in_threes);
	tcase_add_test(tc, a_context_too_long_is_cut);
	tcase_add_test(tc, lists_of_numbers_are_read_whole_or_refused);
	tcase_add_test(tc, a_setting_is_given_or_the_tables_or_refused);
	tcase_add_test(tc, json_strings_escape_what_json_forbids);
	suite_add_tcase(s, tc);
	return s;
}
