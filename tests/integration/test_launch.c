/*
 * Slurm's programs that hang, refuse and are slow: scripts in their places, whose jobs are
 * processes here. What a Slurm does by itself is test_slurm.c's.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/arena.h"
#include "tests/lib/await.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

static const char search[] =
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", \"train\": 64, "
	"\"val\": 16, \"test\": 16, \"tasks\": 2 }, \"model\": \"mlp\", \"train\": { "
	"\"epochs\": 8, \"batch\": 16 }, \"methods\": [ \"ew\", { \"name\": \"uw_so\", "
	"\"T\": [1, 2, 4] } ], \"search\": { \"lr\": [0.01, 0.003, 0.001] }, "
	"\"final\": { \"seeds\": 2 } }";

static const char *const at_two[] = { "deltam", "run", "s.json", "--db", "t.db",
	"--launcher", "slurm", "--pilots", "2", "--workers", "1", NULL };

static char said[65536];

/* A program of Slurm, which finds the name of its job in $name and its log in $log. */
static void put_program(const char *program, const char *text)
{
	static const char front[] =
		"#!/bin/sh\n"
		"for word; do case $word in --output=*) log=${word#*=} ;;"
		" --job-name=*) name=${word#*=} ;; --name=*) name=${word#*=} ;;"
		" esac; done\n"
		"echo \"$name\" >>${0##*/}.calls\n";
	static char script[4096];
	char path[64];
	int n = snprintf(script, sizeof(script), "%s%s", front, text);

	snprintf(path, sizeof(path), "bin/%s", program);
	scratch_write(path, script, (size_t)n);
	ck_assert_int_eq(chmod(path, 0755), 0);
}

/* The script that sbatch is given as a process, in a session of its own. */
#define START "setsid sh \"$word\" >>\"$log\" 2>&1 </dev/null &\necho 7\n"

static void setup(void)
{
	static char path[8192];
	char here[2048];

	scratch_enter();
	ck_assert_int_eq(mkdir("bin", 0755), 0);
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/bin:%s", here, getenv("PATH"));
	setenv("PATH", path, 1);
	setenv("DELTAM_TIME_SCALE", "0.01", 1);
	scratch_write("s.json", search, strlen(search));
	scratch_write("sbatch.calls", "", 0);
	put_program("sbatch", START);
	put_program("squeue", "cat sbatch.calls\n");
	put_program("scancel", "");
}

static void teardown(void)
{
	unsetenv("DELTAM_TIME_SCALE");
	scratch_leave();
}

static void wanted_rows(char digest[DIGEST_MAX])
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db",
		"here.db", "--kernels", "avx2", NULL };

	ck_assert_int_eq(child_run(argv, NULL), 0);
	digest_rows("here.db", digest);
}

static int64_t count(const char *sql)
{
	return query_int("t.db", sql);
}

static int calls(const char *program)
{
	char file[64];
	char text[4096];
	int n = 0;

	snprintf(file, sizeof(file), "%s.calls", program);
	if (access(file, F_OK) != 0)
		return 0;
	scratch_read(file, text, sizeof(text));
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		n++;
	return n;
}

/* n segments are done, and sbatch was called twice. */
static bool has_done(int n)
{
	return calls("sbatch") >= 2 && access("t.db", F_OK) == 0 &&
		count("SELECT count(*) FROM sqlite_schema WHERE name='attempt'") &&
		count("SELECT count(*) FROM attempt WHERE outcome='done'") >= n;
}

static bool is_asked(int unused)
{
	(void)unused;
	return access("asked", F_OK) == 0;
}

/* Without a wait for a reader or a writer at the other end. */
static int open_both_ends(const char *fifo)
{
	int fd = open(fifo, O_RDWR);

	ck_assert_int_ge(fd, 0);
	return fd;
}

START_TEST(programs_of_slurm_that_hang_keep_no_segment_waiting)
{
	char wanted[DIGEST_MAX], got[DIGEST_MAX];
	struct child c;
	int fd;

	wanted_rows(wanted);
	ck_assert_int_eq(mkfifo("go", 0600), 0);
	ck_assert_int_eq(mkfifo("never", 0600), 0);
	put_program("sbatch",
		"if [ $(wc -l <sbatch.calls) = 2 ]; then read -r x <go; fi\n" START);
	put_program("squeue", "read -r x <never\n");
	child_start(&c, at_two, NULL);
	ck_assert(await_file(has_done, 8, 120));
	fd = open_both_ends("go");
	ck_assert_int_eq(write(fd, "a\n", 2), 2);
	ck_assert_int_eq(child_wait(&c), 0);
	close(fd);
	child_close_pipe(&c);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(!strstr(said, "has not answered"), "%s", said);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	ck_assert_int_eq(count("SELECT count(*) FROM pilot WHERE launcher_job='7'"), 2);
}
END_TEST

/* Its job may come all the same, and is told to leave: nobody is left who would listen. */
START_TEST(an_interrupt_does_not_wait_for_sbatch)
{
	struct child c;

	ck_assert_int_eq(mkfifo("go", 0600), 0);
	put_program("sbatch", ">asked; read -r x <go\n");
	child_start(&c, at_two, NULL);
	ck_assert(await_file(is_asked, 0, 120));
	child_signal(&c, SIGINT);
	ck_assert_int_eq(child_wait(&c), 130);
	child_close_pipe(&c);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(!strstr(said, "has not answered"), "%s", said);
	ck_assert_int_eq(system("cmp -s sbatch.calls scancel.calls"), 0);
	ck_assert_int_eq(system("grep -q '{\"leave\": true}' t.db.d/pilots/*/in.1"), 0);
	ck_assert_int_eq(count("SELECT count(*) FROM pilot WHERE ended IS NULL"), 0);
}
END_TEST

START_TEST(a_refusal_is_told_once_and_tried_again)
{
	char wanted[DIGEST_MAX], got[DIGEST_MAX];
	const char *first;

	wanted_rows(wanted);
	put_program("sbatch",
		"if [ $(wc -l <sbatch.calls) -lt 3 ]; then echo 'the queue is full' >&2;"
		" exit 1; fi\n" START);
	ck_assert_int_eq(child_run(at_two, NULL), 0);
	scratch_read("err", said, sizeof(said));
	first = strstr(said, "no pilot: sbatch: the queue is full; it is tried again");
	ck_assert_msg(first != NULL, "%s", said);
	ck_assert_ptr_null(strstr(first + 1, "no pilot: "));
	ck_assert_int_eq(count("SELECT count(*) FROM pilots WHERE why="
			       "'sbatch: the queue is full'"),
		2);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
}
END_TEST

/* The second job stays in the queue, and is called off there. */
START_TEST(what_waits_in_the_queue_at_the_end_is_called_off)
{
	put_program("sbatch",
		"if [ $(wc -l <sbatch.calls) = 2 ]; then echo 8; exit; fi\n" START);
	ck_assert_int_eq(child_run(at_two, NULL), 0);
	ck_assert_int_eq(calls("sbatch"), 2);
	ck_assert_int_eq(
		system("grep -qxF \"$(tail -n 1 sbatch.calls)\" scancel.calls"), 0);
	ck_assert_int_eq(
		count("SELECT count(*) FROM pilot WHERE launcher_job='8' AND began IS"
		      " NULL AND ended IS NOT NULL"),
		1);
}
END_TEST

static const char *const at_one[] = { "deltam", "run", "s.json", "--db", "t.db",
	"--launcher", "slurm", "--workers", "1", NULL };

/* Whether the words are on the stderr of the child that runs. */
static const char *awaited;
static bool is_said(int unused)
{
	(void)unused;
	if (access("err", F_OK) != 0)
		return false;
	scratch_read("err", said, sizeof(said));
	return strstr(said, awaited) != NULL;
}

static void await_said(const char *words)
{
	awaited = words;
	ck_assert_msg(await_file(is_said, 0, 60), "\"%s\" is not in: %s", words, said);
}

static void expect_said(const char *words)
{
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(strstr(said, words), "\"%s\" is not in: %s", words, said);
}

/* A job that gets a number, 11 or 12, and stays in the queue. */
#define QUEUED "echo $((10 + $(wc -l <sbatch.calls)))\n"
/* What squeue says of each. */
#define SAY(words) "while read -r n; do echo \"$n|" words "\"; done <sbatch.calls\n"

static bool has_numbers(int n)
{
	return access("t.db", F_OK) == 0 &&
		count("SELECT count(*) FROM sqlite_schema WHERE name='pilot'") &&
		count("SELECT count(*) FROM pilot WHERE launcher_job IS NOT NULL") >= n;
}

START_TEST(a_deltam_that_goes_before_its_pilots_come_says_what_stays)
{
	char wanted[DIGEST_MAX], got[DIGEST_MAX];
	struct child c;

	wanted_rows(wanted);
	put_program("sbatch", QUEUED);
	child_start(&c, at_two, NULL);
	ck_assert(await_file(has_numbers, 2, 60));
	child_signal(&c, SIGTERM);
	ck_assert_int_eq(child_wait(&c), 130);
	child_close_pipe(&c);
	expect_said(
		"interrupted; 2 jobs have not begun and stay in the queue of Slurm, ");
	expect_said("`scancel 12 11` cancels what has not begun");
	ck_assert_int_eq(calls("scancel"), 0);
	/* Somebody does so: the successor notices, and asks for others. */
	put_program("squeue", "");
	put_program("sbatch", START);
	ck_assert_int_eq(child_run(at_two, NULL), 0);
	expect_said(
		"pilot 1 is gone: it never began, and its launcher does not know it");
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
}
END_TEST

START_TEST(an_interrupt_says_what_it_cancels)
{
	struct child c;

	put_program("sbatch", QUEUED);
	child_start(&c, at_two, NULL);
	ck_assert(await_file(has_numbers, 2, 60));
	child_signal(&c, SIGINT);
	ck_assert_int_eq(child_wait(&c), 130);
	child_close_pipe(&c);
	expect_said("interrupted; 2 jobs had not begun and were cancelled; ");
	ck_assert_int_eq(calls("scancel"), 2);
}
END_TEST

static bool has_looked(int n)
{
	return calls("squeue") >= n;
}

START_TEST(the_reason_of_a_long_wait_is_said_once)
{
	struct child c;
	int looks;

	put_program("sbatch", QUEUED);
	put_program("squeue", SAY("PENDING|1:00|PartitionTimeLimit"));
	child_start(&c, at_two, NULL);
	await_said("2 pilots wait in the queue of Slurm: PartitionTimeLimit, which may "
		   "not pass by itself; `scontrol show job 12` says more");
	looks = calls("squeue");
	ck_assert(await_file(has_looked, looks + 2, 60));
	put_program("squeue", SAY("PENDING|1:00|Priority"));
	await_said("2 pilots wait in the queue of Slurm: Priority\n");
	child_signal(&c, SIGINT);
	ck_assert_int_eq(child_wait(&c), 130);
	child_close_pipe(&c);
	expect_said("PartitionTimeLimit");
	ck_assert_ptr_null(strstr(strstr(said, "TimeLimit") + 1, "TimeLimit"));
}
END_TEST

/* Slurm still has the job, so nothing but its own words tells. */
START_TEST(a_setup_that_fails_is_known_at_once)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--launcher", "slurm", "--workers", "1", "--setup", "set up.sh", NULL };
	static const char script[] = "module load nothing\nexit 9\n";

	scratch_write("set up.sh", script, sizeof(script) - 1);
	ck_assert_int_eq(child_run(argv, NULL), 3);
	expect_said("pilot 1 is gone: it left (failed): its script ended with status 9 "
		    "before it began; its log ends: ");
	expect_said("module: not found\n");
	expect_said("pilots ended without a segment, 3 times in a row; ");
	ck_assert_int_eq(calls("sbatch"), 3);
}
END_TEST

START_TEST(a_job_that_ends_before_its_pilot_begins_is_named_with_its_state)
{
	put_program("sbatch", QUEUED);
	put_program("squeue", SAY("FAILED|0:00|NonZeroExitCode"));
	ck_assert_int_eq(child_run(at_one, NULL), 3);
	expect_said("pilot 1 is gone: its job has ended before it began: FAILED, "
		    "NonZeroExitCode");
}
END_TEST

/* A trainer that begins when there is a file `go`: $HERE is no part of the sweep. */
static void write_waiting_sweep(void)
{
	static const char slow[] = "[ -e \"$HERE/go\" ] || read -r x <\"$HERE/never\"\n"
				   "exec sh train.sh\n";
	static const char sweep[] =
		"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"sh\", \"slow.sh\"],"
		" \"files\": [\"*.sh\"], \"deterministic\": true, \"tasks\": { \"a\": {"
		" \"acc\": \"higher\" }, \"b\": { \"err\": \"lower\" } } }, \"dataset\": {},"
		" \"train\": { \"epochs\": 2 }, \"methods\": [\"ew\"], \"search\": { \"lr\":"
		" [0.01] } }";
	static char text[1 << 14];
	char path[4096];
	size_t n;

	snprintf(path, sizeof(path), "%s",
		scratch_source("tests/fixtures/trainer/train.sh"));
	n = scratch_read(path, text, sizeof(text));
	scratch_write("train.sh", text, n);
	scratch_write("slow.sh", slow, sizeof(slow) - 1);
	scratch_write("s.json", sweep, sizeof(sweep) - 1);
	ck_assert_ptr_nonnull(getcwd(path, sizeof(path)));
	setenv("HERE", path, 1);
	ck_assert_int_eq(mkfifo("never", 0600), 0);
}

/* n segments are at work, as `status` and the rows have it. */
static bool are_at_work(int n)
{
	return has_numbers(1) && count("SELECT sum(running) FROM pilots") == n;
}

/* A pilot at work gets SIGTERM, as by scancel, when squeue has told how much time it has. */
static void cancelled_with(const char *squeue, const char *why)
{
	char words[256];
	struct child c;

	ck_assert_int_eq(system("rm -rf t.db* *.calls go; touch sbatch.calls"), 0);
	put_program("squeue", squeue);
	child_start(&c, at_one, NULL);
	ck_assert(await_file(are_at_work, 1, 60));
	ck_assert(await_file(has_looked, calls("squeue") + 2, 60));
	ck_assert_int_eq(system("touch go; kill -TERM $(sed -n"
				" 's/{\"hello\".*\"pid\": \\([0-9]*\\).*/\\1/p'"
				" t.db.d/pilots/*/out)"),
		0);
	ck_assert_int_eq(child_wait(&c), 0);
	child_close_pipe(&c);
	expect_said("pilot 1 on ");
	snprintf(words, sizeof(words), " is gone: %s", why);
	expect_said(words);
	expect_said("pilot 2, job 7 takes the place of pilot 1\n");
	ck_assert_str_eq(
		query_text("t.db", "SELECT why FROM pilots WHERE pilot=1"), why);
}

START_TEST(a_pilot_that_was_cancelled_is_told_from_one_whose_time_is_over)
{
	write_waiting_sweep();
	cancelled_with(SAY("RUNNING|59:00|None"),
		"it was cancelled or preempted (SIGTERM 59 min before its time limit)");
	cancelled_with(SAY("RUNNING|UNLIMITED|None"),
		"it was cancelled or preempted (SIGTERM, and it has no time limit)");
	cancelled_with(SAY("RUNNING|1:10|None"), "it left (time)");
	cancelled_with("cat sbatch.calls\n", "it was told to end (SIGTERM)");
}
END_TEST

START_TEST(a_time_limit_that_leaves_no_time_is_warned_of)
{
	const char *argv[] = { "deltam", "run", "s.json", "--db", "t.db", "--launcher",
		"slurm", "--sbatch", NULL, NULL };

	argv[8] = "-p x -t 0:01";
	ck_assert_int_eq(child_run(argv, NULL), 0);
	expect_said(
		"the time limit of a job (0:01) is 1 s, and a pilot is told to leave "
		"1 s before its end: it trains next to nothing");
	ck_assert_int_eq(system("rm -rf t.db*"), 0);
	argv[8] = "--time 0:02 --time=8:00:00";
	ck_assert_int_eq(child_run(argv, NULL), 0);
	scratch_read("err", said, sizeof(said));
	ck_assert_ptr_null(strstr(said, "time limit"));
}
END_TEST

Suite *suite_launch(void);
Suite *suite_launch(void)
{
	Suite *s = suite_create("launch");
	TCase *tc = tcase_create("launch");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, programs_of_slurm_that_hang_keep_no_segment_waiting);
	tcase_add_test(tc, an_interrupt_does_not_wait_for_sbatch);
	tcase_add_test(tc, a_refusal_is_told_once_and_tried_again);
	tcase_add_test(tc, what_waits_in_the_queue_at_the_end_is_called_off);
	tcase_add_test(tc, a_deltam_that_goes_before_its_pilots_come_says_what_stays);
	tcase_add_test(tc, an_interrupt_says_what_it_cancels);
	tcase_add_test(tc, the_reason_of_a_long_wait_is_said_once);
	tcase_add_test(tc, a_setup_that_fails_is_known_at_once);
	tcase_add_test(
		tc, a_job_that_ends_before_its_pilot_begins_is_named_with_its_state);
	tcase_add_test(
		tc, a_pilot_that_was_cancelled_is_told_from_one_whose_time_is_over);
	tcase_add_test(tc, a_time_limit_that_leaves_no_time_is_warned_of);
	suite_add_tcase(s, tc);
	return s;
}
