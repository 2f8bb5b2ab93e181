/*
 * `deltam run` with real workers on a real database: whatever is killed, and however many
 * workers there are, the rows of metric, task_weight and score end the same.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/pace.h"
#include "tests/lib/scratch.h"

/*
 * A line search: baselines, three methods, rungs, a finer T, weight decay, final seeds;
 * some 50 jobs of a few milliseconds.
 */
static const char sweep[] =
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", \"train\": 400,"
	" \"val\": 50, \"test\": 50 }, \"train\": { \"epochs\": 6, \"batch\": 10 },"
	" \"baseline\": { \"seeds\": 1 }, \"checkpoint_minutes\": 0, \"methods\": ["
	" \"ew\", \"uw\", { \"name\": \"uw_so\", \"T\": { \"from\": 0.5, \"to\": 50,"
	" \"per_decade\": 1, \"fine\": 1 } } ],"
	" \"search\": { \"kind\": \"line\", \"lr\": [0.01, 0.003], \"wd\": [0, 1e-4] },"
	" \"final\": { \"seeds\": 2 } }";

static char wanted[DIGEST_MAX]; /* the digest of an undisturbed run */
static char table[8192]; /* and what it printed */
static char workers[] = "2";

static const char *const *command(void)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--workers", workers, NULL };

	return argv;
}

static void forget(void)
{
	(void)unlink("t.db");
	(void)unlink("t.db-wal");
	(void)unlink("t.db-shm");
	(void)unlink("marker");
}

/* The reference, of which t.db remains. */
static void run_first(const char *text)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	scratch_write("s.json", text, strlen(text));
	ck_assert_int_eq(child_run(command(), NULL), 0);
	digest_rows("t.db", wanted);
	scratch_read("out", table, sizeof(table));
}

/* The same for a few jobs in mixed precision. */
static void setup_mixed(void)
{
	run_first("{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", "
		  "\"train\": 200, \"val\": 50, \"test\": 50 }, \"train\": { "
		  "\"epochs\": 4, \"batch\": 20, \"precision\": \"bf16\" }, "
		  "\"checkpoint_minutes\": 0, \"methods\": [\"ew\", \"pcgrad\"], "
		  "\"search\": { \"lr\": [0.01, 0.003] } }");
	ck_assert_int_eq(
		query_int("t.db",
			"SELECT count(*) FROM job WHERE kernel_class NOT LIKE 'bf16%'"),
		0);
	ck_assert_ptr_nonnull(strstr(table, "Trained in mixed precision (bf16)."));
	forget();
}

static void setup(void)
{
	run_first(sweep);
	ck_assert_int_gt(query_int("t.db", "SELECT count(*) FROM score"), 100);
	ck_assert_int_eq(
		query_int("t.db", "SELECT count(DISTINCT stage) FROM stage"), 5);
	ck_assert_int_gt(
		query_int("t.db",
			"SELECT count(DISTINCT epoch) FROM decision WHERE kind='stop'"),
		1);
	forget();
}

static void teardown(void)
{
	scratch_leave();
}

static int64_t attempts(void)
{
	return query_int("t.db", "SELECT count(*) FROM attempt");
}

/* Epochs of jobs of one kind have equally many rows, in both tables. */
static void only_whole_epochs(void)
{
	ck_assert_int_eq(
		query_int("t.db",
			"SELECT count(*) FROM (SELECT 1 FROM (SELECT job, epoch,"
			" count(*) AS n FROM metric GROUP BY job, epoch) JOIN job ON"
			" id = job GROUP BY method, task HAVING min(n) <> max(n))"),
		0);
	ck_assert_int_eq(query_int("t.db",
				 "SELECT count(*) FROM (SELECT DISTINCT job, epoch FROM"
				 " metric EXCEPT SELECT job, epoch FROM task_weight)"),
		0);
	ck_assert_str_eq(query_text("t.db", "PRAGMA integrity_check"), "ok");
}

/* The same command again ends as if nothing had happened. */
static void ends_as_the_reference(void)
{
	char got[DIGEST_MAX];
	char printed[8192];

	ck_assert_int_eq(child_run(command(), NULL), 0);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	scratch_read("out", printed, sizeof(printed));
	ck_assert_str_eq(printed, table);
	/* What came to its end has said what it used. */
	ck_assert_int_eq(
		query_int("t.db",
			"SELECT count(*) FROM attempt WHERE outcome = 'done' AND "
			"(cpu_seconds IS NULL OR coalesce(peak_bytes, 0) < 1e6)"),
		0);
}

/* A sanitizer's tracer is a child of deltam as well; killing it hangs its parent. */
static bool is_worker(int pid)
{
	char path[64];
	char name[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "r");
	if (!f) /* it has just ended */
		return false;
	if (!fgets(name, sizeof(name), f))
		name[0] = '\0';
	fclose(f);
	return !strcmp(name, "deltam-worker\n");
}

/* A worker of this deltam: the n-th of those that live, 0 without. */
static pid_t some_worker(const struct child *c, unsigned n)
{
	char path[64];
	char line[512];
	int pids[16];
	int found = 0;
	char *rest = line;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)c->pid,
		(int)c->pid);
	scratch_read(path, line, sizeof(line));
	for (int used; found < 16 && sscanf(rest, "%d%n", &pids[found], &used) == 1;
		rest += used)
		found += is_worker(pids[found]);
	return found ? pids[n % (unsigned)found] : 0;
}

/* Lives on until it has begun an attempt (or ended). */
static void wait_for_work(struct child *c)
{
	while (!child_ended(c) && (access("t.db-wal", F_OK) != 0 || !some_worker(c, 0)))
		child_let_live(c, 500);
}

START_TEST(run_twice_trains_nothing_and_prints_the_same_bytes)
{
	int64_t there;

	ends_as_the_reference();
	there = attempts();
	ends_as_the_reference();
	ck_assert_int_eq(attempts(), there);
}
END_TEST

START_TEST(any_number_of_workers_ends_in_the_same_rows)
{
	static const char counts[] = { '1', '2', '5' };

	for (size_t i = 0; i < sizeof(counts); i++) {
		forget();
		workers[0] = counts[i];
		ends_as_the_reference();
	}
	workers[0] = '2';
}
END_TEST

/* Rows of other processors are taken as they are: there is one class. */
START_TEST(mixed_precision_ends_in_the_same_rows_on_every_processor)
{
	static const char *const words[] = { "portable", "avx2", "avx512", "amx" };

	for (int i = 0; i < 4; i++) {
		forget();
		setenv("DELTAM_KERNELS", words[i], 1);
		ends_as_the_reference();
	}
	unsetenv("DELTAM_KERNELS");
}
END_TEST

/* What it said is the reason where it does not. */
static void ends_well(struct child *c)
{
	static char said[65536];
	int status = child_wait(c);

	if (status)
		scratch_read("err", said, sizeof(said));
	ck_assert_msg(status == 0, "%d: %s", status, said);
}

/*
 * A run whose workers die eight times before any epoch is there is given up, each death in
 * vain makes the next attempt wait longer, and on a busy machine an epoch may outlast many
 * kills: some, then none before another epoch is there.
 */
struct patience {
	int64_t epochs;
	int kills; /* since then */
};

static bool may_kill(struct patience *p)
{
	int64_t epochs = query_int("t.db", "SELECT count(*) FROM task_weight");

	if (epochs > p->epochs)
		*p = (struct patience){ epochs, 0 };
	return p->kills++ < 3;
}

START_TEST(workers_killed_at_random_instants_change_nothing)
{
	const int kills = child_kills();
	unsigned state = 88172645U;
	int64_t hits = 0;

	while (hits < kills) {
		struct patience patience = { 0 };
		struct child c;

		forget();
		child_start(&c, command(), NULL);
		wait_for_work(&c);
		while (!child_ended(&c)) {
			pid_t worker;

			child_let_live(&c, child_draw(&state) % 60000);
			worker = child_ended(&c) ? 0
						 : some_worker(&c, child_draw(&state));
			if (worker && may_kill(&patience))
				(void)kill(worker, SIGKILL);
		}
		ends_well(&c);
		hits += query_int("t.db",
			"SELECT count(*) FROM attempt WHERE outcome = 'killed'");
		only_whole_epochs();
		ends_as_the_reference();
	}
	printf("%lld kills of workers hit: the same digest\n", (long long)hits);
}
END_TEST

START_TEST(deltam_killed_at_random_instants_goes_on)
{
	const int kills = child_kills();
	unsigned state = 521288629U;
	int hits = 0;

	while (hits < kills) {
		struct child c;
		int status;

		child_start(&c, command(), NULL);
		wait_for_work(&c);
		child_let_live(&c, child_draw(&state) % 120000);
		child_signal(&c, SIGKILL);
		status = child_wait(&c);
		if (status == 0) { /* it was quicker */
			ends_as_the_reference();
			forget();
			continue;
		}
		ck_assert_int_eq(status, 128 + SIGKILL);
		hits++;
		only_whole_epochs();
	}
	ends_as_the_reference();
	printf("%d kills of deltam hit: the same digest\n", hits);
}
END_TEST

START_TEST(killed_at_every_crash_point_it_goes_on)
{
	/* What dies: deltam itself, or a worker (deltam then ends well). */
	static const struct {
		const char *point;
		int status;
	} cases[] = { { "spawn.after", 128 + SIGKILL },
		{ "claim.after_commit", 128 + SIGKILL },
		{ "finish.before_commit", 128 + SIGKILL },
		{ "finish.after_commit", 128 + SIGKILL },
		{ "score.before", 128 + SIGKILL }, { "score.after", 128 + SIGKILL },
		{ "epoch.mid", 0 }, { "commit.before", 0 }, { "commit.after", 0 },
		{ "checkpoint.before_rename", 0 }, { "checkpoint.after_rename", 0 } };
	char env[96];

	for (int i = 0; i < COUNT(cases); i++)
		for (int n = 1; n <= pace(4, 1); n += 3) {
			forget();
			snprintf(env, sizeof(env), "DELTAM_CRASH=%s@marker@%d",
				cases[i].point, n);
			ck_assert_msg(child_run(command(), env) == cases[i].status,
				"%s", env);
			ck_assert_msg(access("marker", F_OK) == 0, "%s", env);
			only_whole_epochs();
			ends_as_the_reference();
		}
}
END_TEST

/* DELTAM_FOLDERS: the same trainer, whose lines deltam commits. */
START_TEST(workers_that_report_in_lines_end_in_the_same_rows)
{
	static const struct {
		const char *point;
		int status;
	} cases[] = { { "follow.before_commit", 128 + SIGKILL },
		{ "follow.after_commit", 128 + SIGKILL },
		{ "claim.after_commit", 128 + SIGKILL }, { "epoch.mid", 0 },
		{ "commit.before", 0 }, { "commit.after", 0 },
		{ "checkpoint.before_rename", 0 }, { "checkpoint.after_rename", 0 } };
	char env[96];

	setenv("DELTAM_FOLDERS", "1", 1);
	forget();
	ends_as_the_reference();
	ck_assert_int_gt(query_int("t.db", "SELECT min(read_bytes) FROM attempt"), 0);
	for (int i = 0; i < COUNT(cases); i++) {
		forget();
		snprintf(env, sizeof(env), "DELTAM_CRASH=%s@marker@3", cases[i].point);
		ck_assert_msg(child_run(command(), env) == cases[i].status, "%s", env);
		ck_assert_msg(access("marker", F_OK) == 0, "%s", env);
		ends_as_the_reference();
	}
	unsetenv("DELTAM_FOLDERS");
}
END_TEST

START_TEST(interrupted_it_says_130_and_goes_on)
{
	struct child c;
	int64_t there;

	child_start(&c, command(), NULL);
	wait_for_work(&c);
	child_signal(&c, SIGINT);
	ck_assert_int_eq(child_wait(&c), 130);
	there = query_int("t.db", "SELECT count(*) FROM metric");
	ck_assert_int_eq(
		query_int("t.db", "SELECT count(*) FROM attempt WHERE ended IS NULL"),
		0);
	only_whole_epochs();
	ends_as_the_reference();
	ck_assert_int_gt(query_int("t.db", "SELECT count(*) FROM metric"), there);
}
END_TEST

START_TEST(a_second_one_is_refused_and_names_the_first)
{
	struct child first;
	char text[4096];
	char pid[32];

	child_start(&first, command(), NULL);
	wait_for_work(&first);
	child_signal(&first, SIGSTOP);
	ck_assert_int_eq(child_run(command(), NULL), 3);
	scratch_read("err", text, sizeof(text));
	snprintf(pid, sizeof(pid), "process %d on", (int)first.pid);
	ck_assert_msg(strstr(text, pid) != NULL, "%s", text);
	child_signal(&first, SIGCONT);
	ck_assert_int_eq(child_wait(&first), 0);
	ends_as_the_reference();
}
END_TEST

START_TEST(a_full_disk_loses_nothing)
{
	char script[512];
	const char *sh[] = { "/bin/sh", "-c", script, NULL };
	int full = 0;

	for (int kilobytes = 40; kilobytes < 700; kilobytes += 110) {
		int status;

		snprintf(script, sizeof(script),
			"trap '' XFSZ; ulimit -f %d;"
			" exec %s run s.json --db t.db --workers 2",
			kilobytes * 2, program_path("deltam"));
		status = child_run(sh, NULL);
		ck_assert_msg(
			status == 3 || status == 0, "%d at %d KB", status, kilobytes);
		full += status == 3;
		if (access("t.db", F_OK) == 0)
			only_whole_epochs();
	}
	ck_assert_int_gt(full, 1);
	ends_as_the_reference();
}
END_TEST

static void refuses(const char *file, const char *bytes, int status, const char *why)
{
	char text[8192];

	scratch_write(file, bytes, strlen(bytes));
	ck_assert_msg(child_run(command(), NULL) == status, "%s", bytes);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(strstr(text, why) != NULL, "%s", text);
}

START_TEST(a_bad_sweep_file_writes_nothing)
{
	refuses("s.json", "{ \"sweep\": \"s\", \"epochs\": 1 }", 2, "s.json:1:");
	refuses("s.json", "", 2, "s.json:1:1");
	refuses("s.json", "not json", 2, "s.json:1:1");
	ck_assert_int_ne(access("t.db", F_OK), 0);
	ck_assert_int_ne(access("t.db.lock", F_OK), 0);
}
END_TEST

START_TEST(a_database_that_is_not_ours_stays_as_it_is)
{
	char text[64];

	refuses("t.db", "not a database, but somebody's file", 3, "t.db");
	scratch_read("t.db", text, sizeof(text));
	ck_assert_str_eq(text, "not a database, but somebody's file");
	forget();
	ends_as_the_reference();
	query_run("t.db", "PRAGMA user_version = 99");
	ck_assert_int_eq(child_run(command(), NULL), 3);
	ck_assert_int_eq(query_int("t.db", "PRAGMA user_version"), 99);
}
END_TEST

START_TEST(missing_data_names_the_command_that_brings_it)
{
	char text[8192];

	refuses("s.json",
		"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"multi_mnist\", "
		"\"path\": \"/nowhere\", \"train\": 100, \"val\": 100, \"test\": 100 "
		"}, \"train\": { \"epochs\": 1 }, \"methods\": [\"ew\"], \"search\": { "
		"\"lr\": 0.01 } }",
		3, "make data");
	scratch_read("out", text, sizeof(text));
	ck_assert_str_eq(text, "");
	ck_assert_int_ne(access("t.db", F_OK), 0);
}
END_TEST

Suite *suite_run(void);
Suite *suite_run(void)
{
	Suite *suite = suite_create("run");
	TCase *tc = tcase_create("run");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, run_twice_trains_nothing_and_prints_the_same_bytes);
	tcase_add_test(tc, any_number_of_workers_ends_in_the_same_rows);
	tcase_add_test(tc, workers_killed_at_random_instants_change_nothing);
	tcase_add_test(tc, deltam_killed_at_random_instants_goes_on);
	tcase_add_test(tc, killed_at_every_crash_point_it_goes_on);
	tcase_add_test(tc, workers_that_report_in_lines_end_in_the_same_rows);
	tcase_add_test(tc, interrupted_it_says_130_and_goes_on);
	tcase_add_test(tc, a_second_one_is_refused_and_names_the_first);
	tcase_add_test(tc, a_full_disk_loses_nothing);
	tcase_add_test(tc, a_bad_sweep_file_writes_nothing);
	tcase_add_test(tc, a_database_that_is_not_ours_stays_as_it_is);
	tcase_add_test(tc, missing_data_names_the_command_that_brings_it);
	suite_add_tcase(suite, tc);
	tc = tcase_create("mixed");
	tcase_add_checked_fixture(tc, setup_mixed, teardown);
	tcase_add_test(tc, any_number_of_workers_ends_in_the_same_rows);
	tcase_add_test(tc, mixed_precision_ends_in_the_same_rows_on_every_processor);
	tcase_add_test(tc, workers_killed_at_random_instants_change_nothing);
	suite_add_tcase(suite, tc);
	return suite;
}
