/* Several deltams at once: on one database, on one cache, and one that reads meanwhile. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/arena.h"
#include "tests/lib/await.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

#define SWEEP(train) \
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", \"train\": " train \
	"," \
	" \"val\": 50, \"test\": 50 }, \"train\": { \"epochs\": 6, \"batch\": 10 }," \
	" \"methods\": [\"ew\", \"uw\"], \"search\": { \"lr\": [0.01, 0.003] }," \
	" \"final\": { \"seeds\": 2 } }"

static const char sweep[] = SWEEP("400");
static char wanted[DIGEST_MAX];
static char said[65536];

static const char *const *command(const char *db)
{
	static const char *argv[] = { "deltam", "run", "s.json", "--db", NULL,
		"--workers", "2", NULL };

	argv[4] = db;
	return argv;
}

static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	scratch_write("s.json", sweep, sizeof(sweep) - 1);
	ck_assert_int_eq(child_run(command("ref.db"), NULL), 0);
	digest_rows("ref.db", wanted);
}

static void teardown(void)
{
	unsetenv("DELTAM_CACHE");
	scratch_leave();
}

static bool halts(int unused)
{
	(void)unused;
	return access("halted", F_OK) == 0;
}

/*
 * A run of t.db that has trained a few jobs, and waits for a SIGCONT, outside of any
 * transaction, before it goes on: it cannot end earlier.
 */
static void start_and_halt(struct child *c)
{
	child_start(c, command("t.db"), "DELTAM_HALT=claim.after_commit@halted@5");
	ck_assert(await_file(halts, 0, 60));
	ck_assert_int_gt(query_int("t.db", "SELECT count(*) FROM metric"), 0);
}

/* Whether the lock of t.db names that process. */
static bool holds(int pid)
{
	char text[256] = "";
	char name[32];
	FILE *f = fopen("t.db.lock", "r");

	if (f) {
		(void)!fgets(text, sizeof(text), f);
		fclose(f);
	}
	snprintf(name, sizeof(name), "process %d on", pid);
	return strstr(text, name) != NULL;
}

/* Its workers, at most two; the number found. */
static int workers_of(const struct child *c, int pid[2])
{
	char path[64];
	char line[512];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)c->pid,
		(int)c->pid);
	scratch_read(path, line, sizeof(line));
	pid[0] = pid[1] = 0;
	return sscanf(line, "%d %d", &pid[0], &pid[1]);
}

static void is_refused_and_names(const struct child *first)
{
	char pid[32];

	ck_assert_int_eq(child_run(command("t.db"), NULL), 3);
	scratch_read("err", said, sizeof(said));
	snprintf(pid, sizeof(pid), "process %d on", (int)first->pid);
	ck_assert_msg(strstr(said, pid) != NULL, "%s", said);
}

static void ends_in_the_digest(struct child *c, const char *db)
{
	char got[DIGEST_MAX];
	int status = child_wait(c);

	scratch_read("err", said, sizeof(said));
	ck_assert_msg(status == 0, "%d: %s", status, said);
	ck_assert_str_eq(digest_rows(db, got), wanted);
}

/*
 * The first is killed, and its workers live on: they are stopped, and hold nothing of the
 * database. The second takes over at once, a third is refused by the second's name, and
 * what the workers of the first do when they wake changes nothing.
 */
START_TEST(a_run_takes_over_from_one_whose_workers_still_live)
{
	struct child first;
	struct child second;
	int pid[2];
	int n;
	struct sqlite3 *held;
	char got[DIGEST_MAX];

	start_and_halt(&first);
	held = query_hold("t.db"); /* so that no worker stops within a transaction */
	n = workers_of(&first, pid);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(kill(pid[i], SIGSTOP), 0);
	child_signal(&first, SIGKILL);
	query_release(held, "");
	ck_assert_int_eq(child_wait(&first), 128 + SIGKILL);
	ck_assert_int_gt(n, 0);
	child_start(&second, command("t.db"), NULL);
	ck_assert(await_file(holds, second.pid, 60));
	child_signal(&second, SIGSTOP);
	is_refused_and_names(&second);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(kill(pid[i], SIGCONT), 0);
	child_signal(&second, SIGCONT);
	ends_in_the_digest(&second, "t.db");
	for (int i = 0; i < n; i++)
		ck_assert(await_end(pid[i], 60));
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
}
END_TEST

/* Epochs that lack a row of their kind, and epochs without weights. */
static const char partial[] =
	"SELECT (SELECT count(*) FROM (SELECT 1 FROM (SELECT job, epoch, count(*) AS n"
	" FROM metric GROUP BY job, epoch) JOIN job ON id = job GROUP BY method, task"
	" HAVING min(n) <> max(n))) + (SELECT count(*) FROM (SELECT DISTINCT job, epoch"
	" FROM metric EXCEPT SELECT job, epoch FROM task_weight)) AS n";

START_TEST(who_reads_during_a_run_sees_whole_epochs)
{
	char text[8192];
	char answer[256];
	const char *argv[] = { "/bin/sh", "-c", text, NULL };
	struct child c;

	/* Into a file of their own: the run prints its table into `out`. */
	snprintf(text, sizeof(text),
		"'%s' table --db t.db >table && '%s' table --db t.db --query \"%s\""
		" --format csv >seen",
		program_path("deltam"), program_path("deltam"), partial);
	start_and_halt(&c);
	do {
		ck_assert_int_eq(child_run(argv, NULL), 0);
		scratch_read("seen", answer, sizeof(answer));
		ck_assert_str_eq(answer, "n\n0\n");
		child_signal(&c, SIGCONT);
	} while (!child_ended(&c));
	ends_in_the_digest(&c, "t.db");
}
END_TEST

START_TEST(sweeps_that_compose_one_cache_at_once_agree)
{
	const char *sh[] = { "/bin/sh", "-c", "rm -rf cache", NULL };
	const char *count[] = { "/bin/sh", "-c", "test $(ls cache | wc -l) = 1", NULL };
	static const char *const dbs[] = { "a.db", "b.db", "c.db" };
	struct child c[COUNT(dbs)];

	ck_assert_int_eq(child_run(sh, NULL), 0);
	for (int i = 0; i < COUNT(dbs); i++)
		child_start(&c[i], command(dbs[i]), NULL);
	for (int i = 0; i < COUNT(dbs); i++)
		ends_in_the_digest(&c[i], dbs[i]);
	ck_assert_int_eq(child_run(count, NULL), 0);
}
END_TEST

Suite *suite_together(void);
Suite *suite_together(void)
{
	Suite *suite = suite_create("together");
	TCase *tc = tcase_create("together");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_run_takes_over_from_one_whose_workers_still_live);
	tcase_add_test(tc, who_reads_during_a_run_sees_whole_epochs);
	tcase_add_test(tc, sweeps_that_compose_one_cache_at_once_agree);
	suite_add_tcase(suite, tc);
	return suite;
}
