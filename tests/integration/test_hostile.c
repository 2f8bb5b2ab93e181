/* A run where the system or somebody else is against it: it says what is wrong, or goes on. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

static const char sweep[] =
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", \"train\": 8,"
	" \"val\": 8, \"test\": 8 }, \"train\": { \"epochs\": 2, \"batch\": 4 },"
	" \"methods\": [\"ew\"], \"search\": { \"lr\": [0.001, 0.003] },"
	" \"limits\": { \"retries\": 1 } }";

#define JOBS 12 /* of that sweep */

static char said[65536];

static void setup(void)
{
	scratch_enter();
	scratch_write("s.json", sweep, strlen(sweep));
	setenv("DELTAM_CACHE", "cache", 1);
}

static void teardown(void)
{
	unsetenv("DELTAM_CACHE");
	unsetenv("DELTAM_WORKER");
	scratch_leave();
}

/* deltam run, behind words of sh; its exit status, what it said in `said`. */
static int run_behind(const char *words)
{
	char text[8192];
	const char *argv[] = { "/bin/sh", "-c", text, NULL };
	int status;

	snprintf(text, sizeof(text), "%s '%s' run s.json --db t.db --workers 2", words,
		program_path("deltam"));
	status = child_run(argv, NULL);
	scratch_read("err", said, sizeof(said));
	return status;
}

static void runs_well(void)
{
	int status = run_behind("");

	ck_assert_msg(status == 0, "%d: %s", status, said);
	ck_assert_int_eq(
		query_int("t.db", "SELECT count(*) FROM job WHERE epochs_done=2"),
		JOBS);
}

START_TEST(few_descriptors_are_an_error_with_a_word)
{
	char words[64];

	for (int n = 5; n <= 24; n++) {
		int status;

		snprintf(words, sizeof(words), "ulimit -n %d;", n);
		status = run_behind(words);
		ck_assert_msg(status < 128, "%d descriptors: %d: %s", n, status, said);
		ck_assert_msg(status == 0 || strlen(said) > 10 || n < 6,
			"%d descriptors: %d without a word", n, status);
	}
	runs_well();
}
END_TEST

START_TEST(a_limit_on_the_size_of_files_is_an_error_with_a_word)
{
	int status = run_behind("ulimit -f 64;");

	ck_assert_msg(status > 0 && status < 128, "%d: %s", status, said);
	ck_assert_int_gt((int)strlen(said), 10);
	runs_well();
}
END_TEST

/*
 * In a mount namespace of its own, which root has, and others where the kernel allows it;
 * whatever is mounted there goes with its last process.
 */
#define ON_SMALL_DISK \
	"unshare -rm sh -c 'mkdir -p disk && mount -t tmpfs -o size=%dk x disk "

START_TEST(a_full_disk_is_called_a_full_disk)
{
	char words[512];
	const char *argv[] = { "/bin/sh", "-c", words, NULL };

	snprintf(words, sizeof(words), ON_SMALL_DISK "'", 16);
	if (child_run(argv, NULL))
		return; /* nobody may mount here */
	runs_well();
	for (int kilobytes = 200; kilobytes <= 1200; kilobytes += 200) {
		snprintf(words, sizeof(words),
			ON_SMALL_DISK
			"&& cp s.json t.db disk && cd disk && { cat "
			"/dev/zero >fill; exec \"$1\" table --db t.db; }' - '%s'",
			kilobytes, program_path("deltam"));
		ck_assert_int_eq(child_run(argv, NULL), 3);
		scratch_read("err", said, sizeof(said));
		ck_assert_msg(
			strstr(said, "t.db: cannot read: database or disk is full") !=
				NULL,
			"%d KB: %s", kilobytes, said);
	}
}
END_TEST

START_TEST(a_run_outlives_those_who_read_its_words)
{
	char text[8192];
	const char *argv[] = { "/bin/sh", "-c", text, NULL };

	snprintf(text, sizeof(text),
		"'%s' run s.json --db t.db --workers 2 2>&1 | true",
		program_path("deltam"));
	for (int i = 0; i < 2; i++)
		(void)child_run(argv, NULL);
	ck_assert_int_eq(
		query_int("t.db", "SELECT count(*) FROM job WHERE epochs_done=2"),
		JOBS);
}
END_TEST

START_TEST(a_file_in_the_place_of_the_folder_is_seen_before_anything_is_made)
{
	scratch_write("t.db.d", "", 0);
	ck_assert_int_eq(run_behind(""), 3);
	ck_assert_ptr_nonnull(strstr(said, "t.db.d is no folder"));
	ck_assert_int_ne(access("t.db", F_OK), 0);
}
END_TEST

START_TEST(links_beside_the_database_lead_nowhere)
{
	char text[64];

	scratch_write("theirs", "theirs", 6);
	ck_assert_int_eq(mkdir("t.db.d", 0700), 0);
	ck_assert_int_eq(mkdir("t.db.d/logs", 0700), 0);
	ck_assert_int_eq(symlink("../../theirs", "t.db.d/logs/.slot-0"), 0);
	ck_assert_int_eq(symlink("../../theirs", "t.db.d/logs/.slot-1"), 0);
	runs_well();
	ck_assert_int_eq(symlink("theirs", "t.db.lock"), 0);
	ck_assert_int_eq(run_behind(""), 3);
	ck_assert_ptr_nonnull(strstr(said, "it is a symbolic link"));
	scratch_read("theirs", text, sizeof(text));
	ck_assert_str_eq(text, "theirs");
}
END_TEST

START_TEST(a_child_that_is_killed_is_asked_again)
{
	char script[8192];
	const char *argv[] = { "deltam", "run", "s.json", "--db", "t.db", NULL };

	snprintf(script, sizeof(script),
		"#!/bin/sh\ncase $1 in --prepare)\n[ -e killed ] || { : >killed; kill -9 $$; }"
		" ;;\nesac\nexec '%s' \"$@\"\n",
		program_path("deltam-worker"));
	scratch_write("worker.sh", script, strlen(script));
	ck_assert_int_eq(chmod("worker.sh", 0700), 0);
	setenv("DELTAM_WORKER", "./worker.sh", 1);
	ck_assert_int_eq(child_run(argv, NULL), 0);
	ck_assert_int_eq(access("killed", F_OK), 0);
}
END_TEST

START_TEST(what_no_deltam_has_written_is_told)
{
	runs_well();
	query_run("t.db", "UPDATE job SET epochs=9223372036854775807");
	ck_assert_int_eq(run_behind("timeout 60"), 3);
	ck_assert_msg(strstr(said, "which deltam never writes") != NULL, "%s", said);
}
END_TEST

/* Four megabytes of as many values as that holds, at two places of a sweep file. */
static void write_values(const char *before, const char *value, const char *after)
{
	FILE *f = fopen("big.json", "w");

	ck_assert_ptr_nonnull(f);
	fputs(before, f);
	for (size_t n = 0; n < (4u << 20) - 400; n += strlen(value) + 1)
		fprintf(f, "%s%s", n ? "," : "", value);
	fputs(after, f);
	fclose(f);
}

START_TEST(a_large_sweep_file_takes_little_memory)
{
	static const char *const values[] = { "1", "[]", "{}", "[1,0]", "\"ew\"" };
	const char *argv[] = { "deltam", "check", "--no-data", "big.json", NULL };
	struct rusage used;

	for (int i = 0; i < COUNT(values); i++) {
		write_values("{\"sweep\":\"t\",\"methods\":[", values[i], "]}");
		ck_assert_int_eq(child_run(argv, NULL), 2);
	}
	getrusage(RUSAGE_CHILDREN, &used);
	ck_assert_int_lt(used.ru_maxrss, 256 << 10); /* KiB, of the largest */
}
END_TEST

START_TEST(more_workers_than_a_machine_has_room_for_are_refused)
{
	const char *argv[] = { "deltam", "run", "s.json", "--workers", "100000", NULL };

	ck_assert_int_eq(child_run(argv, NULL), 2);
	ck_assert_int_ne(access("s.db", F_OK), 0);
}
END_TEST

Suite *suite_hostile(void);
Suite *suite_hostile(void)
{
	Suite *suite = suite_create("hostile");
	TCase *tc = tcase_create("hostile");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, few_descriptors_are_an_error_with_a_word);
	tcase_add_test(tc, a_limit_on_the_size_of_files_is_an_error_with_a_word);
	tcase_add_test(tc, a_full_disk_is_called_a_full_disk);
	tcase_add_test(tc, a_run_outlives_those_who_read_its_words);
	tcase_add_test(
		tc, a_file_in_the_place_of_the_folder_is_seen_before_anything_is_made);
	tcase_add_test(tc, links_beside_the_database_lead_nowhere);
	tcase_add_test(tc, a_child_that_is_killed_is_asked_again);
	tcase_add_test(tc, what_no_deltam_has_written_is_told);
	tcase_add_test(tc, a_large_sweep_file_takes_little_memory);
	tcase_add_test(tc, more_workers_than_a_machine_has_room_for_are_refused);
	suite_add_tcase(suite, tc);
	return suite;
}
