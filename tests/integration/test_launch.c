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
	suite_add_tcase(s, tc);
	return s;
}
