/* Lines between deltam and a pilot: files that lag behind, and lines that are hostile. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "orchestrator/pilot/message.h"
#include "orchestrator/pilot/yard.h"
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"

static struct arena arena;
static struct err e;
static struct mail_in in;
static char heard[4096]; /* the lines, a | behind each */
static int wait_at; /* the line that is not yet there; 0: none */

static void setup(void)
{
	scratch_enter();
	e = (struct err){ 0 };
	in = (struct mail_in){ .path = "file" };
	heard[0] = '\0';
	wait_at = 0;
}

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

static int hear(void *arg, const char *line, size_t n, struct err *why)
{
	size_t at = strlen(heard);

	(void)arg;
	if (wait_at == in.line + 1)
		return MAIL_LATER;
	if (n == 3 && !memcmp(line, "bad", 3))
		return err_set(why, ERR_SPEC, "not good");
	snprintf(heard + at, sizeof(heard) - at, "%.*s|", (int)n, line);
	return MAIL_TAKEN;
}

static void write_file(const char *bytes, size_t n)
{
	scratch_write("file", bytes, n);
}

#define WRITE(text) write_file(text, sizeof(text) - 1)

static void hears(const char *wanted)
{
	must(mail_read(&in, hear, NULL, &e), &e);
	ck_assert_str_eq(heard, wanted);
}

START_TEST(half_lines_wait_for_their_end)
{
	hears(""); /* no file */
	WRITE("one\ntw");
	hears("one|");
	hears("one|");
	WRITE("one\ntwo\n\nthree");
	hears("one|two||");
	ck_assert_int_eq(in.line, 3);
}
END_TEST

START_TEST(bytes_that_have_not_come_wait_and_are_an_error_in_the_end)
{
	WRITE("one\nt\0o\nthree\n");
	for (int i = 0; i < MAIL_PATIENCE; i++)
		hears("one|");
	WRITE("one\ntwo\nthree\n");
	hears("one|two|three|");
	in = (struct mail_in){ .path = "file" };
	heard[0] = '\0';
	WRITE("one\nt\0o\nthree\n");
	for (int i = 0; i < MAIL_PATIENCE; i++)
		hears("one|");
	ck_assert_int_eq(mail_read(&in, hear, NULL, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "file:2: the line stays torn");
}
END_TEST

START_TEST(a_line_that_is_for_later_comes_again)
{
	wait_at = 2;
	WRITE("one\ntwo\nthree\n");
	hears("one|");
	hears("one|");
	wait_at = 0;
	hears("one|two|three|");
}
END_TEST

START_TEST(what_is_wrong_is_named_by_file_and_line)
{
	static char line[MAIL_LINE_MAX + 16];

	WRITE("one\nbad\n");
	ck_assert_int_eq(mail_read(&in, hear, NULL, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "file:2: not good");
	WRITE("o\n");
	ck_assert_int_eq(mail_read(&in, hear, NULL, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "file:2: the file was cut short");
	in = (struct mail_in){ .path = "file" };
	memset(line, 'x', sizeof(line));
	write_file(line, sizeof(line));
	ck_assert_int_eq(mail_read(&in, hear, NULL, &e), ERR_SPEC);
	ck_assert_str_eq(e.msg, "file:1: longer than 1 MiB");
	in = (struct mail_in){ .path = "file" };
	ck_assert_int_eq(unlink("file"), 0);
	ck_assert_int_eq(symlink("/etc/passwd", "file"), 0);
	ck_assert_int_eq(mail_read(&in, hear, NULL, &e), ERR_SYS);
}
END_TEST

START_TEST(what_is_written_is_read_and_what_cannot_be_written_stays)
{
	struct mail_out out = { .path = "file" };

	mail_put(&out, "one");
	ck_assert_int_eq(mail_flush(&out, &e), ERR_SYS); /* it must be there */
	must(mail_make("file", &e), &e);
	must(mail_flush(&out, &e), &e);
	mail_put(&out, "two");
	mail_put(&out, "three");
	must(mail_flush(&out, &e), &e);
	must(mail_flush(&out, &e), &e);
	must(mail_make("file", &e), &e); /* what is there stays */
	hears("one|two|three|");
	mail_out_release(&out);
}
END_TEST

START_TEST(places_of_others_are_refused)
{
	ck_assert_int_eq(mkdir("d", 0700), 0);
	must(yard_check_own("d", &e), &e);
	must(yard_check_own("nothing", &e), &e);
	ck_assert_int_eq(chmod("d", 0720), 0);
	ck_assert_int_eq(yard_check_own("d", &e), ERR_DATA);
	ck_assert_int_eq(chmod("d", 0702), 0);
	ck_assert_int_eq(yard_check_own("d", &e), ERR_DATA);
	ck_assert_ptr_nonnull(strstr(e.msg, "`chmod go-w d`"));
	if (!geteuid()) {
		ck_assert_int_eq(chmod("d", 0700), 0);
		ck_assert_int_eq(chown("d", 65534, 65534), 0);
		ck_assert_int_eq(yard_check_own("d", &e), ERR_DATA);
		ck_assert_ptr_nonnull(strstr(e.msg, "belongs to another user"));
	}
}
END_TEST

/* Messages. */

static void comes_back(const struct message *m, const char *text)
{
	const char *line = message_text(m, &arena);
	struct message again;

	ck_assert_str_eq(line, text);
	must(message_parse(&again, line, strlen(line), &arena, &e), &e);
	ck_assert_int_eq(again.kind, m->kind);
	ck_assert_str_eq(message_text(&again, &arena), line);
}

START_TEST(messages_come_back_as_they_were)
{
	static const char *const words[] = { "--until", "8", "a=\"b\"\n", NULL };
	const struct message start = { .kind = MESSAGE_START,
		.token = "5c",
		.folder = "jobs/9f",
		.argv = words,
		.slots = 2,
		.limit_seconds = 0.1 };
	const struct message hello = { .kind = MESSAGE_HELLO,
		.number = 1,
		.host = "h\xff",
		.pid = 7,
		.slots = 3,
		.build = "b" };
	const struct message leaving = { .kind = MESSAGE_LEAVING, .why = "told" };

	comes_back(&start,
		"{\"start\": \"5c\", \"folder\": \"jobs/9f\", \"argv\": [\"--until\", "
		"\"8\", \"a=\\\"b\\\"\\u000a\"], \"slots\": 2, \"limit_seconds\": 0.1, "
		"\"quiet_seconds\": 0, \"leave_seconds\": 0, \"grace_seconds\": 0}");
	comes_back(&hello,
		"{\"hello\": 1, \"build\": \"b\", \"slots\": 3, \"host\": \"h?\", "
		"\"pid\": 7}");
	comes_back(&leaving, "{\"leaving\": \"told\"}");
}
END_TEST

/* Field by field: what lies between them may be anything. */
static void expect_same_end(const struct sched_end *a, const struct sched_end *b)
{
	ck_assert_ptr_eq(a->task, b->task);
	ck_assert_int_eq(a->why, b->why);
	ck_assert_int_eq(a->status, b->status);
	ck_assert_int_eq(a->signal, b->signal);
	ck_assert_int_eq(a->pid, b->pid);
	ck_assert_double_eq(a->seconds, b->seconds);
	ck_assert_int_eq(a->spent, b->spent);
	ck_assert_double_eq(a->cpu_seconds, b->cpu_seconds);
	ck_assert_int_eq(a->peak_bytes, b->peak_bytes);
	ck_assert_int_eq(a->diverged_epoch, b->diverged_epoch);
	ck_assert_int_eq(a->torn, b->torn);
	ck_assert_str_eq(a->kernel_class, b->kernel_class);
	ck_assert_str_eq(a->build, b->build);
	ck_assert_str_eq(a->text, b->text);
}

START_TEST(every_way_to_end_comes_back)
{
	for (int why = SCHED_EXITED; why <= SCHED_LOST; why++) {
		const struct sched_task task = { .token = "ab" };
		const struct sched_end end = { .task = &task,
			.why = (enum sched_why)why,
			.status = 7,
			.signal = 9,
			.pid = 12,
			.seconds = 0.25,
			.spent = true,
			.cpu_seconds = 0.125,
			.peak_bytes = 4096,
			.diverged_epoch = 3,
			.torn = 2,
			.kernel_class = "avx2",
			.build = "x",
			.text = "why" };
		struct sched_end again = { .task = &task };
		struct message m, read;
		const char *line;

		message_of_end(&m, &end);
		line = message_text(&m, &arena);
		must(message_parse(&read, line, strlen(line), &arena, &e), &e);
		must(message_to_end(&read, &again, &e), &e);
		expect_same_end(&again, &end);
	}
}
END_TEST

START_TEST(hostile_lines_are_refused)
{
	static const struct {
		const char *line, *why;
	} cases[] = {
		{ "", "" },
		{ "[]", "no line between deltam and a pilot" },
		{ "{}", "no line between deltam and a pilot" },
		{ "{\"build\": \"x\"}", "no line between deltam and a pilot" },
		{ "{\"alive\": 1.5}", "\"alive\" is out of form" },
		{ "{\"alive\": \"1\"}", "\"alive\" is out of form" },
		{ "{\"alive\": 1e300}", "\"alive\" is out of form" },
		{ "{\"alive\": 1, \"alive\": 2}", "duplicate" },
		{ "{\"leave\": false}", "\"leave\" is out of form" },
		{ "{\"stop\": \"\"}", "\"stop\" is out of form" },
		{ "{\"stop\": \"../x\"}", "\"stop\" is out of form" },
		{ "{\"stop\": \"ABCD\"}", "\"stop\" is out of form" },
		{ "{\"stop\": \"0000000000000000000000000000000000000000\"}",
			"\"stop\" is out of form" },
		{ "{\"start\": \"ab\"}", "no \"argv\"" },
		{ "{\"start\": \"ab\", \"folder\": \"/etc\"}",
			"\"folder\" is out of form" },
		{ "{\"start\": \"ab\", \"folder\": \"jobs/../..\"}",
			"\"folder\" is out of form" },
		{ "{\"start\": \"ab\", \"folder\": \"jobs/x\", \"argv\": [1]}",
			"\"argv\" is out of form" },
		{ "{\"start\": \"ab\", \"folder\": \"jobs/x\", \"argv\": {}}",
			"\"argv\" is out of form" },
		{ "{\"beat\": 1, \"token\": \"ab\"}",
			"a key that \"beat\" does not have" },
		{ "{\"news\": \"ab\"}", "no \"bytes\"" },
		{ "{\"beat\": 1} {\"beat\": 2}", "" },
	};

	for (int i = 0; i < COUNT(cases); i++) {
		struct message m;
		int rc = message_parse(
			&m, cases[i].line, strlen(cases[i].line), &arena, &e);

		ck_assert_msg(rc == ERR_SPEC, "%s: %d", cases[i].line, rc);
		ck_assert_msg(strstr(e.msg, cases[i].why) != NULL, "%s: %s",
			cases[i].line, e.msg);
	}
}
END_TEST

Suite *suite_mail(void);
Suite *suite_mail(void)
{
	Suite *s = suite_create("mail");
	TCase *tc = tcase_create("mail");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, half_lines_wait_for_their_end);
	tcase_add_test(tc, bytes_that_have_not_come_wait_and_are_an_error_in_the_end);
	tcase_add_test(tc, a_line_that_is_for_later_comes_again);
	tcase_add_test(tc, what_is_wrong_is_named_by_file_and_line);
	tcase_add_test(tc, what_is_written_is_read_and_what_cannot_be_written_stays);
	tcase_add_test(tc, places_of_others_are_refused);
	tcase_add_test(tc, messages_come_back_as_they_were);
	tcase_add_test(tc, every_way_to_end_comes_back);
	tcase_add_test(tc, hostile_lines_are_refused);
	suite_add_tcase(s, tc);
	return s;
}
