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

/* Whether none of deltam's jobs waits or runs, or ends to do so within a minute. */
static bool queue_is_empty(void)
{
	return system("for i in $(seq 60); do squeue --noheader --states=PD,R --format=%j |"
		      " grep -q deltam- || exit 0; sleep 1; done; squeue; exit 1") == 0;
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

/* What happens to a run, each from a shell with $JOB and $PID of one of its pilots. */
static const struct fault {
	const char *name, *command;
} faults[] = {
	{ "scancel", "scancel $JOB" },
	{ "the time limit's TERM", "scancel --signal=TERM --batch $JOB" },
	/*
	 * What it had not written down is lost with it: it would hand out ids again that its
	 * node knows, which drains the node until an administrator comes.
	 */
	{ "kill -9 of slurmctld",
		"kill -9 $(cat $SLURM_FOLDER/slurmctld.pid); sleep 1; echo FirstJobId=$((JOB"
		" + 100)) >>$SLURM_CONF; slurmctld;"
		" kill -9 $(cat $SLURM_FOLDER/slurmd.pid); slurmd -N one" },
	{ "kill -9 of slurmd",
		"kill -9 $(cat $SLURM_FOLDER/slurmd.pid); sleep 1;"
		" slurmd -N one" },
	{ "kill -9 of a pilot", "kill -9 $PID" },
	{ "kill -9 of deltam", NULL },
};

/* One of the pilots that have begun, as variables of a shell. */
static void inject(const struct fault *f, unsigned which)
{
	char command[1024];
	const char *row;
	char sql[256];

	snprintf(sql, sizeof(sql),
		"SELECT 'JOB=' || launcher_job FROM pilot WHERE began IS NOT NULL AND"
		" ended IS NULL ORDER BY (id * 7 + %u) %% 3 LIMIT 1",
		which % 3);
	row = count("SELECT count(*) FROM pilot WHERE began IS NOT NULL AND ended IS"
		    " NULL")
		? query_text("t.db", sql)
		: "JOB=0";
	snprintf(command, sizeof(command),
		"{ %s; PID=$(grep -l \"slurm_job\\\": \\\"$JOB\\\"\" t.db.d/pilots/*/out |"
		" xargs sed -n 's/.*\"pid\": \\([0-9]*\\).*/\\1/p' | head -1); %s; }"
		" >>faults 2>&1",
		row, f->command);
	(void)!system(command);
}

static void survives(const struct fault *f, unsigned *state)
{
	struct child c;
	int status;

	child_start(&c, in_slurm, NULL);
	ck_assert(await_file(has_done, (int)(child_draw(state) % 12), 120));
	if (f->command)
		inject(f, child_draw(state));
	else
		child_signal(&c, SIGKILL);
	status = child_wait(&c);
	child_close_pipe(&c);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(status == 0 || (!f->command && status == 128 + SIGKILL),
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
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 1200);
	tcase_add_test(tc, jobs_of_slurm_train_the_same_rows);
	tcase_add_test(tc, whatever_happens_to_slurm_or_us_the_rows_are_the_same);
	tcase_add_test(tc, a_refusal_is_told_once);
	return s;
}
