/*
 * Pilots as jobs of Slurm. tests/slurm.sh starts one on loopback and then this suite; elsewhere
 * there is nothing to test.
 */
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

/* A search with rungs on data that are made in a moment. */
static const char search[] =
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", \"train\": 64, "
	"\"val\": 16, \"test\": 16, \"tasks\": 2 }, \"model\": \"mlp\", \"train\": { "
	"\"epochs\": 8, \"batch\": 16 }, \"methods\": [ \"ew\", { \"name\": \"uw_so\", "
	"\"T\": [1, 2, 4] } ], \"search\": { \"lr\": [0.01, 0.003, 0.001] }, "
	"\"final\": { \"seeds\": 2 } }";

static char said[65536];
static char wanted[DIGEST_MAX];

static const char *const in_slurm[] = { "deltam", "run", "s.json", "--db", "t.db",
	"--launcher", "slurm", "--pilots", "3", "--workers", "1", "--setup", "setup.sh",
	NULL };

static void write_text(const char *file, const char *text)
{
	scratch_write(file, text, strlen(text));
}

static void runs_well(const char *const argv[])
{
	int status = child_run(argv, NULL);

	scratch_read("err", said, sizeof(said));
	ck_assert_msg(status == 0, "%d: %s", status, said);
}

static void forget(void)
{
	ck_assert_int_eq(system("rm -rf t.db t.db-wal t.db-shm t.db.lock t.db.d"), 0);
}

static void setup(void)
{
	static const char *const here[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--kernels", "avx2", NULL };

	scratch_enter();
	write_text("s.json", search);
	write_text("setup.sh", "SET_UP=yes\nexport SET_UP\n");
	setenv("DELTAM_TIME_SCALE", "0.03", 1);
	runs_well(here);
	digest_rows("t.db", wanted);
	forget();
}

static void teardown(void)
{
	unsetenv("DELTAM_TIME_SCALE");
	scratch_leave();
}

static int64_t count(const char *sql)
{
	return query_int("t.db", sql);
}

static bool has_done(int n)
{
	return access("t.db", F_OK) == 0 && access("t.db.d/pilots", F_OK) == 0 &&
		count("SELECT count(*) FROM sqlite_schema WHERE name='pilot'") &&
		count("SELECT count(*) FROM attempt WHERE outcome='done'") >= n;
}

/*
 * Whether none of deltam's jobs waits or runs, or ends to do so within a minute. Slurm tells
 * nobody, so it is asked again and again.
 */
static bool queue_is_empty(void)
{
	return system("for i in $(seq 600); do squeue --noheader --states=PD,R --format=%j |"
		      " grep -q deltam- || exit 0; sleep 0.1; done; squeue; exit 1") ==
		0;
}

static void ends_as_wanted(void)
{
	char got[DIGEST_MAX];

	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	ck_assert_int_eq(
		count("SELECT count(*) FROM attempt WHERE outcome IS NULL"), 0);
	ck_assert_int_eq(count("SELECT count(*) FROM pilot WHERE ended IS NULL"), 0);
	ck_assert_int_eq(count("SELECT count(*) FROM attempt WHERE pilot IS NULL"), 0);
}

START_TEST(jobs_of_slurm_train_the_same_rows)
{
	static const char *const more[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--launcher", "slurm", "--pilots", "6", "--workers", "2", "--sbatch",
		"-c 2 --time=60", NULL };

	runs_well(in_slurm);
	ends_as_wanted();
	ck_assert_int_eq(
		system("grep -q '^\\. .*/setup.sh$' t.db.d/pilots/*/batch.sh"), 0);
	ck_assert_int_ge(count("SELECT count(*) FROM pilots WHERE launcher_job > 0"
			       " AND segments > 0 AND why='it left (told)'"),
		1);
	forget();
	/* The node has room for two of these; the others are called off in the queue. */
	runs_well(more);
	ends_as_wanted();
	ck_assert(queue_is_empty());
	ck_assert_int_le(
		count("SELECT count(*) FROM pilot WHERE began IS NOT NULL"), 4);
}
END_TEST

/*
 * What happens to a run: a daemon of Slurm is killed, and once it is gone a shell goes on, with
 * $JOB and $PID of one of the pilots.
 */
static const struct fault {
	const char *name;
	struct {
		const char *daemon, *command;
	} step[2];
} faults[] = {
	{ "scancel", { { NULL, "scancel $JOB" } } },
	{ "the time limit's TERM", { { NULL, "scancel --signal=TERM --batch $JOB" } } },
	/*
	 * What it had not written down is lost with it: it would hand out ids again that its
	 * node knows, which drains the node until an administrator comes.
	 */
	{ "kill -9 of slurmctld",
		{ { "slurmctld",
			  "echo FirstJobId=$((JOB + 100)) >>$SLURM_CONF;"
			  " slurmctld" },
			{ "slurmd", "slurmd -N one" } } },
	{ "kill -9 of slurmd", { { "slurmd", "slurmd -N one" } } },
	{ "kill -9 of a pilot", { { NULL, "kill -9 $PID" } } },
	{ "kill -9 of deltam", { { NULL, NULL } } },
};

static void kill_daemon(const char *name)
{
	char path[4096];
	char text[32] = "";
	int pid;

	snprintf(path, sizeof(path), "%s/%s.pid", getenv("SLURM_FOLDER"), name);
	scratch_read(path, text, sizeof(text));
	pid = atoi(text);
	ck_assert_int_gt(pid, 1);
	(void)kill(pid, SIGKILL);
	ck_assert(await_end(pid, 60));
}

/* The number of a pilot that has begun; "0": none has. */
static const char *some_job(unsigned which)
{
	char sql[256];

	snprintf(sql, sizeof(sql),
		"SELECT coalesce((SELECT launcher_job FROM pilot WHERE began IS NOT NULL"
		" AND ended IS NULL ORDER BY (id * 7 + %u) %% 3 LIMIT 1), 0)",
		which % 3);
	return query_text("t.db", sql);
}

static void inject(const struct fault *f, unsigned which)
{
	char job[64];
	char command[1024];

	snprintf(job, sizeof(job), "%s", some_job(which));
	for (int i = 0; i < COUNT(f->step) && f->step[i].command; i++) {
		if (f->step[i].daemon)
			kill_daemon(f->step[i].daemon);
		snprintf(command, sizeof(command),
			"{ JOB=%s; PID=$(grep -l \"slurm_job\\\": \\\"$JOB\\\"\""
			" t.db.d/pilots/*/out | xargs sed -n"
			" 's/.*\"pid\": \\([0-9]*\\).*/\\1/p' | head -1); %s; }"
			" >>faults 2>&1",
			job, f->step[i].command);
		(void)!system(command);
	}
}

static void survives(const struct fault *f, unsigned *state)
{
	struct child c;
	int status;

	child_start(&c, in_slurm, NULL);
	ck_assert(await_file(has_done, (int)(child_draw(state) % 12), 120));
	if (f->step[0].command)
		inject(f, child_draw(state));
	else
		child_signal(&c, SIGKILL);
	status = child_wait(&c);
	child_close_pipe(&c);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(status == 0 || (!f->step[0].command && status == 128 + SIGKILL),
		"%s: %d: %s", f->name, status, said);
	runs_well(in_slurm);
	ends_as_wanted();
	forget();
	/* A controller that lost its memory lists jobs as running that have ended. */
	(void)!system("scancel --me");
}

START_TEST(whatever_happens_to_slurm_or_us_the_rows_are_the_same)
{
	unsigned state = 11;
	int rounds = (child_kills() + 19) / 20;

	for (int i = 0; i < rounds; i++)
		for (int k = 0; k < COUNT(faults); k++)
			survives(&faults[k], &state);
	printf("%d rounds of %d faults of Slurm\n", rounds, COUNT(faults));
}
END_TEST

static bool has_refused(int n)
{
	(void)n;
	scratch_read("err", said, sizeof(said));
	return strstr(said, "no pilot: sbatch: ") != NULL;
}

START_TEST(a_refusal_is_told_once)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--launcher", "slurm", "--sbatch", "-p nowhere", NULL };
	struct child c;

	child_start(&c, argv, NULL);
	ck_assert(await_file(has_refused, 0, 120));
	child_signal(&c, SIGINT);
	ck_assert_int_eq(child_wait(&c), 130);
	child_close_pipe(&c);
	scratch_read("err", said, sizeof(said));
	ck_assert_ptr_null(strstr(strstr(said, "no pilot: ") + 1, "no pilot: "));
	ck_assert_int_eq(
		count("SELECT count(*) FROM pilots WHERE why LIKE 'sbatch: %'"), 1);
}
END_TEST

/* At real times, `make slurm-real`: what a scale may hide. */

static const char *const slowly[] = { "deltam", "run", "s.json", "--db", "t.db",
	"--launcher", "slurm", "--pilots", "2", "--workers", "1", "--sbatch",
	"--time=5", NULL };

/* A trainer whose segments last as long as $SLOW says, which is no part of the sweep. */
static void setup_slow(void)
{
	static const char slow[] = "sleep \"${SLOW:-0}\"\nexec sh train.sh\n";
	static const char sweep[] =
		"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"sh\", \"slow.sh\"],"
		" \"files\": [\"*.sh\"], \"deterministic\": true, \"stop_seconds\": 60,"
		" \"tasks\": { \"a\": { \"acc\": \"higher\" }, \"b\": { \"err\": \"lower\""
		" } } }, \"dataset\": {},"
		" \"train\": { \"epochs\": 3 }, \"methods\": [\"ew\", \"uw\"],"
		" \"search\": { \"lr\": [0.01, 0.003, 0.001] }, \"final\": { \"seeds\": 2 } }";
	static const char *const here[] = { "deltam", "run", "s.json", "--db", "t.db",
		NULL };
	static char text[1 << 14];
	char path[4096];
	size_t n;

	scratch_enter();
	snprintf(path, sizeof(path), "%s",
		scratch_source("tests/fixtures/trainer/train.sh"));
	n = scratch_read(path, text, sizeof(text));
	scratch_write("train.sh", text, n);
	write_text("slow.sh", slow);
	write_text("s.json", sweep);
	runs_well(here);
	digest_rows("t.db", wanted);
	forget();
	setenv("SLOW", "30", 1);
}

static void teardown_slow(void)
{
	unsetenv("SLOW");
	scratch_leave();
}

/* Told 180 s before its five minutes are over, a pilot saves, leaves and is replaced. */
START_TEST(a_real_time_limit_ends_a_pilot_and_no_segment)
{
	runs_well(slowly);
	ends_as_wanted();
	ck_assert_int_ge(
		count("SELECT count(*) FROM pilots WHERE why='it left (time)'"), 1);
	ck_assert_int_ge(count("SELECT count(*) FROM pilots"), 3);
	ck_assert_int_eq(
		count("SELECT count(*) FROM pilots WHERE why LIKE '%silent%'"), 0);
}
END_TEST

/* Nothing of the job says so: two minutes of silence do, and then its segment goes on. */
START_TEST(a_real_lease_ends_two_minutes_after_a_kill)
{
	static const struct fault f = { "kill -9 of a pilot",
		{ { NULL, "kill -9 $PID" } } };
	struct child c;

	child_start(&c, slowly, NULL);
	ck_assert(await_file(has_done, 1, 300));
	inject(&f, 0);
	ck_assert_int_eq(child_wait(&c), 0);
	child_close_pipe(&c);
	ends_as_wanted();
	ck_assert_int_eq(
		count("SELECT count(*) FROM pilots WHERE why='it is silent, and"
		      " its launcher does not know it' AND lost > 0"),
		1);
	ck_assert_int_ge(count("SELECT unixepoch(ended) - unixepoch(began) FROM pilot"
			       " WHERE why LIKE 'it is silent%'"),
		120);
}
END_TEST

static void add_real(Suite *s)
{
	TCase *tc = tcase_create("real times");

	tcase_add_checked_fixture(tc, setup_slow, teardown_slow);
	tcase_add_test(tc, a_real_time_limit_ends_a_pilot_and_no_segment);
	tcase_add_test(tc, a_real_lease_ends_two_minutes_after_a_kill);
	suite_add_tcase(s, tc);
}

static bool is_in_slurm(void)
{
	if (getenv("SLURM_FOLDER"))
		return true;
	printf("skipped: tests/slurm.sh starts a Slurm for these\n");
	return false;
}

Suite *suite_slurm(void);
Suite *suite_slurm(void)
{
	Suite *s = suite_create("slurm");
	TCase *tc = tcase_create("slurm");

	suite_add_tcase(s, tc);
	if (!is_in_slurm())
		return s;
	if (getenv("DELTAM_TEST_REAL")) {
		add_real(s);
		return s;
	}
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, jobs_of_slurm_train_the_same_rows);
	tcase_add_test(tc, whatever_happens_to_slurm_or_us_the_rows_are_the_same);
	tcase_add_test(tc, a_refusal_is_told_once);
	return s;
}
