#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/arena.h"
#include "common/proto.h"
#include "worker/pipe.h"

/* Lines as they came out of the reader, spelled back. */
struct seen {
	char text[4096];
	int n;
};

static void on_line(const struct proto_line *line, void *arg)
{
	static const char *const names[] = { [PROTO_HELLO] = "hello",
		[PROTO_BEAT] = "beat",
		[PROTO_EPOCH] = "epoch",
		[PROTO_SPENT] = "spent",
		[PROTO_LINE_DIVERGED] = "diverged",
		[PROTO_ERROR] = "error",
		[PROTO_LINE_DONE] = "done" };
	struct seen *seen = arg;
	size_t n = strlen(seen->text);

	snprintf(seen->text + n, sizeof(seen->text) - n, "%s:%d:%s%s%s;",
		names[line->kind], line->epoch, line->kernel_class, line->build,
		line->text);
	seen->n++;
}

static const char stream[] =
	"hello avx2 1f2e\nbeat\nepoch 7\nspent 1.5 4096\ndiverged 3 loss is "
	"nan\nerror no memory for this\n";
static const char spelled[] =
	"hello:0:avx21f2e;beat:0:;epoch:7:;spent:0:;diverged:3:loss is "
	"nan;error:0:no memory for this;";

START_TEST(lines_survive_a_split_at_any_byte)
{
	size_t n = strlen(stream);

	for (size_t cut = 0; cut <= n; cut++) {
		struct proto_reader r = { 0 };
		struct seen seen = { 0 };

		proto_feed(&r, stream, cut, on_line, &seen);
		proto_feed(&r, stream + cut, n - cut, on_line, &seen);
		ck_assert_str_eq(seen.text, spelled);
		ck_assert_int_eq(r.torn, 0);
	}
}
END_TEST

START_TEST(lines_survive_byte_by_byte)
{
	struct proto_reader r = { 0 };
	struct seen seen = { 0 };

	for (const char *s = stream; *s; s++)
		proto_feed(&r, s, 1, on_line, &seen);
	ck_assert_str_eq(seen.text, spelled);
}
END_TEST

START_TEST(a_fragment_waits_for_its_end)
{
	struct proto_reader r = { 0 };
	struct seen seen = { 0 };

	proto_feed(&r, "epo", 3, on_line, &seen);
	ck_assert_int_eq(seen.n, 0);
	proto_feed(&r, "ch 12\n", 6, on_line, &seen);
	ck_assert_str_eq(seen.text, "epoch:12:;");
}
END_TEST

START_TEST(an_overlong_line_is_dropped_whole)
{
	struct proto_reader r = { 0 };
	struct seen seen = { 0 };
	char flood[PROTO_LINE_MAX];

	memset(flood, 'x', sizeof(flood));
	proto_feed(&r, "error ", 6, on_line, &seen);
	for (int i = 0; i < 5; i++)
		proto_feed(&r, flood, sizeof(flood), on_line, &seen);
	proto_feed(&r, "\nbeat\n", 6, on_line, &seen);
	ck_assert_str_eq(seen.text, "beat:0:;");
	ck_assert_int_eq(r.torn, 1);
}
END_TEST

START_TEST(the_longest_line_passes)
{
	struct proto_reader r = { 0 };
	struct seen seen = { 0 };
	char line[PROTO_LINE_MAX + 1];

	memset(line, 'x', sizeof(line));
	memcpy(line, "error ", 6);
	line[PROTO_LINE_MAX - 1] = '\n';
	proto_feed(&r, line, PROTO_LINE_MAX, on_line, &seen);
	ck_assert_int_eq(seen.n, 1);
	line[PROTO_LINE_MAX - 1] = 'x';
	line[PROTO_LINE_MAX] = '\n';
	proto_feed(&r, line, PROTO_LINE_MAX + 1, on_line, &seen);
	ck_assert_int_eq(seen.n, 1);
	ck_assert_int_eq(r.torn, 1);
}
END_TEST

START_TEST(a_line_with_a_nul_is_dropped)
{
	struct proto_reader r = { 0 };
	struct seen seen = { 0 };

	proto_feed(&r, "beat\0\nbeat\n", 11, on_line, &seen);
	ck_assert_int_eq(seen.n, 1);
	ck_assert_int_eq(r.torn, 1);
}
END_TEST

START_TEST(what_is_no_line_of_ours_is_refused)
{
	static const char *const bad[] = { "", " ", "beat 1", "Beat", "epoch",
		"epoch x", "epoch -1", "epoch 1 2", "epoch 99999999999", "hello",
		"hello avx2", "hello avx2 b c", "diverged", "diverged x", "epoch\t1",
		"spent", "spent 1", "spent -1 5", "spent x 5", "spent 1 -5",
		"spent 1 5 5" };

	for (int i = 0; i < COUNT(bad); i++) {
		struct proto_line line;
		struct err e = { 0 };

		ck_assert_msg(proto_parse(bad[i], &line, &e) == ERR_FAILED,
			"\"%s\" passed", bad[i]);
	}
}
END_TEST

/* A process that never comes back from its step until it is killed. */
static pid_t start_busy(int fds[2])
{
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(fds[1], PROTO_FD);
		pipe_open();
		for (volatile unsigned i = 0;; i++)
			;
	}
	close(fds[1]);
	return pid;
}

START_TEST(a_worker_beats_in_the_middle_of_a_step)
{
	static const char two[] = "beat\nbeat\n";
	char text[sizeof(two)] = "";
	size_t n = 0;
	int fds[2];
	pid_t pid = start_busy(fds);

	while (n < sizeof(two) - 1) {
		ssize_t got = read(fds[0], text + n, sizeof(two) - 1 - n);

		ck_assert_int_gt(got, 0);
		n += (size_t)got;
	}
	ck_assert_str_eq(text, two);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(fds[0]);
}
END_TEST

Suite *suite_proto(void);
Suite *suite_proto(void)
{
	Suite *s = suite_create("proto");
	TCase *c = tcase_create("proto");

	tcase_add_test(c, lines_survive_a_split_at_any_byte);
	tcase_add_test(c, lines_survive_byte_by_byte);
	tcase_add_test(c, a_fragment_waits_for_its_end);
	tcase_add_test(c, an_overlong_line_is_dropped_whole);
	tcase_add_test(c, the_longest_line_passes);
	tcase_add_test(c, a_line_with_a_nul_is_dropped);
	tcase_add_test(c, what_is_no_line_of_ours_is_refused);
	tcase_add_test(c, a_worker_beats_in_the_middle_of_a_step);
	suite_add_tcase(s, c);
	return s;
}
