/*
 * Sweeps that a command trains (docs/TRAINERS.md): tests/fixtures/trainer/train.sh, whose
 * figures follow from a formula.
 */
#include <check.h>
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
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"

#define TASKS \
	"\"tasks\": { \"a\": { \"acc\": { \"better\": \"higher\", \"title\":" \
	" \"Acc. [%]\", \"scale\": 100 }, \"err\": \"lower\" }," \
	" \"b\": { \"acc\": \"higher\", \"err\": \"lower\" } }"

/* A line search with rungs, a finer alpha of a method of one's own, final seeds. */
static const char line_search[] =
	"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"sh\", \"train.sh\"],"
	" \"files\": [\"*.sh\"], \"deterministic\": true, " TASKS " },"
	" \"dataset\": { \"name\": \"formula\" }, \"train\": { \"epochs\": 6 },"
	" \"methods\": [ \"ew\", { \"name\": \"uw_so\", \"T\": [1, 2, 4] }, { \"name\":"
	" \"mine\", \"title\": \"Ours\", \"alpha\": { \"from\": 0.1, \"to\": 10,"
	" \"per_decade\": 1, \"fine\": 1 } } ], \"search\": { \"kind\": \"line\","
	" \"lr\": [0.01, 0.003], \"wd\": [0, 1e-4] }, \"final\": { \"seeds\": 2 } }";

/* One method at one point: a baseline a task and one final run, of six epochs. */
#define SMALL(trainer, train, more) \
	"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"sh\", \"train.sh\"]," \
	" \"files\": [\"*.sh\", \"line.txt\"], " TASKS trainer " }, \"dataset\": {}," \
	" \"train\": { \"epochs\": 6" train " }, \"methods\": [\"ew\"]," \
	" \"search\": { \"lr\": [0.003] }, \"limits\": { \"retries\": 1" more " } }"

static char said[65536];

static void copy_trainer(void)
{
	static char text[1 << 16];
	char path[4096];
	size_t n;

	snprintf(path, sizeof(path), "%s",
		scratch_source("tests/fixtures/trainer/train.sh"));
	n = scratch_read(path, text, sizeof(text));
	scratch_write("train.sh", text, n);
	scratch_write("line.txt", "", 0);
}

static void setup(void)
{
	scratch_enter();
	copy_trainer();
}

static void teardown(void)
{
	scratch_leave();
}

static void write_sweep(const char *text)
{
	scratch_write("s.json", text, strlen(text));
}

/* SMALL whose trainer waits: what happens before gate_open happens during the run. */
static void write_gated_sweep(const char *train)
{
	static const char frame[] = SMALL(, "@", );
	const char *at = strchr(frame, '@');
	char text[8192];

	snprintf(text, sizeof(text), "%.*s%s%s%s", (int)(at - frame), frame, train,
		gate_key(), at + 1);
	write_sweep(text);
	gate_close();
}

static void forget(void)
{
	ck_assert_int_eq(
		system("rm -rf t.db t.db-wal t.db-shm t.db.lock t.db.d marker"), 0);
}

static int run_with(const char *option, const char *env)
{
	const char *argv[] = { "deltam", "run", "s.json", "--db", "t.db", "--workers",
		"2", option, NULL };

	return child_run(argv, env);
}

/* Its exit status; what it said on stderr is in `said`. */
static int run(void)
{
	int status = run_with(NULL, NULL);

	scratch_read("err", said, sizeof(said));
	return status;
}

static void runs_well(void)
{
	int status = run();

	ck_assert_msg(status == 0, "%d: %s", status, said);
}

static void expect_said(int status, const char *words)
{
	ck_assert_int_eq(run(), status);
	ck_assert_msg(strstr(said, words) != NULL, "\"%s\" is not in: %s", words, said);
}

static int64_t count(const char *sql)
{
	return query_int("t.db", sql);
}

START_TEST(a_command_is_led_through_the_whole_protocol)
{
	char table[8192];
	int64_t attempts;

	write_sweep(line_search);
	runs_well();
	scratch_read("out", table, sizeof(table));
	ck_assert_ptr_nonnull(strstr(table, "Acc. [%]"));
	ck_assert_ptr_nonnull(strstr(table, "\nOurs "));
	ck_assert_int_eq(count("SELECT count(DISTINCT stage) FROM stage"), 5);
	ck_assert_int_gt(count("SELECT count(*) FROM decision WHERE kind='stop'"), 3);
	ck_assert_int_eq(count("SELECT count(*) FROM benchmark"), 4);
	ck_assert_int_eq(count("SELECT count(*) FROM job WHERE outcome='done'"
			       " AND kernel_class IS NOT 'formula'"),
		0);
	ck_assert_int_eq(count("SELECT sum(replaced) FROM attempt"), 0);
	ck_assert_int_eq(
		count("SELECT count(*) FROM attempt WHERE cpu_seconds IS NULL OR"
		      " peak_bytes IS NULL"),
		0);
	attempts = count("SELECT count(*) FROM attempt");
	runs_well();
	ck_assert_int_eq(count("SELECT count(*) FROM attempt"), attempts);
}
END_TEST

START_TEST(pruned_rows_are_those_of_a_run_without_rungs)
{
	write_sweep(line_search);
	runs_well();
	ck_assert_int_eq(rename("t.db", "pruned.db"), 0);
	ck_assert_int_eq(run_with("--no-prune", NULL), 0);
	query_run("t.db",
		"ATTACH 'pruned.db' AS p; CREATE TABLE both AS SELECT"
		" count(*) AS n, sum(m.value = x.value) AS same FROM"
		" p.metric x LEFT JOIN metric m USING (job, epoch, split,"
		" task, name)");
	ck_assert_int_gt(count("SELECT n FROM both"), 1000);
	ck_assert_int_eq(count("SELECT n - same FROM both"), 0);
	ck_assert_int_gt(
		count("SELECT count(*) FROM metric"), count("SELECT n FROM both"));
}
END_TEST

/* Kills. */

/* Another table than `decision` names the rows that were there when it was made. */
static void ends_as(const char *wanted)
{
	char got[DIGEST_MAX];

	runs_well();
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
}

/* The children of a process, as the kernel lists them; how many. */
static int children_of(int pid, int *pids, int most)
{
	char path[64];
	char line[512];
	const char *rest = line;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	if (access(path, R_OK) != 0)
		return 0;
	scratch_read(path, line, sizeof(line));
	for (int used; n < most && sscanf(rest, "%d%n", &pids[n], &used) == 1;
		rest += used)
		n++;
	return n;
}

/*
 * deltam, one of its adapters, the trainer of one, or what that has started; who is above
 * where there is none just now.
 */
static int somebody(const struct child *c, unsigned who, unsigned which)
{
	int pid = c->pid;

	for (unsigned down = who % 4; down > 0; down--) {
		int children[8];
		int n = children_of(pid, children, 8);

		if (!n)
			break;
		pid = children[which % (unsigned)n];
	}
	return pid;
}

static bool sleeps(int pid)
{
	char path[64];
	char name[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (!access(path, R_OK))
		scratch_read(path, name, sizeof(name));
	return !strcmp(name, "sleep\n");
}

/* Of the trainers' helpers, which would live for long. */
static void nobody_is_left(void)
{
	FILE *helpers = fopen("helpers", "r");
	int pid;

	ck_assert_ptr_nonnull(helpers);
	while (fscanf(helpers, "%d", &pid) == 1)
		ck_assert(!sleeps(pid) || await_end(pid, 120));
	fclose(helpers);
}

/* The line search with a trainer that leaves a process behind. */
static void write_line_search_with_helpers(void)
{
	const char *at = strstr(line_search, "\"epochs\": 6");
	char text[2048];
	char path[4096];

	snprintf(text, sizeof(text), "%.*s\"helpers\": true, %s",
		(int)(at - line_search), line_search, at);
	write_sweep(text);
	ck_assert_ptr_nonnull(getcwd(path, sizeof(path) - 16));
	strcat(path, "/helpers");
	setenv("HELPERS", path, 1);
}

START_TEST(kills_of_deltam_adapter_trainer_and_its_children_change_nothing)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--workers", "2", NULL };
	const int kills = child_kills();
	char wanted[DIGEST_MAX];
	unsigned state = 7;
	int hits = 0;

	write_line_search_with_helpers();
	runs_well();
	digest_rows("t.db", wanted);
	forget();
	for (int tries = 0; hits < kills; tries++) {
		struct child c;
		int pid;

		ck_assert_int_lt(tries, 50 * kills);
		child_start(&c, argv, NULL);
		child_let_live(&c, 20000 + child_draw(&state) % 300000);
		pid = somebody(&c, child_draw(&state), child_draw(&state));
		if (!child_ended(&c) && pid > 0)
			hits += kill(pid, SIGKILL) == 0;
		if (pid != c.pid && !child_ended(&c))
			child_let_live(&c, 50000);
		if (!child_ended(&c))
			child_signal(&c, SIGKILL);
		if (child_wait(&c) == 0) {
			ends_as(wanted);
			forget();
		}
		child_close_pipe(&c);
	}
	ends_as(wanted);
	ck_assert_int_eq(count("SELECT count(*) FROM job WHERE outcome='failed'"), 0);
	nobody_is_left();
	unsetenv("HELPERS");
	printf("%d kills hit deltam, adapter, trainer or its child\n", hits);
}
END_TEST

START_TEST(a_death_at_any_point_between_files_and_rows_changes_nothing)
{
	static const char *const points[] = { "claim.after_commit", "spawn.after",
		"follow.before_commit", "follow.after_commit", "finish.before_commit",
		"finish.after_commit" };
	char wanted[DIGEST_MAX];

	write_sweep(SMALL(", \"deterministic\": true", , ));
	runs_well();
	digest_rows("t.db", wanted);
	for (int i = 0; i < COUNT(points); i++) {
		char env[256];

		forget();
		snprintf(env, sizeof(env), "DELTAM_CRASH=%s@marker@3", points[i]);
		ck_assert_int_eq(run_with(NULL, env), 128 + SIGKILL);
		ends_as(wanted);
	}
}
END_TEST

/* The n-th number in the file; 0: it is not there yet. */
static int number_in(const char *file, int n)
{
	char text[4096];
	const char *rest = text;
	int number = 0;

	if (access(file, R_OK) != 0)
		return 0;
	scratch_read(file, text, sizeof(text));
	for (int used; n > 0 && sscanf(rest, "%d%n", &number, &used) == 1; rest += used)
		n--;
	return n ? 0 : number;
}

static bool is_alive(int pid)
{
	return !await_end(pid, 0);
}

static bool is_gone(int pid)
{
	return await_end(pid, 120);
}

static bool has_helper(int n)
{
	return number_in("helpers", n) > 0;
}

START_TEST(helpers_of_a_trainer_die_with_its_adapter)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--workers", "1", NULL };
	char path[4096];
	struct child c;
	int adapter;

	ck_assert_ptr_nonnull(getcwd(path, sizeof(path) - 16));
	strcat(path, "/helpers");
	setenv("HELPERS", path, 1);
	write_gated_sweep(", \"helpers\": true");
	child_start(&c, argv, NULL);
	ck_assert(await_file(has_helper, 1, 120));
	ck_assert(is_alive(number_in("helpers", 1)));
	ck_assert_int_eq(children_of(c.pid, &adapter, 1), 1);
	ck_assert_int_eq(kill(adapter, SIGKILL), 0);
	ck_assert(is_gone(number_in("helpers", 1)));
	/* Both at once: the next attempt ends what they left. */
	ck_assert(await_file(has_helper, 2, 120));
	ck_assert_int_eq(children_of(c.pid, &adapter, 1), 1);
	child_signal(&c, SIGSTOP);
	ck_assert_int_eq(kill(adapter, SIGKILL), 0);
	child_signal(&c, SIGKILL);
	(void)child_wait(&c);
	ck_assert(is_alive(number_in("helpers", 2)));
	gate_open();
	runs_well();
	for (int i = 1; number_in("helpers", i); i++)
		ck_assert(is_gone(number_in("helpers", i)));
	unsetenv("HELPERS");
}
END_TEST

/* What goes wrong. */

static void expect_failure(const char *message)
{
	expect_said(1, message);
	ck_assert_str_eq(
		query_text("t.db", "SELECT DISTINCT outcome FROM job"), "failed");
}

START_TEST(a_line_out_of_form_fails_its_job_at_once)
{
	static const char line[] = "{\"epoch\": 2, \"vall\": {}}\n";

	write_sweep(SMALL(, ", \"line\": true", ));
	scratch_write("line.txt", line, sizeof(line) - 1);
	expect_failure("report line 3: unknown key \"vall\"; did you mean \"val\"?");
	ck_assert_int_eq(count("SELECT max(n) FROM (SELECT count(*) AS n FROM attempt"
			       " GROUP BY job)"),
		1);
	ck_assert_int_eq(count("SELECT max(epoch) FROM metric"), 1);
}
END_TEST

START_TEST(a_loss_that_is_no_number_diverges)
{
	write_sweep(SMALL(, ", \"nan\": 3", ));
	ck_assert_int_eq(run(), 1);
	ck_assert_str_eq(
		query_text("t.db", "SELECT DISTINCT outcome FROM job"), "diverged");
	ck_assert_str_eq(query_text("t.db",
				 "SELECT message FROM attempt ORDER BY"
				 " message LIMIT 1"),
		"epoch 3: val a/loss is not finite");
	ck_assert_int_eq(count("SELECT max(epoch) FROM metric"), 2);
}
END_TEST

START_TEST(what_a_trainer_printed_last_is_the_reason_of_its_failure)
{
	/* Each attempt gets one epoch further, so only the last of six may fail twice. */
	write_sweep(SMALL(, ", \"stop\": 6", ));
	runs_well();
	ck_assert_str_eq(query_text("t.db",
				 "SELECT DISTINCT message FROM attempt WHERE"
				 " message IS NOT NULL"),
		"exit status 3: the disk is on fire");
	forget();
	write_sweep(SMALL(, ", \"stop\": 1, \"forget\": true", ));
	expect_failure("exit status 3: the disk is on fire");
}
END_TEST

START_TEST(a_trainer_that_ignores_its_state_is_told_of_resume)
{
	static const char sweep[] =
		"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"sh\", \"train.sh\"], "
		"\"files\": [\"*.sh\"], " TASKS " }, \"dataset\": {}, \"train\": {"
		" \"epochs\": 8, \"forget\": true }, \"methods\": [\"ew\"], \"search\":"
		" { \"lr\": [0.02, 0.01, 0.006, 0.003, 0.002, 0.001] },"
		" \"prune\": { \"rungs\": [0.25, 0.5] } }";

	write_sweep(sweep);
	expect_said(1, "set \"resume\" to false under \"trainer\"");
	ck_assert_int_gt(count("SELECT count(*) FROM attempt WHERE replaced > 0"), 0);
}
END_TEST

START_TEST(a_trainer_that_says_nothing_is_killed)
{
	write_sweep(SMALL(, ", \"pause\": 100", ", \"silent_minutes\": 0.01"));
	expect_failure("no epoch and no output for limits.silent_minutes");
}
END_TEST

START_TEST(a_program_that_is_not_there_is_said_before_anything_is_written)
{
	write_sweep(
		"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"./none\"], " TASKS
		" }, \"dataset\": {}, \"train\": { \"epochs\": 1 }, \"methods\":"
		" [\"ew\"], \"search\": { \"lr\": [1] } }");
	expect_said(3, "s.json:1:41: error: ./none is no program");
	ck_assert_int_ne(access("t.db", F_OK), 0);
	write_sweep(SMALL(, , ));
	ck_assert_int_eq(unlink("line.txt"), 0);
	expect_said(2, "no file fits \"line.txt\"");
	ck_assert_int_ne(access("t.db", F_OK), 0);
}
END_TEST

/* Noise: one chain of states. */

/* What an attempt has written is there, and (replaced) what a later one wrote in its place. */
static bool has_written(int replaced)
{
	return access("t.db-wal", F_OK) == 0 &&
		count("SELECT count(*) FROM sqlite_schema WHERE name='metric'") &&
		count(replaced ? "SELECT coalesce(sum(replaced), 0) FROM attempt"
			       : "SELECT count(*) FROM metric") > 0;
}

START_TEST(rows_of_a_noisy_trainer_come_from_one_chain_of_states)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		NULL };
	struct child c;

	/* It saves every third epoch, so it goes back to nothing after a death before. */
	write_gated_sweep(", \"noise\": 0.001, \"save\": 3");
	child_start(&c, argv, NULL);
	ck_assert(await_file(has_written, false, 120));
	child_signal(&c, SIGKILL);
	(void)child_wait(&c);
	child_close_pipe(&c);
	child_start(&c, argv, NULL);
	ck_assert(await_file(has_written, true, 120));
	gate_open();
	ck_assert_int_eq(child_wait(&c), 0);
	ck_assert_int_gt(count("SELECT sum(replaced) FROM attempt"), 0);
	ck_assert_int_eq(
		count("SELECT count(*) FROM (SELECT job FROM metric GROUP BY job"
		      " HAVING count(DISTINCT epoch) <> 6 OR max(epoch) <> 6)"),
		0);
}
END_TEST

/* The code, and what is planned. */

static bool has_begun(int n)
{
	(void)n;
	return access("t.db.d/jobs", F_OK) == 0;
}

START_TEST(code_that_is_edited_during_a_run_has_no_effect_on_it)
{
	static const char broken[] = "exit 1\n";
	static const char *const plan[] = { "deltam", "plan", "s.json", "--db", "t.db",
		NULL };
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		NULL };
	struct child c;
	int64_t jobs;

	write_gated_sweep("");
	child_start(&c, argv, NULL);
	ck_assert(await_file(has_begun, 0, 120));
	scratch_write("train.sh", broken, sizeof(broken) - 1);
	gate_open();
	ck_assert_int_eq(child_wait(&c), 0);
	jobs = count("SELECT count(*) FROM job");
	ck_assert_int_eq(child_run(plan, NULL), 0);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(strstr(said,
			      "\n6 jobs trained before are not in the plan so far, and "
			      "stay in the database: the files of \"trainer\" have "
			      "changed (what they were is in t.db.d/code/"),
		"%s", said);
	ck_assert_int_eq(run(), 1); /* other code is another job */
	ck_assert_int_eq(count("SELECT count(*) FROM job"),
		jobs + 3); /* two baselines, one method */
}
END_TEST

START_TEST(criteria_that_make_delta_m_can_be_chosen_anew_without_training)
{
	int64_t attempts;
	char before[64];

	write_sweep(SMALL(, , ));
	runs_well();
	attempts = count("SELECT count(*) FROM attempt");
	snprintf(before, sizeof(before), "%s",
		query_text("t.db", "SELECT delta_m FROM benchmark WHERE label='ew'"));
	write_sweep(SMALL(, , " }, \"select\": { \"criteria\": [\"b/err\"]"));
	runs_well();
	ck_assert_int_eq(count("SELECT count(*) FROM attempt"), attempts);
	ck_assert_str_ne(
		query_text("t.db", "SELECT delta_m FROM benchmark WHERE label='ew'"),
		before);
	ck_assert_int_eq(
		count("SELECT round(1e6 * delta_m) = (SELECT round(1e8 *"
		      " (c.value - b.value) / b.value) FROM benchmark_criterion c JOIN"
		      " benchmark_criterion b USING (criterion) WHERE criterion='b/err'"
		      " AND c.label='ew' AND b.label='stl') FROM benchmark WHERE"
		      " label='ew'"),
		1);
	scratch_read("out", said, sizeof(said));
	ck_assert_ptr_nonnull(
		strstr(said, "Shown and not part of Δm: a/acc, a/err, b/acc."));
}
END_TEST

START_TEST(an_audit_goes_on_from_the_folders_of_what_was_stopped)
{
	static const char *const audit[] = { "deltam", "audit", "--db", "t.db", NULL };
	int64_t stopped;

	write_sweep(line_search);
	runs_well();
	stopped = count("SELECT count(*) FROM stage_job WHERE state='stopped'");
	ck_assert_int_eq(child_run(audit, NULL), 0);
	ck_assert_int_ge(query_int("t.audit.db",
				 "SELECT count(*) FROM attempt WHERE start_epoch > 0"),
		stopped);
	ck_assert_int_eq(
		query_int("t.audit.db", "SELECT sum(replaced) FROM attempt"), 0);
	ck_assert_int_eq(
		query_int("t.audit.db",
			"SELECT count(*) FROM job WHERE outcome IS NOT 'done'"),
		0);
}
END_TEST

START_TEST(without_a_command_what_is_missing_is_listed)
{
	write_sweep("{ \"sweep\": \"s\", \"trainer\": { " TASKS " }, \"dataset\": {},"
		    " \"train\": { \"epochs\": 1 }, \"methods\": [\"ew\"],"
		    " \"search\": { \"lr\": [1] } }");
	expect_said(1, "\"trainer\" has no \"command\" to train them");
	/* What can be planned: a baseline a task, and the method's one job. */
	ck_assert_ptr_nonnull(strstr(said, "missing: stl a lr 1 seed 0\n"));
	ck_assert_ptr_nonnull(strstr(said, "missing: stl b lr 1 seed 0\n"));
	ck_assert_ptr_nonnull(strstr(said, "missing: ew lr 1 seed 0\n"));
	ck_assert_ptr_nonnull(strstr(said, "3 runs have no results"));
	/* Of many, some. */
	write_sweep("{ \"sweep\": \"s\", \"trainer\": { " TASKS " }, \"dataset\": {},"
		    " \"train\": { \"epochs\": 1 }, \"methods\": [\"ew\"],"
		    " \"search\": { \"lr\": [1, 2, 3, 4, 5, 6, 7, 8] } }");
	expect_said(
		1, "missing: 4 more (`deltam runs --db t.db --where state=pending`");
}
END_TEST

/* Err of the trainer falls. */
START_TEST(a_direction_that_all_curves_contradict_is_told)
{
	static const char sweep[] =
		"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"sh\", \"train.sh\"], "
		"\"tasks\": { \"a\": { \"acc\": \"higher\" }, \"b\": { \"acc\": "
		"\"higher\", \"err\": \"%s\" } } }, \"dataset\": {}, \"train\": { "
		"\"epochs\": 3 }, \"methods\": [\"ew\"], \"search\": { \"lr\": [0.003, "
		"0.001] } }";
	static const char words[] =
		"b/err is \"higher\" in the sweep file, and no run of the baseline (3) was "
		"ever better by that than in its first epoch: should it be \"lower\"?";
	char text[1024];

	snprintf(text, sizeof(text), sweep, "lower");
	write_sweep(text);
	runs_well();
	ck_assert_msg(!strstr(said, "first epoch"), "%s", said);
	snprintf(text, sizeof(text), sweep, "higher");
	write_sweep(text);
	for (int i = 0; i < 2; i++) { /* once a run, whoever has trained */
		runs_well();
		ck_assert_msg(strstr(said, words) != NULL, "%s", said);
		ck_assert_ptr_null(
			strstr(strstr(said, words) + sizeof(words) - 1, "first epoch"));
		ck_assert_ptr_null(strstr(said, "a/acc"));
	}
}
END_TEST

Suite *suite_trainer(void);
Suite *suite_trainer(void)
{
	Suite *s = suite_create("trainer");
	TCase *tc = tcase_create("trainer");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_command_is_led_through_the_whole_protocol);
	tcase_add_test(tc, pruned_rows_are_those_of_a_run_without_rungs);
	tcase_add_test(
		tc, kills_of_deltam_adapter_trainer_and_its_children_change_nothing);
	tcase_add_test(tc, a_death_at_any_point_between_files_and_rows_changes_nothing);
	tcase_add_test(tc, helpers_of_a_trainer_die_with_its_adapter);
	tcase_add_test(tc, a_line_out_of_form_fails_its_job_at_once);
	tcase_add_test(tc, a_loss_that_is_no_number_diverges);
	tcase_add_test(tc, what_a_trainer_printed_last_is_the_reason_of_its_failure);
	tcase_add_test(tc, a_trainer_that_ignores_its_state_is_told_of_resume);
	tcase_add_test(tc, a_trainer_that_says_nothing_is_killed);
	tcase_add_test(
		tc, a_program_that_is_not_there_is_said_before_anything_is_written);
	tcase_add_test(tc, rows_of_a_noisy_trainer_come_from_one_chain_of_states);
	tcase_add_test(tc, code_that_is_edited_during_a_run_has_no_effect_on_it);
	tcase_add_test(
		tc, criteria_that_make_delta_m_can_be_chosen_anew_without_training);
	tcase_add_test(tc, without_a_command_what_is_missing_is_listed);
	tcase_add_test(tc, a_direction_that_all_curves_contradict_is_told);
	tcase_add_test(tc, an_audit_goes_on_from_the_folders_of_what_was_stopped);
	suite_add_tcase(s, tc);
	return s;
}
