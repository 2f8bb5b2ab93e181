/*
 * Winners through real processes: the parameters of every final run's chosen epoch are
 * kept and tested on corrupted pictures, whatever is killed, lost or damaged on the way.
 */
#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "orchestrator/stats/stats.h"
#include "tests/lib/child.h"
#include "tests/lib/corruption_delta.h"
#include "tests/lib/digest.h"
#include "tests/lib/fake_jpeg.h"
#include "tests/lib/scratch.h"
#include "tests/lib/spots.h"
#include "worker/checkpoint.h"

enum { SIDE = 12, TRAIN = 60, TEST = 24, WINNERS = 8 };

#define HEAD \
	"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"npy\", \"path\": \"data\"," \
	" \"input\": [1, 12, 12], \"scale\": 0.00392156862745098," \
	" \"tasks\": \"bright=class:3 place=class:2\"," \
	" \"train\": 60, \"val\": 24, \"test\": 24 }, \"model\": { \"name\": \"mlp\"," \
	" \"hidden\": [16] }, \"train\": { \"epochs\": 6, \"batch\": 10 }," \
	" \"baseline\": { \"seeds\": 2 }, \"checkpoint_minutes\": 0," \
	" \"methods\": [\"ew\", \"uw\"], \"search\": { \"lr\": [0.01] }," \
	" \"final\": { \"seeds\": 2 }"
#define TESTED \
	", \"evaluate\": { \"corruptions\": [\"shot_noise\", \"fog\"," \
	" \"jpeg_compression\"] }"
#define SAVED ", \"save\": \"winners\""

static char wanted[DIGEST_MAX]; /* the digest of an undisturbed run */
static char files[4096]; /* and of its winners' files */
static char workers[] = "2";

static const char *const *command(void)
{
	static const char *const argv[] = { "deltam", "run", "s.json", "--db", "t.db",
		"--workers", workers, NULL };

	return argv;
}

static const struct spots spots = {
	.side = SIDE, .step = 40, .on = 60, .off = 20, .noise = 90
};

static void write_sweep(const char *rest)
{
	char text[2048];
	int n = snprintf(text, sizeof(text), "%s%s }", HEAD, rest);

	scratch_write("s.json", text, (size_t)n);
}

static void forget(void)
{
	(void)unlink("t.db");
	(void)unlink("t.db-wal");
	(void)unlink("t.db-shm");
	(void)unlink("marker");
	ck_assert_int_eq(system("rm -rf t.db.d"), 0);
}

static void run(void)
{
	char text[4096];

	if (child_run(command(), NULL) == 0)
		return;
	scratch_read("err", text, sizeof(text));
	ck_abort_msg("%s", text);
}

/* Names and sums of the winners' files. */
static void read_files(char *out, size_t size)
{
	ck_assert_int_eq(
		system("cd t.db.d/winners && sha256sum *.params > ../../sums"), 0);
	scratch_read("sums", out, size);
}

static void setup(void)
{
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	spots_write(&spots, "train", TRAIN, 11);
	spots_write(&spots, "val", TEST, 12);
	spots_write(&spots, "test", TEST, 13);
	write_sweep(TESTED SAVED);
	run();
	digest_rows("t.db", wanted);
	read_files(files, sizeof(files));
}

static void teardown(void)
{
	scratch_leave();
}

static int64_t count(const char *sql)
{
	return query_int("t.db", sql);
}

static void ends_as_the_reference(void)
{
	char got[DIGEST_MAX];
	char now[4096];

	run();
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	read_files(now, sizeof(now));
	ck_assert_str_eq(now, files);
	ck_assert_int_eq(count("SELECT count(*) FROM winner WHERE state <> 'done'"), 0);
	ck_assert_str_eq(query_text("t.db", "PRAGMA integrity_check"), "ok");
	/* what training kept for later is gone */
	ck_assert_int_eq(system("test -z \"$(ls t.db.d/checkpoints)\""), 0);
}

/* As on a network file system, where a worker gets a copy. */
START_TEST(winners_of_a_database_that_deltam_alone_opens_are_the_same)
{
	forget();
	setenv("TMPDIR", "copies", 1);
	ck_assert_int_eq(mkdir("copies", 0777), 0);
	setenv("DELTAM_NETWORK_FS", "1", 1);
	ends_as_the_reference();
	/* A figure that is lost is made again, from the winner's file. */
	query_run("t.db", "DELETE FROM corrupted; DELETE FROM corruption;");
	ends_as_the_reference();
	ck_assert_int_eq(count("SELECT count(*) FROM attempt WHERE kind = 'evaluate'"),
		2 * WINNERS);
	ck_assert_int_eq(rmdir("copies"), 0); /* they are gone */
	unsetenv("DELTAM_NETWORK_FS");
	unsetenv("TMPDIR");
}
END_TEST

START_TEST(every_final_run_is_kept_and_tested)
{
	ck_assert_int_eq(count("SELECT count(*) FROM winners WHERE state = 'done' AND"
			       " file IS NOT NULL AND corruptions = 3"),
		WINNERS);
	/* loss and accuracy; a baseline has one task */
	ck_assert_int_eq(
		count("SELECT count(*) FROM corrupted"), (4 * 1 + 4 * 2) * 2 * 3 * 5);
	ck_assert_int_eq(count("SELECT count(*) FROM winner w JOIN job j ON j.id ="
			       " w.job WHERE j.task IS NULL AND w.epoch <> (SELECT"
			       " epoch FROM score c WHERE c.job = j.id AND c.split ="
			       " 'val' ORDER BY delta_m, epoch LIMIT 1)"),
		0);
	ck_assert_int_eq(count("SELECT count(*) FROM winner w JOIN job j ON j.id = "
			       "w.job WHERE w.epoch <> (SELECT epoch FROM metric m "
			       "WHERE m.job = j.id AND split = 'val' AND name = 'loss' "
			       "AND m.task = j.task ORDER BY value, epoch LIMIT 1)"),
		0);
	/* not all the last one: keeping the end would not do */
	ck_assert_int_gt(count("SELECT count(*) FROM winner WHERE epoch < 6"), 0);
	ck_assert_int_eq(
		count("SELECT count(*) FROM attempt WHERE kind = 'evaluate'"), WINNERS);
}
END_TEST

START_TEST(a_second_run_does_nothing)
{
	int64_t attempts = count("SELECT count(*) FROM attempt");

	ends_as_the_reference();
	ck_assert_int_eq(count("SELECT count(*) FROM attempt"), attempts);
}
END_TEST

START_TEST(any_number_of_workers_ends_in_the_same_rows)
{
	for (workers[0] = '1'; workers[0] < '6'; workers[0] += 4) {
		forget();
		ends_as_the_reference();
	}
	workers[0] = '2';
}
END_TEST

START_TEST(killed_at_every_crash_point_it_goes_on)
{
	/* finish and claim: of deltam, among the last segments */
	static const char *const points[] = { "result.before_rename@marker@1",
		"result.after_rename@marker@1", "evaluate.before@marker@1",
		"evaluate.before@marker@3", "evaluate.after@marker@1",
		"evaluate.after@marker@3", "finish.before_commit@marker@15",
		"finish.after_commit@marker@16", "claim.after_commit@marker@17" };
	char env[96];

	for (int i = 0; i < COUNT(points); i++) {
		forget();
		snprintf(env, sizeof(env), "DELTAM_CRASH=%s", points[i]);
		(void)child_run(command(), env);
		ck_assert_msg(access("marker", F_OK) == 0, "%s", points[i]);
		ends_as_the_reference();
	}
}
END_TEST

START_TEST(killed_in_the_middle_of_all_winners_it_goes_on)
{
	const char *kill = "DELTAM_CRASH=evaluate.after@marker@2";

	for (int i = 0; i < 4; i++) {
		query_run("t.db", "DELETE FROM corrupted; DELETE FROM corruption;");
		(void)unlink("marker");
		if (i % 2)
			ck_assert_int_eq(system("rm -r t.db.d/winners"), 0);
		(void)child_run(command(), kill);
		ck_assert_int_eq(access("marker", F_OK), 0);
		ends_as_the_reference();
	}
}
END_TEST

START_TEST(lost_parameters_are_trained_again_to_the_same_bytes)
{
	int64_t rows = count("SELECT count(*) FROM metric");

	ck_assert_int_eq(system("rm t.db.d/winners/*.params"), 0);
	ends_as_the_reference();
	ck_assert_int_eq(count("SELECT count(*) FROM metric"), rows);
	/* killed in the middle of training again */
	ck_assert_int_eq(system("rm t.db.d/winners/*.params"), 0);
	(void)child_run(command(), "DELTAM_CRASH=commit.after@marker@2");
	ck_assert_int_eq(access("marker", F_OK), 0);
	ends_as_the_reference();
}
END_TEST

/* One byte of every winner's file, from its beginning. */
static void damage(int at)
{
	char script[256];

	snprintf(script, sizeof(script),
		"for f in t.db.d/winners/*.params; do printf '\\132' |"
		" dd of=$f bs=1 seek=%d conv=notrunc status=none; done",
		at);
	ck_assert_int_eq(system(script), 0);
}

START_TEST(a_file_that_does_not_fit_is_refused_and_made_anew)
{
	/* magic, NUMERICS, identity, kernel class, epoch, parameters */
	static const int places[] = { 0, 12, 20, 80, 144, 900 };

	for (int i = 0; i < COUNT(places); i++) {
		damage(places[i]);
		query_run("t.db", "DELETE FROM corrupted; DELETE FROM corruption;");
		ends_as_the_reference();
	}
}
END_TEST

/* A whole file of the right job and epoch, but not with what the run learnt. */
static void forge(const char *name)
{
	struct arena a = { 0 };
	struct err e;
	struct checkpoint c;
	char path[256], identity[40], class[64];
	struct stat st;
	int epoch;

	ck_assert_int_eq(sscanf(name, "%32[^-]-%d", identity, &epoch), 2);
	snprintf(path, sizeof(path), "t.db.d/winners/%s", name);
	ck_assert_int_eq(stat(path, &st), 0);
	snprintf(class, sizeof(class), "%s",
		query_text("t.db", "SELECT max(kernel_class) FROM job"));
	ck_assert(!checkpoint_init(
		&c, "t.db", identity, class, (size_t)st.st_size - 208, &a, &e));
	ck_assert(!checkpoint_for_result(&c, "t.db", epoch, &e));
	ck_assert_msg(!checkpoint_read(&c, &epoch, &e), "%s", e.msg);
	memset((char *)checkpoint_state(&c) + 100, 0, 64); /* sixteen weights */
	ck_assert(!checkpoint_write(&c, epoch, &e));
	arena_release(&a);
}

START_TEST(parameters_that_are_not_the_runs_are_refused)
{
	char *names = strdup(query_text("t.db",
		"SELECT group_concat(file, ' ') FROM winners WHERE label <> 'stl'"));
	char now[4096];

	for (char *name = strtok(names, " "); name; name = strtok(NULL, " "))
		forge(name);
	read_files(now, sizeof(now));
	ck_assert_str_ne(now, files);
	query_run("t.db", "DELETE FROM corrupted; DELETE FROM corruption;");
	ends_as_the_reference();
	free(names);
}
END_TEST

START_TEST(what_training_kept_saves_training_again)
{
	forget();
	ck_assert_int_eq(child_run(command(), "DELTAM_CRASH=evaluate.train@marker"), 0);
	ck_assert_int_ne(access("marker", F_OK), 0);
	ends_as_the_reference();
	ck_assert_int_eq(system("rm t.db.d/winners/*.params"), 0);
	(void)child_run(command(), "DELTAM_CRASH=evaluate.train@marker");
	ck_assert_int_eq(access("marker", F_OK), 0);
	ends_as_the_reference();
}
END_TEST

/* Which epoch is the best is then said by the criteria of one task. */
START_TEST(with_a_primary_task_training_keeps_what_that_task_chooses)
{
	forget();
	write_sweep(SAVED ", \"primary\": \"place\"");
	ck_assert_int_eq(child_run(command(), "DELTAM_CRASH=evaluate.train@marker"), 0);
	ck_assert_int_ne(access("marker", F_OK), 0);
	write_sweep(SAVED ", \"primary\": \"bright\"");
	forget();
	ck_assert_int_eq(child_run(command(), "DELTAM_CRASH=evaluate.train@marker"), 0);
	ck_assert_int_ne(access("marker", F_OK), 0);
}
END_TEST

START_TEST(nothing_that_is_decided_depends_on_it)
{
	static const char sql[] =
		"SELECT group_concat(x, '|') FROM (SELECT digest || figure || reason"
		" AS x FROM decision UNION ALL SELECT job || ' ' || epoch || ' ' ||"
		" delta_m FROM score ORDER BY 1)";
	char *decided = strdup(query_text("t.db", sql));

	forget();
	write_sweep("");
	run();
	ck_assert_str_eq(query_text("t.db", sql), decided);
	ck_assert_int_eq(count("SELECT count(*) FROM winner"), 0);
	ck_assert_int_ne(access("t.db.d/winners", F_OK), 0);
	/* asked for later, all comes from training again */
	write_sweep(TESTED SAVED);
	ends_as_the_reference();
	free(decided);
}
END_TEST

START_TEST(tested_without_being_saved_nothing_stays)
{
	char got[DIGEST_MAX];

	forget();
	write_sweep(TESTED);
	run();
	ck_assert_str_eq(digest_rows("t.db", got), wanted);
	ck_assert_int_ne(access("t.db.d/winners", F_OK), 0);
	ck_assert_int_eq(system("test -z \"$(ls t.db.d/checkpoints)\""), 0);
}
END_TEST

START_TEST(another_database_takes_what_there_is)
{
	static const char *const reuse[] = { "deltam", "run", "s.json", "--db", "u.db",
		"--reuse", "t.db", NULL };
	char got[DIGEST_MAX];

	ck_assert_int_eq(child_run(reuse, NULL), 0);
	ck_assert_str_eq(digest_rows("u.db", got), wanted);
	ck_assert_int_eq(query_int("u.db", "SELECT count(*) FROM attempt"), 0);
	ck_assert_int_eq(system("diff -r t.db.d/winners u.db.d/winners"), 0);
	/* without the figures the parameters still save training */
	query_run("t.db", "DELETE FROM corruption; DELETE FROM corrupted");
	ck_assert_int_eq(system("rm -r u.db*"), 0);
	ck_assert_int_eq(child_run(reuse, "DELTAM_CRASH=commit.before@marker"), 0);
	ck_assert_int_ne(access("marker", F_OK), 0);
	ck_assert_str_eq(digest_rows("u.db", got), wanted);
	ck_assert_int_eq(query_int("u.db", "SELECT count(*) FROM attempt"), WINNERS);
}
END_TEST

/* One side of eq. 6 from the tables, as the view has no part in. */
static void fetch(const char *task, const char *where, double *clean, double *corrupted)
{
	static const char *const names[] = { "fog", "jpeg_compression", "shot_noise" };
	char sql[1024];

	snprintf(sql, sizeof(sql),
		"SELECT avg(m.value) FROM winner w JOIN stage t ON t.id = w.stage JOIN"
		" metric m ON m.job = w.job AND m.epoch = w.epoch AND m.split = 'test'"
		" AND m.task = '%s' AND m.name = 'accuracy' WHERE %s",
		task, where);
	*clean = strtod(query_text("t.db", sql), NULL);
	for (int i = 0; i < 15; i++) {
		snprintf(sql, sizeof(sql),
			"SELECT avg(m.value) FROM winner w JOIN stage t ON t.id ="
			" w.stage JOIN corrupted m ON m.job = w.job AND m.epoch ="
			" w.epoch AND m.task = '%s' AND m.name = 'accuracy' AND"
			" m.corruption = '%s' AND m.severity = %d WHERE %s",
			task, names[i / 5], i % 5 + 1, where);
		corrupted[i] = strtod(query_text("t.db", sql), NULL);
	}
}

START_TEST(the_view_says_what_equation_6_says)
{
	static const char *const tasks[] = { "bright", "place" };
	double run_figures[15], base_figures[15], each[3], delta[2];
	struct corruption_figures mtl = { 0, run_figures };
	struct corruption_figures stl = { 0, base_figures };
	char where[128], sql[256];
	struct err e;

	for (int k = 0; k < 2; k++) {
		snprintf(where, sizeof(where), "t.task = '%s'", tasks[k]);
		fetch(tasks[k], where, &stl.clean, base_figures);
		for (int seed = 0; seed < 2; seed++) {
			snprintf(where, sizeof(where),
				"t.label = 'uw' AND w.job = (SELECT id FROM job WHERE "
				"method = 'uw' AND seed = %d AND id IN (SELECT job "
				"FROM winner))",
				1000 + seed);
			fetch(tasks[k], where, &mtl.clean, run_figures);
			ck_assert(!corruption_delta(
				3, 5, &mtl, &stl, true, each, &delta[seed], &e));
		}
		snprintf(sql, sizeof(sql),
			"SELECT delta FROM robustness WHERE label = 'uw' AND criterion "
			"= '%s/accuracy' AND seeds = 2 AND corruptions = 3",
			tasks[k]);
		ck_assert(fabs(strtod(query_text("t.db", sql), NULL) -
				  stats_mean(2, delta)) < 1e-12);
		snprintf(sql, sizeof(sql),
			"SELECT delta_std FROM robustness WHERE label = 'uw' AND"
			" criterion = '%s/accuracy'",
			tasks[k]);
		ck_assert(fabs(strtod(query_text("t.db", sql), NULL) -
				  stats_std(2, delta)) < 1e-12);
	}
}
END_TEST

START_TEST(the_table_shows_it)
{
	static const char *const argv[] = { "deltam", "table", "--db", "t.db",
		"--robust", NULL };
	static const char *const empty[] = { "deltam", "table", "--db", "t.db",
		"--robust", "--format", "csv", NULL };
	static const char *const val[] = { "deltam", "table", "--db", "t.db",
		"--robust", "--split", "val", NULL };
	char text[4096];

	ck_assert_int_eq(child_run(argv, NULL), 0);
	scratch_read("out", text, sizeof(text));
	ck_assert_msg(strstr(text, "δ Acc. ↓") && strstr(text, "EW ") &&
			strstr(text, "UW ") && strstr(text, "corruptions"),
		"%s", text);
	ck_assert_int_eq(child_run(val, NULL), 2);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(strstr(text, "--robust: without --split") != NULL, "%s", text);
	query_run("t.db", "DELETE FROM winner");
	ck_assert_int_eq(child_run(empty, NULL), 0);
}
END_TEST

START_TEST(the_price_of_a_plan_says_that_it_is_not_in_it)
{
	static const char *const plan[] = { "deltam", "plan", "s.json", "--db", "t.db",
		NULL };
	char text[4096];

	write_sweep(TESTED);
	ck_assert_int_eq(child_run(plan, NULL), 0);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(strstr(text, "without the tests on corrupted pictures") != NULL,
		"%s", text);
	write_sweep(SAVED);
	ck_assert_int_eq(child_run(plan, NULL), 0);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(strstr(text, "core-hours: ") != NULL &&
			strstr(text, "corrupted pictures") == NULL,
		"%s", text);
}
END_TEST

static void refuses(const char *rest, int status, const char *why)
{
	char text[8192];

	write_sweep(rest);
	ck_assert_int_eq(child_run(command(), NULL), status);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(strstr(text, why) != NULL, "%s", text);
	ck_assert_int_ne(access("t.db", F_OK), 0);
}

START_TEST(what_cannot_be_is_said_before_anything_is_written)
{
	static const char vectors[] =
		"{ \"sweep\": \"s\", \"dataset\": { \"name\": \"synthetic\", "
		"\"train\": 50, \"val\": 50, \"test\": 50 }, \"train\": { \"epochs\": "
		"1, \"batch\": 10 }, \"methods\": [\"ew\"], \"search\": { \"lr\": 0.01 "
		"}, \"evaluate\": {} }";
	char text[8192];

	forget();
	refuses(", \"evaluate\": { \"corruptions\": \"all\", \"textures\": \"no\" }", 3,
		"no: not a folder");
	fake_jpeg("frost/a.jpg", 50, 64, 100);
	refuses(", \"evaluate\": { \"corruptions\": [\"frost\"], \"textures\": "
		"\"frost\" }",
		3, "frost/a.jpg: found 50x64");
	scratch_write("s.json", vectors, sizeof(vectors) - 1);
	ck_assert_int_eq(child_run(command(), NULL), 2);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(strstr(text, "wants pictures") != NULL, "%s", text);
	ck_assert_int_ne(access("t.db", F_OK), 0);
}
END_TEST

START_TEST(other_frost_is_tested_anew_and_only_that)
{
	static const char frost[] =
		", \"evaluate\": { \"corruptions\": [\"fog\", \"frost\"], "
		"\"textures\": \"frost\" }" SAVED;
	char *before;

	fake_jpeg("frost/a.jpg", 70, 70, 100);
	write_sweep(frost);
	run();
	ck_assert_int_eq(
		count("SELECT count(*) FROM corruption WHERE corruption = 'frost'"),
		WINNERS);
	before = strdup(query_text("t.db",
		"SELECT group_concat(value) FROM corrupted WHERE corruption = "
		"'frost'"));
	fake_jpeg("frost/a.jpg", 70, 70, 250);
	run();
	ck_assert_str_ne(query_text("t.db",
				 "SELECT group_concat(value) FROM corrupted WHERE"
				 " corruption = 'frost'"),
		before);
	ck_assert_int_eq(
		count("SELECT count(*) FROM corrupted"), (4 * 1 + 4 * 2) * 2 * 4 * 5);
	/* back to what the reference wants; frost's rows stay, but do not count */
	ck_assert_int_eq(
		count("SELECT max(corruptions) FROM robustness WHERE sweep = 's'"), 2);
	free(before);
}
END_TEST

START_TEST(a_kernel_class_that_is_not_the_runs_is_said)
{
	char text[8192];

	query_run("t.db",
		"UPDATE job SET kernel_class = 'other';"
		"DELETE FROM corruption WHERE corruption = 'fog'");
	ck_assert_int_eq(child_run(command(), NULL), 1);
	scratch_read("err", text, sizeof(text));
	ck_assert_msg(strstr(text, "could not be evaluated") != NULL, "%s", text);
	ck_assert_int_eq(count("SELECT count(*) FROM failures WHERE stage ="
			       " 'evaluate' AND message LIKE '%kernel class%'"),
		WINNERS);
}
END_TEST

Suite *suite_winner(void);
Suite *suite_winner(void)
{
	Suite *suite = suite_create("winner");
	TCase *tc = tcase_create("winner");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_final_run_is_kept_and_tested);
	tcase_add_test(tc, a_second_run_does_nothing);
	tcase_add_test(tc, any_number_of_workers_ends_in_the_same_rows);
	tcase_add_test(tc, killed_at_every_crash_point_it_goes_on);
	tcase_add_test(tc, killed_in_the_middle_of_all_winners_it_goes_on);
	tcase_add_test(tc, winners_of_a_database_that_deltam_alone_opens_are_the_same);
	tcase_add_test(tc, lost_parameters_are_trained_again_to_the_same_bytes);
	tcase_add_test(tc, a_file_that_does_not_fit_is_refused_and_made_anew);
	tcase_add_test(tc, parameters_that_are_not_the_runs_are_refused);
	tcase_add_test(tc, what_training_kept_saves_training_again);
	tcase_add_test(tc, with_a_primary_task_training_keeps_what_that_task_chooses);
	tcase_add_test(tc, nothing_that_is_decided_depends_on_it);
	tcase_add_test(tc, tested_without_being_saved_nothing_stays);
	tcase_add_test(tc, another_database_takes_what_there_is);
	tcase_add_test(tc, the_view_says_what_equation_6_says);
	tcase_add_test(tc, the_table_shows_it);
	tcase_add_test(tc, the_price_of_a_plan_says_that_it_is_not_in_it);
	tcase_add_test(tc, what_cannot_be_is_said_before_anything_is_written);
	tcase_add_test(tc, other_frost_is_tested_anew_and_only_that);
	tcase_add_test(tc, a_kernel_class_that_is_not_the_runs_is_said);
	suite_add_tcase(suite, tc);
	return suite;
}
