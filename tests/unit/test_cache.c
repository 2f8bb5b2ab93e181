/*
 * The cache file of a data set: composed once, whole or not at all, never another's.
 */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/lib/fake_idx.h"
#include "tests/lib/prepared.h"
#include "tests/lib/scratch.h"

static struct arena arena;
static struct params ps;
static struct err err;

static void set(const char *name, const char *value)
{
	params_set(&ps, &arena, name, value);
}

static void setup(void)
{
	prepared_enter(&ps, &arena);
	fake_params(&ps, &arena);
}

static void teardown(void)
{
	prepared_leave(&arena);
}

static const char *digest(void)
{
	return prepared_digest(&ps, &arena);
}

/* The only cache file in the folder. */
static const char *cache_name(void)
{
	char *names = arena_strdup(&arena, scratch_files());
	const char *found = NULL;

	for (char *s = strtok(names, " "); s; s = strtok(NULL, " "))
		if (strstr(s, ".data") && !strstr(s, ".tmp")) {
			ck_assert_msg(!found, "%s and %s", found, s);
			found = s;
		}
	ck_assert_ptr_nonnull(found);
	return found;
}

static ino_t inode(const char *name)
{
	struct stat st;

	ck_assert_int_eq(stat(name, &st), 0);
	return st.st_ino;
}

static uint8_t read_at(const char *name, off_t at)
{
	uint8_t b;
	int fd = open(name, O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, &b, 1, at), 1);
	close(fd);
	return b;
}

START_TEST(a_whole_cache_is_used_again)
{
	const char *first;
	ino_t before;

	fake_write_plain();
	first = digest();
	before = inode(cache_name());
	ck_assert_str_eq(digest(), first);
	ck_assert_uint_eq(inode(cache_name()), before);
	ck_assert_ptr_null(strstr(scratch_files(), ".tmp"));
}
END_TEST

static void expect_rebuilt(const char *whole, const char *what)
{
	const char *name = cache_name();
	ino_t before = inode(name);

	ck_assert_msg(!strcmp(digest(), whole), "%s", what);
	ck_assert_msg(inode(name) != before, "%s: not composed anew", what);
}

START_TEST(a_flipped_byte_anywhere_is_noticed_and_healed)
{
	static const off_t places[] = { 0, 8, 12, 16, 24, 32, 63, 64, 100, 4000 };
	const char *whole;
	struct stat st;

	fake_write_plain();
	whole = digest();
	ck_assert_int_eq(stat(cache_name(), &st), 0);
	for (int i = 0; i < COUNT(places); i++) {
		uint8_t b = read_at(cache_name(), places[i]) ^ 0x20;
		char what[64];

		snprintf(what, sizeof(what), "byte %lld", (long long)places[i]);
		scratch_write_at(cache_name(), places[i], &b, 1);
		expect_rebuilt(whole, what);
	}
	/* The last array: 120 labels, padded to 128. */
	scratch_write_at(cache_name(), st.st_size - 128 + 119, "\x63", 1);
	expect_rebuilt(whole, "last label");
}
END_TEST

START_TEST(a_torn_or_foreign_cache_is_composed_anew)
{
	const char *whole;
	struct stat st;

	fake_write_plain();
	whole = digest();
	ck_assert_int_eq(stat(cache_name(), &st), 0);
	ck_assert_int_eq(truncate(cache_name(), st.st_size - 1), 0);
	expect_rebuilt(whole, "a byte short");
	ck_assert_int_eq(truncate(cache_name(), st.st_size + 64), 0);
	expect_rebuilt(whole, "too long");
	ck_assert_int_eq(truncate(cache_name(), 10), 0);
	expect_rebuilt(whole, "10 bytes");
	ck_assert_int_eq(truncate(cache_name(), 0), 0);
	expect_rebuilt(whole, "empty");
	scratch_write(cache_name(),
		"#!/bin/sh\necho not a data set, but a script that is "
		"long enough to have a header\n",
		80);
	expect_rebuilt(whole, "foreign");
}
END_TEST

START_TEST(another_sets_cache_under_this_name_is_composed_anew)
{
	const char *whole;
	const char *name;
	const char *other;

	fake_write_plain();
	whole = digest();
	name = cache_name();
	ck_assert_int_eq(rename(name, "kept"), 0);
	set("dataset.train", "301"); /* the same number of 64-byte blocks of labels */
	(void)digest();
	other = cache_name();
	ck_assert_int_eq(rename(other, name), 0);
	set("dataset.train", "300");
	expect_rebuilt(whole, "another set");
}
END_TEST

START_TEST(a_changed_source_is_noticed_though_size_and_time_are_the_same)
{
	struct stat st;
	struct timespec times[2];
	const char *before;
	ino_t old;

	fake_write_plain();
	before = digest();
	old = inode(cache_name());
	ck_assert_int_eq(stat("train-images-idx3-ubyte", &st), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	/* The last pixel of image 5's row 20. */
	scratch_write_at(
		"train-images-idx3-ubyte", 16 + 5 * 784 + 20 * 28 + 27, "\xff", 1);
	ck_assert_int_eq(utimensat(AT_FDCWD, "train-images-idx3-ubyte", times, 0), 0);
	ck_assert_str_ne(digest(), before);
	ck_assert_uint_ne(inode(cache_name()), old);
}
END_TEST

/* A child that prepares; its exit status is that of the preparation. */
static pid_t prepare_elsewhere(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct dataset d;

		_exit(err_exit_status(dataset_prepare(&ps, NULL, &arena, &d, NULL)));
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static void killed_at(const char *point)
{
	int status;

	(void)unlink("marker");
	setenv("DELTAM_CRASH", arena_printf(&arena, "%s@marker", point), 1);
	ck_assert_int_gt(waitpid(prepare_elsewhere(), &status, 0), 0);
	unsetenv("DELTAM_CRASH");
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_ptr_nonnull(strstr(scratch_files(), ".data.tmp"));
}

/* The second process finds what the first left, the third what the second left. */
START_TEST(a_half_written_cache_is_never_taken_for_a_whole_one)
{
	const char *no_fork = getenv("CK_FORK");

	/* A process that has passed a crash point has read DELTAM_CRASH for good. */
	if (no_fork && !strcmp(no_fork, "no"))
		return;
	fake_write_plain();
	killed_at("cache.before_sync");
	killed_at("cache.before_rename");
	ck_assert_str_eq(digest(), FAKE_DIGEST);
	ck_assert_ptr_null(strstr(scratch_files(), ".tmp"));
	(void)cache_name();
}
END_TEST

/* What stop_at_once does in a worker that composes. */
static void on_leave(int number)
{
	cache_abandon();
	_exit(128 + number);
}

START_TEST(a_composer_that_is_asked_to_leave_leaves_nothing)
{
	struct cache cache = { .path = "made/a.data", .what = "w", .sources = "" };
	struct cache_writer w;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGTERM, on_leave);
		if (!cache_lock(&w, &cache, &arena, NULL) &&
			!access("made/a.data.tmp", F_OK))
			raise(SIGTERM);
		_exit(0);
	}
	ck_assert_int_gt(waitpid(pid, &status, 0), 0);
	ck_assert_int_eq(WEXITSTATUS(status), 128 + SIGTERM);
	ck_assert_int_ne(access("made/a.data.tmp", F_OK), 0);
}
END_TEST

/* A child that prepares and tells which file it then found. */
static pid_t prepare_and_tell(int pipe_end)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct dataset d;
		int rc = dataset_prepare(&ps, NULL, &arena, &d, NULL);
		ino_t found = inode(cache_name());

		rc = rc || write(pipe_end, &found, sizeof(found)) != sizeof(found);
		_exit(rc != 0);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

START_TEST(of_processes_that_prepare_at_once_one_composes_and_all_agree)
{
	enum { N = 5 };
	pid_t pid[N];
	ino_t found;
	int ends[2];

	fake_write_plain();
	ck_assert_int_eq(pipe(ends), 0);
	for (int i = 0; i < N; i++)
		pid[i] = prepare_and_tell(ends[1]);
	for (int i = 0; i < N; i++) {
		int status;

		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert_int_eq(status, 0);
		ck_assert_int_eq(read(ends[0], &found, sizeof(found)), sizeof(found));
		ck_assert_uint_eq(found, inode(cache_name()));
	}
	close(ends[0]);
	close(ends[1]);
	ck_assert_ptr_null(strstr(scratch_files(), ".tmp"));
	ck_assert_str_eq(digest(), FAKE_DIGEST);
}
END_TEST

START_TEST(open_maps_what_was_prepared_without_its_sources)
{
	struct dataset d;
	struct dataset again;

	fake_write_plain();
	prepared(&ps, &arena, &d);
	ck_assert_int_eq(unlink("train-images-idx3-ubyte"), 0);
	set("dataset.digest", d.digest);
	ck_assert_msg(dataset_open(&ps, &arena, &again, &err) == OK, "%s", err.msg);
	ck_assert_str_eq(again.digest, d.digest);
	ck_assert_int_eq(again.split[SPLIT_TEST].n, 120);
	ck_assert_mem_eq(again.split[SPLIT_TEST].input.data,
		d.split[SPLIT_TEST].input.data, 120 * 36 * 36);
	dataset_close(&d);
	dataset_close(&again);
}
END_TEST

START_TEST(open_refuses_what_is_absent_torn_or_of_another_digest)
{
	struct dataset d;

	fake_write_plain();
	ck_assert_int_eq(dataset_open(&ps, &arena, &d, &err), ERR_DATA);
	ck_assert_ptr_nonnull(strstr(err.msg, ".data is absent; `deltam run`"));
	(void)digest();
	set("dataset.digest", "00000000000000000000000000000000");
	ck_assert_int_eq(dataset_open(&ps, &arena, &d, &err), ERR_DATA);
	ck_assert_ptr_nonnull(strstr(err.msg, "planned with 00000000000000"));
	params_unset(&ps, "dataset.digest");
	ck_assert_int_eq(truncate(cache_name(), 4096), 0);
	ck_assert_int_eq(dataset_open(&ps, &arena, &d, &err), ERR_DATA);
	ck_assert_ptr_nonnull(strstr(err.msg, ".data is torn; `deltam run`"));
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_an_error_of_the_system)
{
	fake_write_plain();
	setenv("DELTAM_CACHE", "/dev/null/deltam", 1);
	not_prepared(
		&ps, &arena, ERR_SYS, "cannot make the folder /dev/null/deltam: Not");
	not_prepared(&ps, &arena, ERR_SYS, "DELTAM_CACHE names another one: ");
	unsetenv("DELTAM_CACHE");
	unsetenv("XDG_CACHE_HOME");
	unsetenv("HOME");
	not_prepared(&ps, &arena, ERR_SYS, "set DELTAM_CACHE to a folder");
}
END_TEST

/* A limit on file sizes stands for a disk without room. */
START_TEST(a_full_disk_is_an_error_and_leaves_nothing)
{
	const struct rlimit small = { 100000, RLIM_INFINITY };
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	fake_write_plain();
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	not_prepared(&ps, &arena, ERR_SYS, ".data.tmp: no room for ");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	signal(SIGXFSZ, SIG_DFL);
	ck_assert_ptr_null(strstr(scratch_files(), ".data"));
}
END_TEST

Suite *suite_cache(void);
Suite *suite_cache(void)
{
	Suite *s = suite_create("cache");
	TCase *tc = tcase_create("cache");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_whole_cache_is_used_again);
	tcase_add_test(tc, a_flipped_byte_anywhere_is_noticed_and_healed);
	tcase_add_test(tc, a_torn_or_foreign_cache_is_composed_anew);
	tcase_add_test(tc, another_sets_cache_under_this_name_is_composed_anew);
	tcase_add_test(
		tc, a_changed_source_is_noticed_though_size_and_time_are_the_same);
	tcase_add_test(tc, a_half_written_cache_is_never_taken_for_a_whole_one);
	tcase_add_test(
		tc, of_processes_that_prepare_at_once_one_composes_and_all_agree);
	tcase_add_test(tc, a_composer_that_is_asked_to_leave_leaves_nothing);
	tcase_add_test(tc, open_maps_what_was_prepared_without_its_sources);
	tcase_add_test(tc, open_refuses_what_is_absent_torn_or_of_another_digest);
	tcase_add_test(tc, a_folder_that_cannot_be_made_is_an_error_of_the_system);
	tcase_add_test(tc, a_full_disk_is_an_error_and_leaves_nothing);
	suite_add_tcase(s, tc);
	return s;
}
