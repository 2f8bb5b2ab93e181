/*
 * The worker as a real process on a real database: whatever happens to it, the rows end
 * as those of a run that nothing happened to.
 */
#include <check.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/jobs.h"
#include "tests/lib/scratch.h"

#define EPOCHS 8

static char wanted[DIGEST_MAX]; /* of ref.db: the job of seed 5 without trouble */
static int64_t job;
static int tokens;
static char last_token[16];

static const char *const *command(const char *db, const char *token)
{
	static char id[32];
	static const char *argv[] = { "deltam-worker", "--db", NULL, "--job", id,
		"--token", NULL, NULL };

	snprintf(id, sizeof(id), "%lld", (long long)job);
	argv[2] = db;
	argv[6] = token;
	return argv;
}

/* The arguments of a new attempt to stop_epoch on t.db. */
static const char *const *attempt(int stop_epoch)
{
	snprintf(last_token, sizeof(last_token), "t%d", ++tokens);
	jobs_attempt("t.db", job, last_token, stop_epoch);
	return command("t.db", last_token);
}

static void complete_reference(void)
{
	jobs_create("ref.db");
	job = jobs_add("ref.db", "uw", 5, EPOCHS);
	jobs_attempt("ref.db", job, "ref", EPOCHS);
	ck_assert_int_eq(child_run(command("ref.db", "ref"), NULL), PROTO_DONE);
	digest_rows("ref.db", wanted);
}

static void fresh_job(void)
{
	char name[32];
	static const char *const ends[] = { "", "-wal", "-shm" };

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "t.db%s", ends[i]);
		(void)unlink(name);
	}
	jobs_create("t.db");
	ck_assert_int_eq(jobs_add("t.db", "uw", 5, EPOCHS), job);
}

static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	complete_reference();
	fresh_job();
}

static void teardown(void)
{
	scratch_leave();
}

static int64_t rows(void)
{
	return query_int("t.db", "SELECT count(*) FROM metric");
}

static int64_t last_epoch(void)
{
	return query_int("t.db", "SELECT coalesce(max(epoch), 0) FROM metric");
}

static bool has_checkpoint(void)
{
	char path[128];

	snprintf(path, sizeof(path), "t.db.d/checkpoints/%032llx.ckpt",
		(unsigned long long)job);
	return access(path, F_OK) == 0;
}

/* Every epoch that has a row has all of them, in both tables, from 1 on. */
static void only_whole_epochs(void)
{
	ck_assert_int_le(query_int("t.db",
				 "SELECT count(DISTINCT n) FROM (SELECT count(*) AS n"
				 " FROM metric GROUP BY job, epoch)"),
		1);
	ck_assert_int_eq(
		query_int("t.db", "SELECT count(DISTINCT epoch) FROM task_weight"),
		last_epoch());
	ck_assert_int_eq(query_int("t.db", "SELECT count(DISTINCT epoch) FROM metric"),
		last_epoch());
	ck_assert_str_eq(query_text("t.db", "PRAGMA integrity_check"), "ok");
}

static void ends_as_the_reference(void)
{
	char got[DIGEST_MAX];

	only_whole_epochs();
	ck_assert_int_eq(child_run(attempt(EPOCHS), NULL), PROTO_DONE);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	ck_assert(!has_checkpoint());
}

START_TEST(says_hello_then_every_epoch)
{
	struct child c;
	char line[32];

	child_start(&c, attempt(EPOCHS), NULL);
	ck_assert(child_line(&c));
	ck_assert_int_eq(strncmp(c.line, "hello ", 6), 0);
	for (int i = 1; i <= EPOCHS; i++) {
		snprintf(line, sizeof(line), "epoch %d", i);
		ck_assert(child_line(&c));
		ck_assert_str_eq(c.line, line);
	}
	ck_assert(child_line(&c));
	ck_assert_str_eq(c.line, "done");
	ck_assert(!child_line(&c));
	ck_assert_int_eq(child_wait(&c), PROTO_DONE);
	ends_as_the_reference();
}
END_TEST

/* Two segments of one job and one of another, by one process. */
START_TEST(after_a_segment_it_trains_the_next_that_it_is_given)
{
	int64_t other = jobs_add("t.db", "uw", 6, EPOCHS);
	struct child c;
	char line[64];

	child_start_open(&c, attempt(3), NULL);
	ck_assert(child_wait_for(&c, "done"));
	jobs_attempt("t.db", other, "other", EPOCHS);
	snprintf(line, sizeof(line), "%lld other\n", (long long)other);
	child_say(&c, line);
	ck_assert(child_wait_for(&c, "done"));
	jobs_attempt("t.db", job, "rest", EPOCHS);
	snprintf(line, sizeof(line), "%lld rest\n", (long long)job);
	child_say(&c, line);
	ck_assert(child_wait_for(&c, "done"));
	child_close_pipe(&c);
	ck_assert_int_eq(child_wait(&c), PROTO_DONE);
	snprintf(line, sizeof(line), "DELETE FROM metric WHERE job = %lld",
		(long long)other);
	query_run("t.db", line);
	snprintf(line, sizeof(line), "DELETE FROM task_weight WHERE job = %lld",
		(long long)other);
	query_run("t.db", line);
	ends_as_the_reference();
}
END_TEST

START_TEST(a_worker_that_waits_leaves_when_asked)
{
	struct child c;

	child_start_open(&c, attempt(3), NULL);
	ck_assert(child_wait_for(&c, "done"));
	child_signal(&c, SIGTERM);
	ck_assert_int_eq(child_wait(&c), PROTO_DONE);
	child_start_open(&c, attempt(5), NULL);
	ck_assert(child_wait_for(&c, "done"));
	child_say(&c, "7\n");
	ck_assert_int_eq(child_wait(&c), PROTO_USAGE);
	ends_as_the_reference();
}
END_TEST

START_TEST(in_segments_the_rows_are_those_of_one_run)
{
	struct child c;

	ck_assert_int_eq(child_run(attempt(2), NULL), PROTO_DONE);
	ck_assert(has_checkpoint());
	ck_assert_int_eq(last_epoch(), 2);
	child_start(&c, attempt(5), NULL);
	ck_assert(child_line(&c) && child_line(&c));
	ck_assert_str_eq(c.line, "epoch 3");
	ck_assert_int_eq(child_wait(&c), PROTO_DONE);
	ends_as_the_reference();
}
END_TEST

START_TEST(what_is_trained_is_not_trained_again)
{
	ck_assert_int_eq(child_run(attempt(EPOCHS), NULL), PROTO_DONE);
	ck_assert_int_eq(child_run(attempt(EPOCHS), "DELTAM_CRASH=epoch.mid@marker"),
		PROTO_DONE);
	ck_assert_int_ne(access("marker", F_OK), 0);
	ends_as_the_reference();
}
END_TEST

START_TEST(killed_at_every_crash_point_it_ends_the_same)
{
	static const char *const points[] = { "epoch.mid@marker@1",
		"epoch.mid@marker@47", "commit.before@marker@1",
		"commit.before@marker@3", "commit.after@marker@1",
		"commit.after@marker@8", "checkpoint.before_rename@marker@1",
		"checkpoint.before_rename@marker@4", "checkpoint.after_rename@marker@1",
		"checkpoint.after_rename@marker@4" };
	char env[96];

	for (int i = 0; i < COUNT(points); i++) {
		fresh_job();
		(void)unlink("marker");
		snprintf(env, sizeof(env), "DELTAM_CRASH=%s", points[i]);
		ck_assert_msg(child_run(attempt(EPOCHS), env) == 128 + SIGKILL, "%s",
			points[i]);
		ends_as_the_reference();
	}
}
END_TEST

START_TEST(killed_at_random_instants_it_ends_the_same)
{
	const int kills = child_kills();
	unsigned state = 2463534242U;
	int hits = 0;

	for (int tries = 0; hits < kills; tries++) {
		struct child c;
		int64_t before = last_epoch();
		int status;

		ck_assert_int_lt(tries, 50 * kills);
		child_start(&c, attempt(EPOCHS), NULL);
		ck_assert(child_line(&c));
		child_let_live(&c, child_draw(&state) % 20000);
		child_signal(&c, SIGKILL);
		status = child_wait(&c);
		if (status != PROTO_DONE) /* it was not quicker */
			ck_assert_int_eq(status, 128 + SIGKILL);
		hits += status != PROTO_DONE;
		only_whole_epochs();
		ck_assert_int_ge(last_epoch(), before);
		if (last_epoch() == EPOCHS) {
			ends_as_the_reference();
			fresh_job();
		}
	}
	ends_as_the_reference();
}
END_TEST

START_TEST(terminated_it_leaves_a_checkpoint_and_goes_on_from_there)
{
	struct child c;
	char next[32];
	int status;

	do { /* one that has ended before the signal does not count */
		fresh_job();
		child_start(&c, attempt(EPOCHS), NULL);
		ck_assert(child_wait_for(&c, "epoch 2"));
		child_signal(&c, SIGTERM);
		status = child_wait(&c);
	} while (status == PROTO_DONE);
	ck_assert_int_eq(status, PROTO_INTERRUPTED);
	ck_assert(has_checkpoint());
	snprintf(next, sizeof(next), "epoch %lld", (long long)last_epoch() + 1);
	child_start(&c, attempt(EPOCHS), NULL);
	ck_assert(child_line(&c) && child_line(&c));
	ck_assert_str_eq(c.line, next);
	ck_assert_int_eq(child_wait(&c), PROTO_DONE);
	ends_as_the_reference();
}
END_TEST

/* A worker that has two epochs and cannot commit the third before query_release. */
static struct sqlite3 *held_at_epoch_3(struct child *c)
{
	struct sqlite3 *held;
	const char *const *argv;

	ck_assert_int_eq(child_run(attempt(2), NULL), PROTO_DONE);
	argv = attempt(EPOCHS);
	held = query_hold("t.db");
	child_start(c, argv, NULL);
	ck_assert(child_line(c)); /* hello: it knows its attempt */
	return held;
}

START_TEST(without_a_reader_it_stops)
{
	struct child c;
	struct sqlite3 *held = held_at_epoch_3(&c);

	child_close_pipe(&c);
	query_release(held, "");
	ck_assert_int_eq(child_wait(&c), PROTO_INTERRUPTED);
	/* a beat may find nobody before the commit of the third epoch */
	ck_assert_int_ge(last_epoch(), 2);
	ck_assert_int_le(last_epoch(), 3);
	ends_as_the_reference();
}
END_TEST

START_TEST(with_a_stale_token_it_writes_nothing)
{
	struct child c;
	struct sqlite3 *held = held_at_epoch_3(&c);
	int64_t there = rows();

	query_release(held, "UPDATE attempt SET outcome = 'lost'");
	ck_assert_int_eq(child_wait(&c), PROTO_STALE);
	ck_assert_int_eq(rows(), there);
	ck_assert_int_eq(child_run(command("t.db", last_token), NULL), PROTO_STALE);
	ck_assert_int_eq(rows(), there);
	ends_as_the_reference();
}
END_TEST

START_TEST(a_row_that_differs_stops_it)
{
	struct child c;
	char name[64];

	ck_assert_int_eq(child_run(attempt(4), NULL), PROTO_DONE);
	query_run("t.db",
		"UPDATE metric SET value = value * 1.0000000000000002"
		" WHERE epoch = 2 AND split = 'val' AND name = 'loss'");
	snprintf(name, sizeof(name), "t.db.d/checkpoints/%032llx.ckpt",
		(unsigned long long)job);
	ck_assert_int_eq(unlink(name), 0);
	child_start(&c, attempt(EPOCHS), NULL);
	ck_assert(child_wait_for(&c, "epoch 1"));
	ck_assert(child_line(&c));
	ck_assert_msg(!strncmp(c.line, "error epoch 2: val ", 19), "%s", c.line);
	ck_assert_int_eq(child_wait(&c), PROTO_DETERMINISM);
	ck_assert_int_eq(last_epoch(), 4);
}
END_TEST

START_TEST(divergence_is_reported_with_its_epoch_and_stores_no_nan)
{
	struct child c;
	bool said = false;
	int epoch = 0;

	jobs_set("t.db", job, "lr", "1e30");
	child_start(&c, attempt(EPOCHS), NULL);
	while (child_line(&c))
		said |= sscanf(c.line, "diverged %d", &epoch) == 1;
	ck_assert_int_eq(child_wait(&c), PROTO_DIVERGED);
	ck_assert(said);
	ck_assert_int_eq(last_epoch(), epoch - 1);
	ck_assert_int_eq(
		query_int(
			"t.db", "SELECT count(*) FROM metric WHERE abs(value) > 1e308"),
		0);
	ck_assert(!has_checkpoint());
}
END_TEST

START_TEST(rows_of_another_kernel_class_go_and_the_job_starts_over)
{
	struct child c;

	ck_assert_int_eq(child_run(attempt(3), "DELTAM_KERNELS=portable"), PROTO_DONE);
	ck_assert_int_eq(strncmp(query_text("t.db", "SELECT kernel_class FROM job"),
				 "portable", 8),
		0);
	query_run("t.db", "UPDATE metric SET value = value * 1.0000000000000002");
	query_run("t.db", "UPDATE job SET kernel_class = 'other'");
	child_start(&c, attempt(5), NULL);
	ck_assert(child_line(&c) && child_line(&c));
	ck_assert_str_eq(c.line, "epoch 1");
	ck_assert_int_eq(child_wait(&c), PROTO_DONE);
	ends_as_the_reference();
}
END_TEST

static void change_checkpoint(long at)
{
	char name[64];
	FILE *f;
	int byte;

	snprintf(name, sizeof(name), "t.db.d/checkpoints/%032llx.ckpt",
		(unsigned long long)job);
	f = fopen(name, "r+b");
	ck_assert_ptr_nonnull(f);
	fseek(f, at, SEEK_SET);
	byte = fgetc(f);
	fseek(f, at, SEEK_SET);
	fputc(byte ^ 1, f);
	fclose(f);
}

START_TEST(a_checkpoint_that_does_not_fit_is_refused_with_a_reason)
{
	/* magic, NUMERICS, identity, kernel class, state */
	static const long places[] = { 0, 12, 20, 80, 500 };
	struct child c;
	char log[4096];

	for (int i = 0; i < COUNT(places); i++) {
		fresh_job();
		ck_assert_int_eq(child_run(attempt(3), NULL), PROTO_DONE);
		change_checkpoint(places[i]);
		child_start(&c, attempt(5), NULL);
		ck_assert(child_line(&c) && child_line(&c));
		ck_assert_str_eq(c.line, "epoch 1");
		ck_assert_int_eq(child_wait(&c), PROTO_DONE);
		scratch_read("err", log, sizeof(log));
		ck_assert_msg(strstr(log, "checkpoint refused") != NULL, "%s", log);
		ends_as_the_reference();
	}
}
END_TEST

/* Another epoch in the header of the file, whose checksum is right again. */
static void claim_epoch(uint64_t epoch)
{
	static char bytes[1 << 20];
	XXH128_canonical_t hash;
	char name[128];
	size_t n;

	snprintf(name, sizeof(name), "t.db.d/checkpoints/%032llx.ckpt",
		(unsigned long long)job);
	n = scratch_read(name, bytes, sizeof(bytes));
	ck_assert_uint_lt(n, sizeof(bytes) - 1);
	memcpy(bytes + 144, &epoch, sizeof(epoch));
	n -= sizeof(hash);
	XXH128_canonicalFromHash(&hash, XXH3_128bits(bytes, n));
	memcpy(bytes + n, &hash, sizeof(hash));
	scratch_write(name, bytes, n + sizeof(hash));
}

START_TEST(a_checkpoint_whose_state_is_of_another_epoch_goes)
{
	char log[4096];

	ck_assert_int_eq(child_run(attempt(3), NULL), PROTO_DONE);
	claim_epoch(2);
	ck_assert_int_eq(child_run(attempt(5), NULL), PROTO_FAILED);
	scratch_read("err", log, sizeof(log));
	ck_assert_msg(strstr(log, "of epoch 2, with a state of 3") != NULL, "%s", log);
	ck_assert(!has_checkpoint());
	ends_as_the_reference();
}
END_TEST

START_TEST(a_checkpoint_ahead_of_the_rows_is_refused)
{
	ck_assert_int_eq(child_run(attempt(4), NULL), PROTO_DONE);
	query_run("t.db",
		"DELETE FROM metric WHERE epoch = 4;"
		"DELETE FROM task_weight WHERE epoch = 4");
	ends_as_the_reference();
}
END_TEST

/* No file may grow beyond the limit, as on a disk that fills up: the log of the database
 * first, at another instant with every limit. */
START_TEST(a_full_disk_loses_nothing)
{
	char script[512];
	const char *sh[] = { "/bin/sh", "-c", script, NULL };
	int full = 0;

	for (int kilobytes = 33; kilobytes < 100; kilobytes += 6) {
		const char *const *argv = attempt(EPOCHS);
		int status;

		snprintf(script, sizeof(script),
			"trap '' XFSZ; ulimit -f %d;"
			" exec %s --db t.db --job %s --token %s",
			kilobytes * 2, program_path("deltam-worker"), argv[4], argv[6]);
		status = child_run(sh, NULL);
		ck_assert(status == PROTO_ENVIRONMENT || status == PROTO_DONE);
		full += status == PROTO_ENVIRONMENT;
		only_whole_epochs();
	}
	ck_assert_int_gt(full, 0);
	ends_as_the_reference();
}
END_TEST

START_TEST(what_is_missing_or_foreign_is_said_before_anything_is_written)
{
	const char *const *argv = command("other.db", "t");

	ck_assert_int_eq(child_run(argv, NULL), PROTO_ENVIRONMENT);
	ck_assert_int_ne(access("other.db", F_OK), 0);
	scratch_write("other.db", "not a database", 14);
	ck_assert_int_eq(child_run(argv, NULL), PROTO_ENVIRONMENT);
	ck_assert_int_eq(rows(), 0);
	ends_as_the_reference();
}
END_TEST

/* The one file of the cache; static. */
static const char *cache_file(void)
{
	static char path[256];
	glob_t found;

	ck_assert_int_eq(glob("cache/*.data", 0, NULL, &found), 0);
	ck_assert_int_eq(found.gl_pathc, 1);
	snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
	globfree(&found);
	return path;
}

/* A byte of the training inputs, changed in place: size and name stay. */
static void flip_a_byte(void)
{
	int fd = open(cache_file(), O_RDWR);
	off_t at = lseek(fd, 0, SEEK_END) / 4 + 3; /* the exponent of a float */
	unsigned char byte;

	ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
	byte ^= 0x01;
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	ck_assert_int_eq(close(fd), 0);
}

START_TEST(a_cache_that_was_removed_is_composed_again)
{
	ck_assert_int_eq(unlink(cache_file()), 0);
	ck_assert_int_eq(child_run(attempt(2), NULL), PROTO_DONE);
	ends_as_the_reference();
}
END_TEST

START_TEST(a_cache_that_was_changed_before_a_segment_is_composed_again)
{
	flip_a_byte();
	ck_assert_int_eq(child_run(attempt(2), NULL), PROTO_DONE);
	ends_as_the_reference();
}
END_TEST

/* It has said hello, so the data is open; what it trains now cannot be committed. */
START_TEST(nothing_that_was_trained_while_the_cache_was_written_to_is_kept)
{
	const char *const *argv = attempt(EPOCHS);
	struct sqlite3 *held = query_hold("t.db");
	struct child c;

	child_start(&c, argv, NULL);
	ck_assert(child_line(&c));
	ck_assert_int_eq(strncmp(c.line, "hello ", 6), 0);
	flip_a_byte();
	query_release(held, "");
	ck_assert(child_line(&c));
	ck_assert_ptr_nonnull(strstr(c.line, "was written to while it was trained on"));
	ck_assert_int_eq(child_wait(&c), PROTO_FAILED);
	ck_assert_int_eq(rows(), 0);
	ends_as_the_reference();
}
END_TEST

START_TEST(called_wrongly_it_says_how)
{
	const char *const none[] = { "deltam-worker", NULL };
	const char *const half[] = { "deltam-worker", "--db", NULL };
	const char *const word[] = { "deltam-worker", "--db", "t.db", "--job", "x",
		"--token", "t", NULL };

	ck_assert_int_eq(child_run(none, NULL), PROTO_USAGE);
	ck_assert_int_eq(child_run(half, NULL), PROTO_USAGE);
	ck_assert_int_eq(child_run(word, NULL), PROTO_USAGE);
}
END_TEST

Suite *suite_worker(void);
Suite *suite_worker(void)
{
	Suite *suite = suite_create("worker");
	TCase *tc = tcase_create("worker");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, says_hello_then_every_epoch);
	tcase_add_test(tc, after_a_segment_it_trains_the_next_that_it_is_given);
	tcase_add_test(tc, a_worker_that_waits_leaves_when_asked);
	tcase_add_test(tc, in_segments_the_rows_are_those_of_one_run);
	tcase_add_test(tc, what_is_trained_is_not_trained_again);
	tcase_add_test(tc, killed_at_every_crash_point_it_ends_the_same);
	tcase_add_test(tc, killed_at_random_instants_it_ends_the_same);
	tcase_add_test(tc, terminated_it_leaves_a_checkpoint_and_goes_on_from_there);
	tcase_add_test(tc, without_a_reader_it_stops);
	tcase_add_test(tc, with_a_stale_token_it_writes_nothing);
	tcase_add_test(tc, a_row_that_differs_stops_it);
	tcase_add_test(tc, divergence_is_reported_with_its_epoch_and_stores_no_nan);
	tcase_add_test(tc, rows_of_another_kernel_class_go_and_the_job_starts_over);
	tcase_add_test(tc, a_checkpoint_that_does_not_fit_is_refused_with_a_reason);
	tcase_add_test(tc, a_checkpoint_whose_state_is_of_another_epoch_goes);
	tcase_add_test(tc, a_checkpoint_ahead_of_the_rows_is_refused);
	tcase_add_test(tc, a_full_disk_loses_nothing);
	tcase_add_test(
		tc, what_is_missing_or_foreign_is_said_before_anything_is_written);
	tcase_add_test(tc, a_cache_that_was_removed_is_composed_again);
	tcase_add_test(tc, a_cache_that_was_changed_before_a_segment_is_composed_again);
	tcase_add_test(
		tc, nothing_that_was_trained_while_the_cache_was_written_to_is_kept);
	tcase_add_test(tc, called_wrongly_it_says_how);
	suite_add_tcase(suite, tc);
	return suite;
}
