/*
 * Runs whose database lies on a network file system (docs/CLUSTERS.md): DELTAM_NETWORK_FS=1
 * says that of the folder of the test, or tests/fuse.sh has put it on one.
 */
#include <check.h>
#include <glob.h>
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
#include "tests/lib/gate.h"
#include "tests/lib/scratch.h"

static const char search[] =
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", \"train\": 64, "
	"\"val\": 16, \"test\": 16, \"tasks\": 2 }, \"model\": \"mlp\", \"train\": { "
	"\"epochs\": 8, \"batch\": 16 }, \"methods\": [ \"ew\", { \"name\": \"uw_so\", "
	"\"T\": [1, 2, 4] } ], \"search\": { \"lr\": [0.01, 0.003, 0.001] }, "
	"\"final\": { \"seeds\": 2 } }";

static char said[65536];
static char wanted[DIGEST_MAX]; /* of a run on a local file system */

static const char *const run_here[] = { "deltam", "run", "s.json", "--db", "t.db",
	"--kernels", "avx2", "--workers", "2", NULL };

/* Forces it where the folder is a local one. */
static void on_the_network(void)
{
	unsetenv("DELTAM_NETWORK_FS");
	if (!getenv("DELTAM_TEST_FOLDER"))
		setenv("DELTAM_NETWORK_FS", "1", 1);
}

static void runs_well(const char *const argv[])
{
	int status = child_run(argv, NULL);

	scratch_read("err", said, sizeof(said));
	ck_assert_msg(status == 0, "%d: %s", status, said);
}

/* The sweep in s.json, trained as on a local disk. */
static void make_reference(void)
{
	setenv("DELTAM_NETWORK_FS", "0", 1);
	runs_well(run_here);
	digest_rows("t.db", wanted);
	ck_assert_int_eq(system("rm -rf t.db t.db-wal t.db-shm t.db.lock t.db.d"), 0);
	on_the_network();
}

static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	/* A tick is a tenth of a second: a lock stands still for three. */
	setenv("DELTAM_TIME_SCALE", "0.1", 1);
}

static void teardown(void)
{
	unsetenv("DELTAM_CACHE");
	unsetenv("DELTAM_TIME_SCALE");
	unsetenv("DELTAM_NETWORK_FS");
	scratch_leave();
}

static int64_t count(const char *sql)
{
	return query_int("t.db", sql);
}

static void ends_as_wanted(void)
{
	char got[DIGEST_MAX];

	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	ck_assert_str_eq(query_text("t.db", "PRAGMA journal_mode"), "delete");
	ck_assert_int_ne(access("t.db.lock", F_OK), 0);
	ck_assert_int_ne(access("t.db.d/copy.db", F_OK), 0);
}

START_TEST(the_rows_are_those_of_a_run_on_a_local_disk)
{
	static const char *const at_pilots[] = { "deltam", "run", "s.json", "--db",
		"p.db", "--launcher", "local", "--pilots", "2", "--workers", "1",
		NULL };
	char got[DIGEST_MAX];

	scratch_write("s.json", search, sizeof(search) - 1);
	make_reference();
	runs_well(run_here);
	ends_as_wanted();
	/* No worker has opened it: deltam has read their reports. */
	ck_assert_int_eq(
		count("SELECT count(*) FROM attempt WHERE coalesce(read_bytes, 0) = 0"),
		0);
	runs_well(at_pilots);
	ck_assert_str_eq(digest_rows("p.db", got), wanted);
	/* It may be moved to a local disk. */
	setenv("DELTAM_NETWORK_FS", "0", 1);
	runs_well(run_here);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
}
END_TEST

/* tests/fixtures/trainer/train.sh, which waits at a gate. */
static void write_gated_sweep(void)
{
	static char text[1 << 16];
	char path[4096];
	size_t n;

	snprintf(path, sizeof(path), "%s",
		scratch_source("tests/fixtures/trainer/train.sh"));
	n = scratch_read(path, text, sizeof(text));
	scratch_write("train.sh", text, n);
	n = (size_t)snprintf(text, sizeof(text),
		"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"sh\", \"train.sh\"], "
		"\"files\": [\"*.sh\"], \"deterministic\": true, \"tasks\": { \"a\": { "
		"\"acc\": \"higher\" }, \"b\": { \"err\": \"lower\" } } }, \"dataset\": "
		"{}, \"train\": { \"epochs\": 6%s }, \"methods\": [\"ew\"], "
		"\"search\": { \"lr\": [0.01, 0.003] } }",
		gate_key());
	scratch_write("s.json", text, n);
}

/* Whether a segment has reported an epoch. */
static bool has_begun(int unused)
{
	bool begun = false;
	struct stat st;
	glob_t found;

	(void)unused;
	if (glob("t.db.d/jobs/*/report.*", 0, NULL, &found))
		return false;
	for (size_t i = 0; i < found.gl_pathc; i++)
		begun |= !stat(found.gl_pathv[i], &st) && st.st_size > 200;
	globfree(&found);
	return begun;
}

/* A run that is at work, and does not end before the gate is opened. */
static void start_and_work(struct child *c)
{
	write_gated_sweep();
	make_reference();
	gate_close();
	child_start(c, run_here, NULL);
	ck_assert(await_file(has_begun, 0, 60));
}

/* Epochs that lack a row of their kind. */
static const char partial[] =
	"SELECT count(*) AS n FROM (SELECT 1 FROM (SELECT job, epoch, count(*) AS n FROM"
	" metric GROUP BY job, epoch) JOIN job ON id = job GROUP BY method, task"
	" HAVING min(n) <> max(n)) UNION ALL SELECT count(*) > 0 FROM metric";

START_TEST(who_reads_during_a_run_sees_whole_epochs)
{
	char text[8192];
	char answer[65536];
	const char *argv[] = { "/bin/sh", "-c", text, NULL };
	struct child c;
	bool open = false;

	snprintf(text, sizeof(text),
		"'%s' status --db t.db --json >status && '%s' table --db t.db --query "
		"\"%s\" --format csv >seen",
		program_path("deltam"), program_path("deltam"), partial);
	start_and_work(&c);
	do {
		ck_assert_int_eq(child_run(argv, NULL), 0);
		scratch_read("seen", answer, sizeof(answer));
		ck_assert_str_eq(answer, "n\n0\n1\n");
		if (!open)
			gate_open();
		open = true;
	} while (!child_ended(&c));
	ck_assert_int_eq(child_wait(&c), 0);
	ends_as_wanted();
	ck_assert_int_eq(child_run(argv, NULL), 0); /* the file itself */
}
END_TEST

static void expect_said(int status, const char *part)
{
	int got = child_run(run_here, NULL);

	scratch_read("err", said, sizeof(said));
	ck_assert_msg(got == status && strstr(said, part) != NULL, "%d: %s", got, said);
}

START_TEST(a_second_run_is_refused_until_the_first_is_dead)
{
	struct child first;
	char who[64];

	start_and_work(&first);
	snprintf(who, sizeof(who), "another deltam (process %d on ", (int)first.pid);
	expect_said(3, who);
	child_signal(&first, SIGKILL);
	ck_assert_int_eq(child_wait(&first), 128 + SIGKILL);
	ck_assert_int_eq(access("t.db.lock", F_OK), 0);
	gate_open();
	runs_well(run_here);
	ends_as_wanted();
}
END_TEST

static const char foreign[] = "process 7 on south\n0123456789abcdef 0000000042\n";

START_TEST(a_run_whose_lock_is_lost_ends_and_another_one_goes_on)
{
	struct child first;
	char text[256];

	start_and_work(&first);
	scratch_write("lock", foreign, sizeof(foreign) - 1);
	ck_assert_int_eq(rename("lock", "t.db.lock"), 0);
	gate_open();
	ck_assert_int_eq(child_wait(&first), 3);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(
		strstr(said, "another deltam (process 7 on south), which took over"),
		"%s", said);
	scratch_read("t.db.lock", text, sizeof(text));
	ck_assert_str_eq(text, foreign);
	runs_well(run_here); /* nobody counts in it */
	ends_as_wanted();
}
END_TEST

Suite *suite_network_fs(void);
Suite *suite_network_fs(void)
{
	Suite *s = suite_create("network_fs");
	TCase *tc = tcase_create("network_fs");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_rows_are_those_of_a_run_on_a_local_disk);
	tcase_add_test(tc, who_reads_during_a_run_sees_whole_epochs);
	tcase_add_test(tc, a_second_run_is_refused_until_the_first_is_dead);
	tcase_add_test(tc, a_run_whose_lock_is_lost_ends_and_another_one_goes_on);
	suite_add_tcase(s, tc);
	return s;
}
