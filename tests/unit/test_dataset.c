#include <check.h>
#include <fcntl.h>
#include <math.h>
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
#include "trainer-core/dataset.h"

enum { CANVAS = 36, SHIFT = 8, PICTURE = CANVAS * CANVAS };

/* The fake images at 300, 100 and 120 pairs. */
#define FAKE_DIGEST "0c9574531e291794313d07bb35c04727"

static struct arena arena;
static struct params ps;
static struct err err;

static void set(const char *name, const char *value)
{
	params_set(&ps, &arena, name, value);
}

static void sizes(const char *train, const char *val, const char *test)
{
	set("dataset.train", train);
	set("dataset.val", val);
	set("dataset.test", test);
}

/* Images and cache lie in one folder of the test's own. */
static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", ".", 1);
	unsetenv("DELTAM_DATA");
	arena = (struct arena){ 0 };
	ps = (struct params){ 0 };
	set("dataset.name", "multi_mnist");
	set("dataset.path", ".");
	sizes("300", "100", "120");
}

static void teardown(void)
{
	arena_release(&arena);
	scratch_leave();
}

/* The digest that a preparation comes to, in a text that lives as long as the test. */
static const char *digest(void)
{
	struct dataset d;

	prepared(&ps, &arena, &d);
	dataset_close(&d);
	return arena_strdup(&arena, d.digest);
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

static void write_at(const char *name, off_t at, const void *bytes, size_t n)
{
	int fd = open(name, O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, n, at), (ssize_t)n);
	ck_assert_int_eq(close(fd), 0);
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

static const uint8_t *bytes(const struct field *f)
{
	ck_assert_int_eq(f->element, ELEMENT_U8);
	return f->data;
}

/* --- overlays --- */

/* Reads back from a picture which image lies in a corner. */
static int top_left(const uint8_t *p)
{
	return p[0] + 250 * p[1] + 62500 * p[2];
}

static int bottom_right(const uint8_t *p)
{
	return p[PICTURE - 1] + 250 * p[PICTURE - 2] + 62500 * p[PICTURE - 3];
}

static int from_test(const uint8_t *p)
{
	ck_assert_int_eq(p[3], p[PICTURE - 4]);
	return p[3] == 9;
}

static int in_image(int y, int x)
{
	return y >= 0 && y < FAKE_SIDE && x >= 0 && x < FAKE_SIDE;
}

static int expected_pixel(int test, int a, int b, int y, int x)
{
	int first = in_image(y, x) ? fake_pixel(test, a, y, x) : 0;
	int second = in_image(y - SHIFT, x - SHIFT)
		? fake_pixel(test, b, y - SHIFT, x - SHIFT)
		: 0;

	return first > second ? first : second;
}

static void check_picture(const struct split_data *s, int i, int test)
{
	const uint8_t *p = bytes(&s->input) + (size_t)i * PICTURE;
	int a = top_left(p);
	int b = bottom_right(p);

	ck_assert_int_eq(from_test(p), test);
	for (int y = 0; y < CANVAS; y++)
		for (int x = 0; x < CANVAS; x++)
			ck_assert_int_eq(
				p[y * CANVAS + x], expected_pixel(test, a, b, y, x));
	ck_assert_int_eq(bytes(&s->target[0])[i], fake_label(test, a));
	ck_assert_int_eq(bytes(&s->target[1])[i], fake_label(test, b));
}

START_TEST(pictures_are_two_images_combined_by_maximum)
{
	struct dataset d;

	fake_write_plain();
	prepared(&ps, &arena, &d);
	ck_assert_int_eq(d.tasks, 2);
	ck_assert_str_eq(d.task[0].name, "top_left");
	ck_assert_str_eq(d.task[1].name, "bottom_right");
	for (int s = 0; s < SPLIT_COUNT; s++) {
		const struct split_data *split = &d.split[s];

		ck_assert_int_eq(split->n, s == 0 ? 300 : s == 1 ? 100 : 120);
		ck_assert_int_eq(split->input.c, 1);
		ck_assert_int_eq(split->input.h, CANVAS);
		ck_assert_int_eq(split->input.w, CANVAS);
		ck_assert_double_eq((double)split->input.scale, (double)(1.0f / 255));
		ck_assert_double_eq((double)split->target[1].scale, 1);
		ck_assert_uint_eq((uintptr_t)split->input.data % 64, 0);
		ck_assert_uint_eq((uintptr_t)split->target[1].data % 64, 0);
		for (int i = 0; i < split->n; i++)
			check_picture(split, i, s == SPLIT_TEST);
	}
	dataset_close(&d);
}
END_TEST

/* Pairs first .. first + n of the split: each image once in each corner. */
static void check_round(const struct split_data *s, int first, int n, int offset)
{
	uint8_t *seen = arena_alloc(&arena, (size_t)n, 1);

	for (int i = 0; i < n; i++) {
		const uint8_t *p = bytes(&s->input) + (size_t)(first + i) * PICTURE;
		int partner = bottom_right(p) - offset;

		ck_assert_int_eq(top_left(p), offset + i);
		ck_assert_int_ge(partner, 0);
		ck_assert_int_lt(partner, n);
		ck_assert_int_eq(seen[partner], 0);
		seen[partner] = 1;
	}
}

START_TEST(splits_use_disjoint_images_and_every_one_of_them)
{
	struct dataset d;

	fake_write_plain();
	params_unset(&ps, "dataset.train");
	params_unset(&ps, "dataset.val");
	params_unset(&ps, "dataset.test");
	prepared(&ps, &arena, &d);
	check_round(&d.split[SPLIT_TRAIN], 0, 50000, 0);
	check_round(&d.split[SPLIT_VAL], 0, 10000, 50000);
	check_round(&d.split[SPLIT_TEST], 0, 10000, 0);
	ck_assert_int_eq(from_test(bytes(&d.split[SPLIT_TRAIN].input)), 0);
	ck_assert_int_eq(from_test(bytes(&d.split[SPLIT_VAL].input)), 0);
	ck_assert_int_eq(from_test(bytes(&d.split[SPLIT_TEST].input)), 1);
	dataset_close(&d);
}
END_TEST

START_TEST(beyond_the_last_image_further_permutations_follow)
{
	struct dataset d;
	const struct split_data *val = &d.split[SPLIT_VAL];
	int same = 0;

	fake_write_plain();
	set("dataset.val", "20000");
	prepared(&ps, &arena, &d);
	check_round(val, 0, 10000, 50000);
	check_round(val, 10000, 10000, 50000);
	for (size_t i = 0; i < 10000; i++)
		same += bottom_right(bytes(&val->input) + i * PICTURE) ==
			bottom_right(bytes(&val->input) + (i + 10000) * PICTURE);
	ck_assert_int_lt(same, 20); /* one is to be expected */
	dataset_close(&d);
}
END_TEST

START_TEST(a_smaller_set_is_the_beginning_of_a_larger_one)
{
	struct dataset small;
	struct dataset large;

	fake_write_plain();
	prepared(&ps, &arena, &small);
	sizes("900", "101", "121");
	prepared(&ps, &arena, &large);
	for (int s = 0; s < SPLIT_COUNT; s++)
		ck_assert_mem_eq(small.split[s].input.data, large.split[s].input.data,
			(size_t)small.split[s].n * PICTURE);
	ck_assert_str_ne(small.digest, large.digest);
	dataset_close(&small);
	dataset_close(&large);
}
END_TEST

START_TEST(composition_and_partners_never_change)
{
	struct dataset d;
	const uint8_t *p;

	fake_write_plain();
	prepared(&ps, &arena, &d);
	p = bytes(&d.split[SPLIT_TRAIN].input);
	ck_assert_int_eq(bottom_right(p), 47706);
	ck_assert_int_eq(bottom_right(p + PICTURE), 15792);
	ck_assert_int_eq(bottom_right(p + 299 * PICTURE), 40067);
	ck_assert_str_eq(d.digest, FAKE_DIGEST);
	dataset_close(&d);
}
END_TEST

START_TEST(packed_files_compose_the_same)
{
	const char *plain;

	fake_write_plain();
	plain = digest();
	for (const char *const *f = (const char *const[]){ "train-images-idx3-ubyte",
		     "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
		     "t10k-labels-idx1-ubyte", NULL };
		*f; f++)
		ck_assert_int_eq(unlink(*f), 0);
	fake_write_gzip();
	ck_assert_str_eq(digest(), plain);
}
END_TEST

START_TEST(two_origins_lie_in_their_own_corners)
{
	const char *alike;

	fake_write_plain();
	alike = digest();
	set("dataset.name", "multi_fashion_mnist");
	set("dataset.path2", ".");
	ck_assert_str_eq(digest(), alike);
	set("dataset.path2", "elsewhere");
	not_prepared(&ps, &arena, ERR_DATA,
		"/elsewhere/train-images-idx3-ubyte: neither this file");
	not_prepared(&ps, &arena, ERR_DATA, "come with: make data");
	set("dataset.path", "elsewhere");
	not_prepared(&ps, &arena, ERR_DATA,
		"come with: apt-get install dataset-fashion-mnist");
}
END_TEST

START_TEST(missing_files_are_named_with_their_command)
{
	not_prepared(&ps, &arena, ERR_DATA,
		"/train-images-idx3-ubyte: neither this file nor "
		"train-images-idx3-ubyte.gz is there; these files come with: make "
		"data");
	not_prepared(&ps, &arena, ERR_DATA, "data set multi_mnist: /");
	ck_assert_str_eq(scratch_files(), "");
	set("dataset.path", "");
	setenv("DELTAM_DATA", "/nowhere", 1);
	not_prepared(&ps, &arena, ERR_DATA,
		" /nowhere/mnist/train-images-idx3-ubyte: neither");
}
END_TEST

START_TEST(corrupt_files_are_named_with_place_and_command)
{
	fake_write_plain();
	write_at("t10k-labels-idx1-ubyte", 8 + 77, "\x0c", 1);
	not_prepared(&ps, &arena, ERR_DATA,
		"/t10k-labels-idx1-ubyte: label 77 (byte 85 of the content) is 12, "
		"expected 0 to 9; these files come with: make data");
	write_at("t10k-labels-idx1-ubyte", 4, "\0\0\x27\x11", 4);
	not_prepared(&ps, &arena, ERR_DATA,
		"/t10k-labels-idx1-ubyte: byte 4: dimension 1 is 10001, expected "
		"10000; these files come with: make data");
	ck_assert_int_eq(truncate("train-images-idx3-ubyte", 1000), 0);
	not_prepared(&ps, &arena, ERR_DATA,
		"byte 1000: the file ends, expected 47039016 bytes");
	/* Nothing of the attempts remains. */
	ck_assert_ptr_null(strstr(scratch_files(), ".data"));
}
END_TEST

START_TEST(sizes_have_limits)
{
	fake_write_plain();
	set("dataset.train", "500001");
	not_prepared(&ps, &arena, ERR_SPEC,
		"dataset.train: 500001 is not in 1 to 500000, what multi_mnist can");
	set("dataset.train", "0");
	not_prepared(&ps, &arena, ERR_SPEC, "dataset.train: 0 is not in 1 to");
	set("dataset.name", "multi_mnits");
	not_prepared(&ps, &arena, ERR_SPEC, "unknown data set \"multi_mnits\"");
}
END_TEST

START_TEST(fashion_mnist_composes_as_ever)
{
	if (access("/usr/share/datasets/fashion-mnist", R_OK) != 0) {
		fprintf(stderr, "skipped: apt-get install dataset-fashion-mnist\n");
		return;
	}
	set("dataset.name", "multi_fashion");
	set("dataset.path", "");
	sizes("200", "100", "100");
	ck_assert_str_eq(digest(), "df017c01bf7a377dc7073dfbd631a044");
}
END_TEST

/* --- cache --- */

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
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		uint8_t b = read_at(cache_name(), places[i]) ^ 0x20;
		char what[64];

		snprintf(what, sizeof(what), "byte %lld", (long long)places[i]);
		write_at(cache_name(), places[i], &b, 1);
		expect_rebuilt(whole, what);
	}
	/* The last array: 120 labels, padded to 128. */
	write_at(cache_name(), st.st_size - 128 + 119, "\x63", 1);
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
	write_at("train-images-idx3-ubyte", 16 + 5 * 784 + 20 * 28 + 27, "\xff", 1);
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

		_exit(err_exit_status(dataset_prepare(&ps, &arena, &d, NULL)));
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

/* A child that prepares and tells which file it then found. */
static pid_t prepare_and_tell(int pipe_end)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct dataset d;
		int rc = dataset_prepare(&ps, &arena, &d, NULL);
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
		d.split[SPLIT_TEST].input.data, 120 * PICTURE);
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
		&ps, &arena, ERR_SYS, "/dev/null/deltam: cannot make this folder: ");
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

/* --- synthetic --- */

static void synthetic(const char *train, const char *noise)
{
	ps = (struct params){ 0 };
	set("dataset.name", "synthetic");
	set("dataset.noise", noise);
	sizes(train, "2000", "10");
}

START_TEST(synthetic_tasks_never_change)
{
	struct dataset d;

	synthetic("300", "0.1");
	prepared(&ps, &arena, &d);
	ck_assert_str_eq(d.digest, "60edc569cb66443e758e90f7fe9aabdb");
	ck_assert_int_eq(d.split[0].input.element, ELEMENT_F32);
	ck_assert_int_eq(d.split[0].target[0].element, ELEMENT_F32);
	ck_assert_int_eq(d.split[0].target[2].element, ELEMENT_U8);
	dataset_close(&d);
}
END_TEST

START_TEST(more_samples_or_tasks_leave_the_first_ones_as_they_are)
{
	struct dataset d;
	struct dataset more;

	synthetic("300", "0.1");
	prepared(&ps, &arena, &d);
	set("dataset.train", "400");
	set("dataset.tasks", "7");
	prepared(&ps, &arena, &more);
	ck_assert_mem_eq(d.split[0].input.data, more.split[0].input.data, 300 * 16 * 4);
	ck_assert_mem_eq(
		d.split[0].target[1].data, more.split[0].target[1].data, 300 * 4);
	ck_assert_mem_eq(d.split[0].target[2].data, more.split[0].target[2].data, 300);
	dataset_close(&d);
	dataset_close(&more);
}
END_TEST

START_TEST(loss_scales_belong_to_the_tasks_not_to_the_data)
{
	struct dataset d;
	const char *plain;

	synthetic("300", "0.1");
	plain = digest();
	set("dataset.scales", "2 3");
	set("dataset.tasks", "3");
	prepared(&ps, &arena, &d);
	ck_assert_str_eq(d.digest, plain);
	ck_assert_double_eq(d.task[0].loss_scale, 2);
	ck_assert_double_eq(d.task[1].loss_scale, 3);
	ck_assert_double_eq(d.task[2].loss_scale, 2);
	dataset_close(&d);
}
END_TEST

/* The line y = a + b . x that gradient descent finds on standard normal inputs. */
static void fit(const struct split_data *s, const float *y, double w[17])
{
	const float *x = s->input.data;

	memset(w, 0, 17 * sizeof(*w));
	for (int step = 0; step < 50; step++) {
		double g[17] = { 0 };

		for (int i = 0; i < s->n; i++) {
			double r = w[16] - (double)y[i];

			for (int j = 0; j < 16; j++)
				r += w[j] * (double)x[i * 16 + j];
			for (int j = 0; j < 16; j++)
				g[j] += r * (double)x[i * 16 + j] / s->n;
			g[16] += r / s->n;
		}
		for (int j = 0; j < 17; j++)
			w[j] -= 0.5 * g[j];
	}
}

static double predict(const struct split_data *s, int i, const double w[17])
{
	const float *x = s->input.data;
	double y = w[16];

	for (int j = 0; j < 16; j++)
		y += w[j] * (double)x[i * 16 + j];
	return y;
}

/* Share of the variance on s that the line explains. */
static double explained(const struct split_data *s, const float *y, const double w[17])
{
	double mean = 0;
	double rest = 0;
	double all = 0;

	for (int i = 0; i < s->n; i++)
		mean += (double)y[i] / s->n;
	for (int i = 0; i < s->n; i++) {
		double r = (double)y[i] - predict(s, i, w);

		rest += r * r;
		all += ((double)y[i] - mean) * ((double)y[i] - mean);
	}
	ck_assert_double_gt(all / s->n, 0.3); /* about 1 by construction */
	ck_assert_double_lt(all / s->n, 3);
	return 1 - rest / all;
}

START_TEST(regressions_carry_signal_that_carries_over)
{
	struct dataset d;

	synthetic("2000", "0.1");
	prepared(&ps, &arena, &d);
	for (int k = 0; k < 2; k++) {
		double w[17];

		fit(&d.split[SPLIT_TRAIN], d.split[SPLIT_TRAIN].target[k].data, w);
		ck_assert_double_gt(explained(&d.split[SPLIT_VAL],
					    d.split[SPLIT_VAL].target[k].data, w),
			0.4);
	}
	dataset_close(&d);
}
END_TEST

/* Accuracy on val of one line a class, fitted to 0 and 1 on train. */
static double class_accuracy(const struct dataset *d)
{
	const struct split_data *train = &d->split[SPLIT_TRAIN];
	const struct split_data *val = &d->split[SPLIT_VAL];
	float *is = NEW_ARRAY(&arena, float, train->n);
	double w[5][17];
	int right = 0;

	for (int c = 0; c < 5; c++) {
		for (int i = 0; i < train->n; i++)
			is[i] = (float)(bytes(&train->target[2])[i] == c);
		fit(train, is, w[c]);
	}
	for (int i = 0; i < val->n; i++) {
		int best = 0;

		for (int c = 1; c < 5; c++)
			if (predict(val, i, w[c]) > predict(val, i, w[best]))
				best = c;
		right += bytes(&val->target[2])[i] == best;
	}
	return (double)right / val->n;
}

START_TEST(classes_carry_signal_and_noise_takes_it_away)
{
	struct dataset d;

	synthetic("2000", "0");
	prepared(&ps, &arena, &d);
	ck_assert_double_gt(class_accuracy(&d), 0.45);
	dataset_close(&d);
	synthetic("2000", "1");
	prepared(&ps, &arena, &d);
	ck_assert_double_lt(class_accuracy(&d), 0.26); /* chance: 0.2, five sigma */
	dataset_close(&d);
}
END_TEST

START_TEST(noise_is_the_share_of_classes_drawn_anew_and_the_std_of_regressions)
{
	struct dataset clean;
	struct dataset noisy;
	const float *a;
	const float *b;
	double sum = 0;
	int changed = 0;

	synthetic("10000", "0");
	prepared(&ps, &arena, &clean);
	synthetic("10000", "0.25");
	prepared(&ps, &arena, &noisy);
	a = clean.split[0].target[0].data;
	b = noisy.split[0].target[0].data;
	for (int i = 0; i < 10000; i++) {
		sum += pow((double)(a[i] - b[i]), 2);
		changed += bytes(&clean.split[0].target[2])[i] !=
			bytes(&noisy.split[0].target[2])[i];
	}
	ck_assert_double_eq_tol(sqrt(sum / 10000), 0.25, 0.01);
	/* A class drawn anew is another one four times in five. */
	ck_assert_double_eq_tol(changed / 10000.0, 0.2, 0.02);
	dataset_close(&clean);
	dataset_close(&noisy);
}
END_TEST

static TCase *make_case(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120); /* under valgrind */
	return tc;
}

static TCase *overlays(void)
{
	TCase *tc = make_case("overlay");

	tcase_add_test(tc, pictures_are_two_images_combined_by_maximum);
	tcase_add_test(tc, splits_use_disjoint_images_and_every_one_of_them);
	tcase_add_test(tc, beyond_the_last_image_further_permutations_follow);
	tcase_add_test(tc, a_smaller_set_is_the_beginning_of_a_larger_one);
	tcase_add_test(tc, composition_and_partners_never_change);
	tcase_add_test(tc, packed_files_compose_the_same);
	tcase_add_test(tc, two_origins_lie_in_their_own_corners);
	tcase_add_test(tc, missing_files_are_named_with_their_command);
	tcase_add_test(tc, corrupt_files_are_named_with_place_and_command);
	tcase_add_test(tc, sizes_have_limits);
	tcase_add_test(tc, fashion_mnist_composes_as_ever);
	return tc;
}

static TCase *cache(void)
{
	TCase *tc = make_case("cache");

	tcase_add_test(tc, a_whole_cache_is_used_again);
	tcase_add_test(tc, a_flipped_byte_anywhere_is_noticed_and_healed);
	tcase_add_test(tc, a_torn_or_foreign_cache_is_composed_anew);
	tcase_add_test(tc, another_sets_cache_under_this_name_is_composed_anew);
	tcase_add_test(
		tc, a_changed_source_is_noticed_though_size_and_time_are_the_same);
	tcase_add_test(tc, a_half_written_cache_is_never_taken_for_a_whole_one);
	tcase_add_test(
		tc, of_processes_that_prepare_at_once_one_composes_and_all_agree);
	tcase_add_test(tc, open_maps_what_was_prepared_without_its_sources);
	tcase_add_test(tc, open_refuses_what_is_absent_torn_or_of_another_digest);
	tcase_add_test(tc, a_folder_that_cannot_be_made_is_an_error_of_the_system);
	tcase_add_test(tc, a_full_disk_is_an_error_and_leaves_nothing);
	return tc;
}

static TCase *synthetics(void)
{
	TCase *tc = make_case("synthetic");

	tcase_add_test(tc, synthetic_tasks_never_change);
	tcase_add_test(tc, more_samples_or_tasks_leave_the_first_ones_as_they_are);
	tcase_add_test(tc, loss_scales_belong_to_the_tasks_not_to_the_data);
	tcase_add_test(tc, regressions_carry_signal_that_carries_over);
	tcase_add_test(tc, classes_carry_signal_and_noise_takes_it_away);
	tcase_add_test(tc,
		noise_is_the_share_of_classes_drawn_anew_and_the_std_of_regressions);
	return tc;
}

Suite *suite_dataset(void);
Suite *suite_dataset(void)
{
	Suite *s = suite_create("dataset");

	suite_add_tcase(s, overlays());
	suite_add_tcase(s, cache());
	suite_add_tcase(s, synthetics());
	return s;
}
