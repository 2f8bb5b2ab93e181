/*
 * Runs whose segments train at pilots (docs/CLUSTERS.md): processes of this machine, by
 * --launcher local, and the time scale that makes their seconds hundredths.
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
#include "tests/lib/pace.h"
#include "tests/lib/scratch.h"

/* A search with rungs on data that are made in a moment, 20 segments and more. */
static const char search[] =
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", \"train\": 64, "
	"\"val\": 16, \"test\": 16, \"tasks\": 2 }, \"model\": \"mlp\", \"train\": { "
	"\"epochs\": 8, \"batch\": 16 }, \"methods\": [ \"ew\", { \"name\": \"uw_so\", "
	"\"T\": [1, 2, 4] } ], \"search\": { \"lr\": [0.01, 0.003, 0.001] }, "
	"\"final\": { \"seeds\": 2 } }";

static char said[65536];

static void write_text(const char *file, const char *text)
{
	scratch_write(file, text, strlen(text));
}

static void setup(void)
{
	scratch_enter();
	write_text("s.json", search);
	setenv("DELTAM_TIME_SCALE", "0.01", 1);
}

static void teardown(void)
{
	unsetenv("DELTAM_TIME_SCALE");
	scratch_leave();
}

#define PILOTS "--launcher", "local", "--pilots", "3", "--workers", "1"

static const char *const at_pilots[] = { "deltam", "run", "s.json", "--db", "t.db",
	PILOTS, NULL };

/* Its exit status; what it said on stderr is in `said`. */
static int run(const char *const argv[], const char *env)
{
	int status = child_run(argv, env);

	scratch_read("err", said, sizeof(said));
	return status;
}

static void runs_well(const char *const argv[], const char *env)
{
	int status = run(argv, env);

	ck_assert_msg(status == 0, "%d: %s", status, said);
}

static void expect_said(const char *const argv[], int status, const char *words)
{
	int got = run(argv, NULL);

	ck_assert_msg(got == status, "%d: %s", got, said);
	ck_assert_msg(strstr(said, words) != NULL, "\"%s\" is not in: %s", words, said);
}

static int64_t count(const char *sql)
{
	return query_int("t.db", sql);
}

static void forget(void)
{
	ck_assert_int_eq(system("rm -rf t.db t.db-wal t.db-shm t.db.lock t.db.d"), 0);
}

static void here(char digest[DIGEST_MAX], const char *env)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--kernels", "avx2", NULL };

	runs_well(argv, env);
	digest_rows("t.db", digest);
	forget();
}

START_TEST(the_rows_are_those_of_a_run_here)
{
	char database[DIGEST_MAX], folders[DIGEST_MAX], pilots[DIGEST_MAX];

	here(database, NULL);
	here(folders, "DELTAM_FOLDERS=1");
	ck_assert_str_eq(folders, database);
	runs_well(at_pilots, NULL);
	ck_assert_msg(strstr(said, "s: 0/") && strstr(said, " jobs have ended; ") &&
			strstr(said, " to train now, by up to 3 pilots (local)\n"),
		"%s", said);
	ck_assert_str_eq(digest_rows("t.db", pilots), database);
	ck_assert_int_gt(count("SELECT count(*) FROM decision WHERE kind='stop'"), 3);
	ck_assert_int_eq(count("SELECT count(*) FROM attempt WHERE pilot IS NULL"), 0);
	ck_assert_int_eq(count("SELECT count(*) FROM pilots WHERE state='gone' AND"
			       " why='it left (told)' AND slots=1 AND segments > 0"
			       " AND kernel_class='avx2'"),
		3);
	ck_assert_int_eq(count("SELECT sum(segments) FROM pilots"),
		count("SELECT count(*) FROM attempt"));
	/* Nothing is left to do: no pilot is asked for. */
	runs_well(at_pilots, NULL);
	ck_assert_int_eq(count("SELECT count(*) FROM pilot"), 3);
}
END_TEST

/* tests/fixtures/trainer/train.sh as the trainer. */
static void write_command(const char *train)
{
	static char text[1 << 16];
	char path[4096];
	size_t n;

	snprintf(path, sizeof(path), "%s",
		scratch_source("tests/fixtures/trainer/train.sh"));
	n = scratch_read(path, text, sizeof(text));
	scratch_write("train.sh", text, n);
	snprintf(text, sizeof(text),
		"{ \"sweep\": \"s\", \"trainer\": { \"command\": [\"sh\", \"train.sh\"], "
		"\"files\": [\"*.sh\"], \"deterministic\": true, \"tasks\": { \"a\": { "
		"\"acc\": \"higher\" }, \"b\": { \"err\": \"lower\" } } }, \"dataset\": "
		"{}, \"train\": { \"epochs\": 6%s }, \"methods\": [\"ew\", { \"name\": "
		"\"pcgrad\", \"slots\": 2 }], \"search\": { \"lr\": [0.01, 0.003] }, "
		"\"limits\": { \"retries\": 1 } }",
		train);
	write_text("s.json", text);
}

START_TEST(commands_train_at_pilots_too)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--launcher", "local", "--pilots", "2", "--workers", "2", NULL };
	char wanted[DIGEST_MAX], got[DIGEST_MAX];

	write_command("");
	here(wanted, NULL);
	runs_well(argv, NULL);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	/* What fails says where it ran. */
	write_command(", \"stop\": 1, \"forget\": true");
	ck_assert_int_eq(run(argv, NULL), 1);
	ck_assert_msg(
		strstr(said, "exit status 3: the disk is on fire") != NULL, "%s", said);
	ck_assert_int_gt(
		count("SELECT count(*) FROM failures JOIN pilots USING (pilot)"), 0);
}
END_TEST

/* Any command with the place of a host is a launcher, as ssh is. */
START_TEST(a_command_with_a_host_starts_pilots)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--workers", "1", "--launcher", "env IT_IS={} nice", "--hosts", "a,b",
		NULL };
	char wanted[DIGEST_MAX], got[DIGEST_MAX];

	here(wanted, NULL);
	runs_well(argv, NULL);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	ck_assert_str_eq(query_text("t.db",
				 "SELECT group_concat(launcher_job) FROM (SELECT"
				 " launcher_job FROM pilots WHERE segments > 0"
				 " ORDER BY 1)"),
		"a,b");
}
END_TEST

/* The database here, everything that pilots see elsewhere. */
START_TEST(the_folder_of_the_work_may_lie_elsewhere)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		PILOTS, "--work", "shared", NULL };
	char wanted[DIGEST_MAX], got[DIGEST_MAX];

	here(wanted, NULL);
	expect_said(argv, 2, "--work shared: ");
	ck_assert_int_eq(mkdir("shared", 0755), 0);
	ck_assert_int_eq(mkdir("t.db.d", 0755), 0);
	expect_said(argv, 2, "t.db.d is there already, and does not lead to ");
	ck_assert_int_eq(rmdir("t.db.d"), 0);
	runs_well(argv, NULL);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	ck_assert_int_eq(access("shared/t.db.d/pilots", F_OK), 0);
	runs_well(argv, NULL); /* the link is there */
}
END_TEST

/* Deaths. */

/* A pilot that has not ended as far as the rows know; 0: none. */
static int some_pilot(unsigned which)
{
	char sql[256];

	if (access("t.db", F_OK) != 0 ||
		!query_int("t.db",
			"SELECT count(*) FROM sqlite_schema WHERE name='pilot'"))
		return 0;
	snprintf(sql, sizeof(sql),
		"SELECT coalesce((SELECT launcher_job FROM pilot WHERE ended IS NULL"
		" AND launcher_job IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET %u), 0)",
		which % 2);
	return (int)query_int("t.db", sql);
}

/* Whether the attempt with that token was for epochs that a later one began before. */
static bool trained_again(const char *token)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		"SELECT count(*) FROM attempt a JOIN attempt b ON b.job=a.job AND"
		" b.id > a.id AND b.start_epoch < a.stop_epoch WHERE a.token='%.32s'",
		token);
	return count(sql) > 0;
}

/* How many segments the files of all pilots say to have ended well; none trained twice. */
static int check_ends(void)
{
	static char text[1 << 20];
	glob_t found;
	int ends = 0;

	if (glob("t.db.d/pilots/*/out", 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		scratch_read(found.gl_pathv[i], text, sizeof(text));
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			static const char front[] = "{\"end\": \"";

			if (strncmp(line, front, strlen(front)) != 0 ||
				!strstr(line, "\"exited\"") ||
				!strstr(line, "\"status\": 0,"))
				continue;
			ends++;
			ck_assert_msg(!trained_again(line + strlen(front)), "%s", line);
		}
	}
	globfree(&found);
	return ends;
}

static void ends_as(const char *wanted)
{
	char got[DIGEST_MAX];

	runs_well(at_pilots, NULL);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	ck_assert_int_gt(check_ends(), 10);
	ck_assert_int_eq(
		count("SELECT count(*) FROM attempt WHERE outcome IS NULL"), 0);
	ck_assert_int_eq(count("SELECT count(*) FROM pilot WHERE ended IS NULL"), 0);
}

START_TEST(kills_of_deltam_and_its_pilots_change_nothing)
{
	/* After each the successor waits for what the dead do not say: seconds. */
	const int kills = getenv("DELTAM_TEST_KILLS") ? child_kills() : pace(8, 2);
	char wanted[DIGEST_MAX];
	unsigned state = 3;
	int hits[2] = { 0 };

	here(wanted, NULL);
	for (int tries = 0; hits[0] < kills || hits[1] < kills / 2; tries++) {
		struct child c;
		int status;
		int pilot;

		ck_assert_int_lt(tries, 50 * kills);
		child_start(&c, at_pilots, NULL);
		while (!child_ended(&c) && !some_pilot(0))
			child_let_live(&c, 10000);
		child_let_live(&c, child_draw(&state) % 400000);
		pilot = child_draw(&state) % 4 ? some_pilot(child_draw(&state)) : 0;
		if (pilot > 0 && !child_ended(&c)) {
			hits[1] += kill(pilot, SIGKILL) == 0;
			child_let_live(&c, 100000);
		}
		/* None of those lives as long as the lease of a dead pilot that has all tasks. */
		if (!child_ended(&c) && tries % 8 != 7) {
			hits[0]++;
			child_signal(&c, SIGKILL);
		}
		status = child_wait(&c);
		scratch_read("err", said, sizeof(said));
		ck_assert_msg(
			status == 0 || status == 128 + SIGKILL, "%d: %s", status, said);
		if (status == 0) {
			ends_as(wanted);
			forget();
		}
		child_close_pipe(&c);
	}
	ends_as(wanted);
	ck_assert_int_eq(count("SELECT count(*) FROM job WHERE outcome='failed'"), 0);
	printf("%d kills of deltam, %d of pilots\n", hits[0], hits[1]);
}
END_TEST

/* As a controller of Slurm does that crashed. */
START_TEST(a_pilot_that_is_started_twice_begins_nothing_again)
{
	const char *argv[] = { "deltam", "pilot", NULL, NULL };
	static char before[1 << 20], after[1 << 20];
	char folder[512];
	char out[520];
	glob_t found;

	runs_well(at_pilots, NULL);
	ck_assert_int_eq(glob("t.db.d/pilots/*", 0, NULL, &found), 0);
	snprintf(folder, sizeof(folder), "%s", found.gl_pathv[0]);
	globfree(&found);
	snprintf(out, sizeof(out), "%s/out", folder);
	scratch_read(out, before, sizeof(before));
	argv[2] = folder;
	ck_assert_int_eq(child_run(argv, NULL), 3);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(strstr(said, "has begun before"), "%s", said);
	scratch_read(out, after, sizeof(after));
	ck_assert_str_eq(before, after);
}
END_TEST

/* Where each user has a group, a umask lets the group write. */
START_TEST(a_run_makes_folders_that_its_pilots_accept_under_any_umask)
{
	char wanted[DIGEST_MAX], got[DIGEST_MAX];

	here(wanted, NULL);
	umask(002);
	runs_well(at_pilots, NULL);
	umask(022);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
}
END_TEST

START_TEST(a_death_at_any_point_between_files_and_rows_changes_nothing)
{
	static const char *const points[] = { "claim.after_commit",
		"follow.before_commit", "follow.after_commit", "finish.before_commit",
		"finish.after_commit" };
	char wanted[DIGEST_MAX];

	here(wanted, NULL);
	for (int i = 0; i < COUNT(points); i++) {
		char env[256];

		forget();
		unlink("marker");
		snprintf(env, sizeof(env), "DELTAM_CRASH=%s@marker@7", points[i]);
		ck_assert_int_eq(run(at_pilots, env), 128 + SIGKILL);
		ends_as(wanted);
	}
}
END_TEST

static bool has_begun(int n)
{
	return access("t.db", F_OK) == 0 && access("t.db.d/pilots", F_OK) == 0 &&
		count("SELECT count(*) FROM sqlite_schema WHERE name='pilot'") &&
		count("SELECT count(*) FROM attempt WHERE outcome='done'") >= n;
}

/* Whether n segments have reported epochs, which were read, and go on. */
static bool is_at_work(int n)
{
	return has_begun(0) &&
		count("SELECT count(*) FROM attempt WHERE outcome IS NULL"
		      " AND read_bytes > 0") >= n;
}

static void expect_status(const char *words, const char *more)
{
	static const char *const argv[] = { "deltam", "status", "--db", "t.db",
		"--json", NULL };

	ck_assert_int_eq(child_run(argv, NULL), 0);
	scratch_read("out", said, sizeof(said));
	ck_assert_msg(strstr(said, words) && strstr(said, more), "%s", said);
}

/* What a living pilot trains goes on under the successor, in the same attempt. */
START_TEST(a_successor_takes_over_what_is_at_work)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--launcher", "local", "--workers", "2", NULL };
	char wanted[DIGEST_MAX], got[DIGEST_MAX];
	struct child c;
	int64_t open;

	write_command(gate_key());
	here(wanted, NULL);
	gate_close();
	child_start(&c, argv, NULL);
	ck_assert(await_file(is_at_work, 2, 120));
	child_signal(&c, SIGTERM); /* as a logout does */
	ck_assert_int_eq(child_wait(&c), 130);
	child_close_pipe(&c);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(strstr(said, "interrupted; 1 pilot goes on for ten minutes (") &&
			strstr(said, "); the same command takes it over\n"),
		"%s", said);
	expect_status("{\"pilot\":1,\"host\":\"", "\"state\":\"working\"");
	open = count("SELECT count(*) FROM attempt WHERE outcome IS NULL");
	ck_assert_int_gt(open, 1);
	query_run("t.db",
		"CREATE TABLE was AS SELECT id FROM attempt WHERE outcome IS NULL");
	gate_open();
	runs_well(argv, NULL);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	ck_assert_int_eq(
		count("SELECT count(*) FROM attempt WHERE id IN was AND outcome='done'"),
		open);
	ck_assert_int_eq(count("SELECT count(*) FROM pilot"), 1);
	ck_assert_int_eq(
		count("SELECT count(*) FROM attempt WHERE outcome<>'done'"), 0);
}
END_TEST

/* A pilot has as many tasks at work, and as many that wait there. */
static bool has_tasks(int n)
{
	return has_begun(0) &&
		count("SELECT count(*) FROM pilots WHERE state='working'") == 1 &&
		count("SELECT running FROM pilots") == n &&
		count("SELECT ahead FROM pilots") == n;
}

static void expect_text(const char *words)
{
	static const char *const argv[] = { "deltam", "status", "--db", "t.db", NULL };

	ck_assert_int_eq(child_run(argv, NULL), 0);
	scratch_read("out", said, sizeof(said));
	ck_assert_msg(strstr(said, words) != NULL, "\"%s\" is not in: %s", words, said);
}

START_TEST(status_tells_what_is_at_work_with_and_without_a_deltam)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--launcher", "local", "--workers", "1", NULL };
	struct child c;
	int pilot;

	write_command(", \"pause\": 1000");
	setenv("DELTAM_TIME_SCALE", "0.1", 1);
	child_start(&c, argv, NULL);
	ck_assert(await_file(has_tasks, 1, 120));
	expect_status("\"live\":true", "\"running\":1,\"ahead\":1,");
	pilot = some_pilot(0);
	child_signal(&c, SIGTERM);
	ck_assert_int_eq(child_wait(&c), 130);
	child_close_pipe(&c);
	expect_status("\"live\":false", "\"running\":1,\"ahead\":1,");
	expect_text(
		"Not running: no deltam holds t.db. 1 pilot works on by itself: 1 "
		"segment at work, 1 waits ahead, 0 ended since. `deltam run` with the "
		"same --launcher takes over; ");
	ck_assert_int_eq(kill(pilot, SIGTERM), 0);
	ck_assert(await_end(pilot, 120));
	expect_status("\"state\":\"left (signal)\"", "\"running\":0,\"ahead\":0,");
	expect_text("Not running: no deltam holds t.db. `deltam run` goes on");
}
END_TEST

START_TEST(a_run_without_a_launcher_lets_pilots_go)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		NULL };
	char wanted[DIGEST_MAX], got[DIGEST_MAX];
	struct child c;
	int pilot;

	write_command(gate_key());
	here(wanted, NULL);
	gate_close();
	setenv("DELTAM_TIME_SCALE", "1", 1); /* no pilot leaves by itself */
	child_start(&c, at_pilots, NULL);
	ck_assert(await_file(is_at_work, 1, 120));
	child_signal(&c, SIGTERM);
	ck_assert_int_eq(child_wait(&c), 130);
	child_close_pipe(&c);
	pilot = some_pilot(0);
	ck_assert_int_gt(pilot, 0);
	gate_open();
	runs_well(argv, NULL);
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	ck_assert(await_end(pilot, 120));
	ck_assert_int_eq(count("SELECT count(*) FROM pilot WHERE ended IS NULL"), 0);
	ck_assert_int_eq(
		system("grep -q '{\"leaving\": \"told\"}' t.db.d/pilots/*/out"), 0);
}
END_TEST

START_TEST(an_interrupt_ends_the_pilots_and_keeps_what_they_had)
{
	char wanted[DIGEST_MAX];
	struct child c;

	here(wanted, NULL);
	child_start(&c, at_pilots, NULL);
	ck_assert(await_file(has_begun, 3, 120));
	child_signal(&c, SIGINT);
	ck_assert_int_eq(child_wait(&c), 130);
	child_close_pipe(&c);
	ck_assert_int_eq(count("SELECT count(*) FROM pilot WHERE ended IS NULL"), 0);
	ck_assert_int_eq(
		count("SELECT count(*) FROM attempt WHERE outcome IS NULL"), 0);
	ends_as(wanted);
}
END_TEST

/* Nobody is left who would end it. */
START_TEST(a_pilot_that_hears_nothing_leaves)
{
	struct child c;
	int pilot;

	child_start(&c, at_pilots, NULL);
	ck_assert(await_file(has_begun, 1, 120));
	child_signal(&c, SIGKILL);
	(void)child_wait(&c);
	child_close_pipe(&c);
	pilot = some_pilot(0);
	ck_assert_int_gt(pilot, 0);
	ck_assert(await_end(pilot, 120));
	ck_assert_int_eq(
		system("grep -q '{\"leaving\": \"alone\"}' t.db.d/pilots/*/out"), 0);
}
END_TEST

/* What is wrong. */

/* A launcher whose pilots write one line, and are no pilots. */
static void expect_of_line(const char *line, const char *words)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--launcher", "sh fake.sh {}", "--hosts", "a", NULL };
	char script[1024];

	forget();
	snprintf(script, sizeof(script), "printf '%%b' '%s' >>$4/out\n", line);
	write_text("fake.sh", script);
	expect_said(argv, 3, words);
}

START_TEST(hostile_lines_are_refused_with_their_place)
{
	expect_of_line("{\"fly\": 1}\\n", "/out:1: no line between deltam and a pilot");
	expect_of_line(
		"{\"beat\": 1}\\n{\"beat\": -1}\\n", "/out:2: \"beat\" is out of form");
	expect_of_line("{\"beat\": 1, \"more\": 2}\\n",
		"/out:1: a key that \"beat\" does not have");
	expect_of_line(
		"{\"leave\": true}\\n", "/out:1: a line of deltam, not of a pilot");
	expect_of_line("{\"end\": \"../../x\"}\\n", "/out:1: \"end\" is out of form");
	expect_of_line("{\"be\\0at\": 1}\\n", "/out:1: the line stays torn");
	expect_of_line("{\"hello\": 1, \"build\": \"0.0.1\", \"kernels\": \"avx2\", "
		       "\"slots\": 1, \"host\": \"far\", \"pid\": 1}\\n",
		"pilot 1 on far is deltam 0.0.1, and this is");
	expect_of_line("", "pilots ended without a segment, 3 times in a row");
	expect_of_line("\'; exit 255 #",
		"pilot 1 is gone: its process ended with status 255 before it began");
}
END_TEST

START_TEST(what_others_may_write_is_no_place_for_pilots)
{
	ck_assert_int_eq(mkdir("t.db.d", 0777), 0);
	ck_assert_int_eq(chmod("t.db.d", 0777), 0);
	expect_said(at_pilots, 3, "others may write ");
	ck_assert_int_eq(chmod("t.db.d", 0755), 0);
	runs_well(at_pilots, NULL);
}
END_TEST

START_TEST(options_that_do_not_fit_are_refused_before_anything_is_written)
{
	static const struct {
		const char *words[6];
		const char *message;
	} cases[] = {
		{ { "--pilots", "2" }, "--pilots wants --launcher (/" },
		{ { "--launcher", "local", "--pilots", "1001" },
			"--pilots: \"1001\" is not a whole number from 1 to 1000\n" },
		{ { "--launcher", "local", "--pilots", "200000" },
			"--pilots: \"200000\" is not a whole number from 1 to 1000\n" },
		{ { "--launcher", "local", "--workers", "1025" },
			"--workers: at most 1024 on one machine" },
		{ { "--launcher", "pbs" }, "a command with {} in the place of a host" },
		{ { "--launcher", "ssh {}" }, "wants --hosts" },
		{ { "--launcher", "local", "--hosts", "a" },
			"--hosts is for a launcher" },
		{ { "--launcher", "local", "--sbatch", "-p x" },
			"--sbatch is for --launcher slurm" },
		{ { "--launcher", "slurm", "--sbatch", "-p x --nodes=2" },
			"--nodes is for deltam to say" },
		{ { "--launcher", "slurm", "--sbatch", "-n4" },
			"-n is for deltam to say" },
		{ { "--launcher", "slurm", "--sbatch", "--arr=1-9" },
			"--array is for deltam to say" },
		{ { "--launcher", "local", "--gpus", "all" },
			"--gpus is for this machine" },
		{ { "--launcher", "slurm", "--setup", "none.sh" },
			"cannot read none.sh" },
	};

	for (int i = 0; i < COUNT(cases); i++) {
		const char *argv[16] = { "deltam", "run", "s.json", "--db", "t.db" };

		for (int k = 0; k < 6 && cases[i].words[k]; k++)
			argv[5 + k] = cases[i].words[k];
		expect_said(argv, 2, cases[i].message);
		ck_assert_int_ne(access("t.db", F_OK), 0);
	}
}
END_TEST

START_TEST(rows_of_another_kernel_class_decide_which_one_pilots_use)
{
	static const char *const portable[] = { "deltam", "run", "s.json", "--db",
		"t.db", "--kernels", "portable", NULL };
	static const char *const other[] = { "deltam", "run", "s.json", "--db", "t.db",
		PILOTS, "--kernels", "avx2", NULL };

	runs_well(portable, NULL);
	query_run("t.db",
		"UPDATE job SET outcome=NULL, epochs_done=4 WHERE id=(SELECT"
		" max(job) FROM stage_job);"
		" DELETE FROM metric WHERE epoch>4 AND job=(SELECT max(job) FROM"
		" stage_job); DELETE FROM task_weight WHERE epoch>4 AND"
		" job=(SELECT max(job) FROM stage_job)");
	expect_said(other, 2, "the rows of this sweep are of kernel class \"portable");
	runs_well(at_pilots, NULL);
	ck_assert_int_eq(count("SELECT count(DISTINCT kernel_class) FROM job"), 1);
	ck_assert_int_gt(
		count("SELECT count(*) FROM pilot WHERE kernel_class LIKE 'portable%'"),
		0);
}
END_TEST

Suite *suite_pilots(void);
Suite *suite_pilots(void)
{
	Suite *s = suite_create("pilots");
	TCase *tc = tcase_create("pilots");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_rows_are_those_of_a_run_here);
	tcase_add_test(tc, commands_train_at_pilots_too);
	tcase_add_test(tc, a_command_with_a_host_starts_pilots);
	tcase_add_test(tc, the_folder_of_the_work_may_lie_elsewhere);
	tcase_add_test(tc, kills_of_deltam_and_its_pilots_change_nothing);
	tcase_add_test(tc, a_pilot_that_is_started_twice_begins_nothing_again);
	tcase_add_test(tc, a_run_makes_folders_that_its_pilots_accept_under_any_umask);
	tcase_add_test(tc, a_death_at_any_point_between_files_and_rows_changes_nothing);
	tcase_add_test(tc, a_successor_takes_over_what_is_at_work);
	tcase_add_test(tc, status_tells_what_is_at_work_with_and_without_a_deltam);
	tcase_add_test(tc, a_run_without_a_launcher_lets_pilots_go);
	tcase_add_test(tc, an_interrupt_ends_the_pilots_and_keeps_what_they_had);
	tcase_add_test(tc, a_pilot_that_hears_nothing_leaves);
	tcase_add_test(tc, hostile_lines_are_refused_with_their_place);
	tcase_add_test(tc, what_others_may_write_is_no_place_for_pilots);
	tcase_add_test(
		tc, options_that_do_not_fit_are_refused_before_anything_is_written);
	tcase_add_test(tc, rows_of_another_kernel_class_decide_which_one_pilots_use);
	suite_add_tcase(s, tc);
	return s;
}
