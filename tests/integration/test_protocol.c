/*
 * What a finished sweep is good for: its jobs in another database, in another sweep, and
 * in the audit of its pruning. Real programs on real databases.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "bench/curves.h"
#include "common/arena.h"
#include "tests/lib/child.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

#define SWEEP(name) \
	"{ \"sweep\": \"" name "\", \"dataset\": { \"name\": \"synthetic\", " \
	"\"train\": 200, \"val\": 50, \"test\": 50, \"tasks\": 2 }, \"train\": { " \
	"\"epochs\": 8, \"batch\": 50 }, \"methods\": [\"ew\", { \"name\": " \
	"\"uw_so\", " \
	"\"T\": [0.2, 1, 5, 50] }], \"search\": { \"lr\": [0.01, 0.003] }, " \
	"\"prune\": { " \
	"\"rule\": \"rungs\", \"rungs\": [0.25, 0.5], \"keep\": 1, \"window\": 2 } }"

static int run(const char *const *argv)
{
	return child_run(argv, NULL);
}

/* deltam with up to seven words. */
#define DELTAM(...) run((const char *const[]){ "deltam", __VA_ARGS__, NULL })

static char curves[4096];

static void set_up(void)
{
	static const char s[] = SWEEP("s");
	static const char other[] = SWEEP("other");

	ck_assert_ptr_nonnull(
		realpath("tests/fixtures/curves/multi_fashion.json", curves));
	scratch_enter();
	setenv("DELTAM_CACHE", "cache", 1);
	scratch_write("s.json", s, sizeof(s) - 1);
	scratch_write("other.json", other, sizeof(other) - 1);
	ck_assert_int_eq(DELTAM("run", "s.json", "--workers", "2"), 0);
	ck_assert_int_gt(
		query_int(
			"s.db", "SELECT count(*) FROM stage_job WHERE state='stopped'"),
		2);
}

static void tear_down(void)
{
	scratch_leave();
}

static int64_t attempts(const char *db)
{
	return query_int(db, "SELECT count(*) FROM attempt");
}

static void same_digest(const char *x, const char *y)
{
	char a[DIGEST_MAX];
	char b[DIGEST_MAX];

	ck_assert_str_eq(digest_rows(x, a), digest_rows(y, b));
}

static void unpruned_reference(void)
{
	ck_assert_int_eq(DELTAM("run", "s.json", "--no-prune", "--db", "ref.db"), 0);
}

START_TEST(what_another_database_trained_is_copied_and_not_trained)
{
	ck_assert_int_eq(DELTAM("run", "s.json", "--db", "t.db", "--reuse", "s.db"), 0);
	ck_assert_int_eq(attempts("t.db"), 0);
	same_digest("t.db", "s.db");
	ck_assert_str_eq(
		query_text("t.db",
			"SELECT group_concat(DISTINCT coalesce(origin, '-')) FROM job"),
		"s.db");
	ck_assert_int_eq(query_int("t.db",
				 "SELECT count(*) FROM job WHERE kernel_class IS NULL "
				 "OR epochs_done=0"),
		0);
	ck_assert_str_eq(query_text("t.db", "SELECT state FROM sweep"), "done");
}
END_TEST

START_TEST(what_was_trained_unpruned_is_not_marked_as_stopped_later)
{
	static const char stops[] = "SELECT count(*) FROM decision WHERE kind='stop'";
	int64_t before;

	unpruned_reference();
	before = attempts("ref.db");
	ck_assert_int_eq(DELTAM("run", "s.json", "--db", "ref.db"), 0);
	ck_assert_int_eq(query_int("ref.db", stops), 0);
	ck_assert_int_eq(attempts("ref.db"), before);
	/* a phase that has something to train is pruned again */
	ck_assert_int_eq(DELTAM("run", "s.json", "--set",
				 "search.lr=[0.01, 0.003, 0.001]", "--db", "ref.db"),
		0);
	ck_assert_int_gt(query_int("ref.db", stops), 0);
	ck_assert_int_gt(attempts("ref.db"), before);
}
END_TEST

START_TEST(a_stopped_job_goes_on_from_the_other_databases_checkpoint)
{
	unpruned_reference();
	ck_assert_int_eq(DELTAM("run", "s.json", "--no-prune", "--db", "t.db",
				 "--reuse", "s.db"),
		0);
	ck_assert_int_gt(attempts("t.db"), 2);
	ck_assert_int_eq(query_int("t.db", "SELECT min(start_epoch) FROM attempt"), 2);
	same_digest("t.db", "ref.db");
}
END_TEST

START_TEST(a_stopped_job_without_its_checkpoint_is_trained_anew)
{
	unpruned_reference();
	ck_assert_int_eq(rename("s.db.d", "gone"), 0);
	ck_assert_int_eq(DELTAM("run", "s.json", "--no-prune", "--db", "t.db",
				 "--reuse", "s.db"),
		0);
	ck_assert_int_gt(attempts("t.db"), 2);
	ck_assert_int_eq(query_int("t.db", "SELECT max(start_epoch) FROM attempt"), 0);
	ck_assert_int_eq(
		query_int("t.db",
			"SELECT count(*) FROM job WHERE origin IS NOT NULL AND "
			"id IN (SELECT job FROM attempt)"),
		0);
	same_digest("t.db", "ref.db");
}
END_TEST

START_TEST(rows_of_another_kernel_class_do_not_join_those_there_are)
{
	unpruned_reference();
	query_run("ref.db", "UPDATE job SET kernel_class='abacus'");
	ck_assert_int_eq(DELTAM("run", "s.json", "--no-prune", "--db", "s.db",
				 "--reuse", "ref.db"),
		0);
	ck_assert_int_eq(query_int("s.db",
				 "SELECT count(*) FROM job WHERE origin IS NOT NULL OR "
				 "kernel_class='abacus'"),
		0);
	same_digest("s.db", "ref.db");
}
END_TEST

START_TEST(a_job_that_diverged_elsewhere_is_not_tried_again)
{
	query_run("s.db",
		"UPDATE job SET outcome='diverged', message='epoch 8: far off' WHERE "
		"method='ew' AND seed=0 AND epochs_done=8;"
		"DELETE FROM metric WHERE epoch>7 AND job IN (SELECT id FROM job WHERE "
		"outcome='diverged');"
		"DELETE FROM task_weight WHERE epoch>7 AND job IN (SELECT id FROM job "
		"WHERE outcome='diverged')");
	ck_assert_int_eq(DELTAM("run", "s.json", "--no-prune", "--db", "t.db",
				 "--reuse", "s.db"),
		0);
	ck_assert_str_eq(
		query_text("t.db",
			"SELECT group_concat(message || ' ' || epochs_done) FROM "
			"job WHERE outcome='diverged'"),
		"epoch 8: far off 7");
}
END_TEST

START_TEST(what_cannot_be_reused_is_refused_before_anything_is_written)
{
	scratch_write("text.db", "not a database, but a text", 26);
	ck_assert_int_eq(
		DELTAM("run", "s.json", "--db", "t.db", "--reuse", "none.db"), 3);
	ck_assert_int_eq(
		DELTAM("run", "s.json", "--db", "t.db", "--reuse", "text.db"), 3);
	ck_assert_int_ne(access("t.db", F_OK), 0);
	ck_assert_int_eq(
		DELTAM("run", "s.json", "--db", "s.db", "--reuse", "./s.db"), 2);
}
END_TEST

START_TEST(two_sweeps_of_one_database_share_their_jobs)
{
	int64_t before = attempts("s.db");

	ck_assert_int_eq(DELTAM("run", "other.json", "--db", "s.db"), 0);
	ck_assert_int_eq(attempts("s.db"), before);
	ck_assert_int_eq(
		query_int("s.db",
			"SELECT count(*) FROM (SELECT job FROM stage_job GROUP "
			"BY job HAVING count(DISTINCT sweep)<>2)"),
		0);
	/* what one sweep has stopped another may want to its end */
	ck_assert_int_eq(DELTAM("run", "other.json", "--db", "s.db", "--no-prune"), 0);
	ck_assert_int_gt(attempts("s.db"), before);
	ck_assert_int_gt(
		query_int(
			"s.db", "SELECT count(*) FROM stage_job WHERE state='stopped'"),
		2);
}
END_TEST

/* A figure of the audit's last row, by its column in the CSV. */
static double total(const char *column)
{
	char text[8192];
	char *line;
	const char *last = text;
	int at = 0;
	int k = 0;

	scratch_read("out", text, sizeof(text));
	for (line = text; *line != '\n' && strncmp(line, column, strlen(column)); at++)
		line += strcspn(line, ",\n") + 1;
	for (line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n'))
		last = line + 1;
	for (; k < at; k++)
		last += strcspn(last, ",") + 1;
	return atof(last);
}

static double final_delta(const char *db)
{
	return atof(query_text(db,
		"SELECT printf('%.17g', avg(val_delta_m)) FROM benchmark WHERE "
		"method<>'stl'"));
}

/* The line of the CSV that begins with the words; "" without. */
static const char *line_of(const char *words)
{
	static char text[16384];
	char *line;

	scratch_read("out", text, sizeof(text));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, words, strlen(words)))
			return line;
	return "";
}

/* Field k of a line of the CSV, from the end, 0 the last. */
static double field_from_end(const char *line, int k)
{
	const char *at = line + strlen(line);

	for (k++; at > line && k > 0; at--)
		k -= at[-1] == ',';
	return atof(k > 0 ? at : at + 1);
}

static const char rules[] =
	"[ { \"rule\": \"none\" }, { \"rule\": \"rungs\", \"rungs\": [0.25, 0.5], "
	"\"keep\": 1, \"window\": 2, \"within\": \"lr\" } ]";

/* What the winners of tune were chosen by, mean over entries. */
static double chosen_figure(const char *db)
{
	return atof(query_text(db,
		"SELECT printf('%.17g', avg(d.figure)) FROM decision d JOIN stage t ON "
		"t.id=d.stage WHERE d.kind='select' AND t.stage='tune'"));
}

/* One mechanism: what is replayed is what was really stopped and chosen. */
START_TEST(a_replay_of_the_sweeps_own_rule_is_what_the_scheduler_did)
{
	double saved;
	double all;

	ck_assert_int_eq(DELTAM("audit", "s"), 0);
	scratch_write("rules.json", rules, sizeof(rules) - 1);
	ck_assert_int_eq(DELTAM("audit", "--db", "s.audit.db", "--rules", "rules.json",
				 "--format", "csv"),
		0);
	all = (double)query_int("s.audit.db",
		"SELECT sum(epochs_done) FROM job WHERE seed=0 AND method<>'stl'");
	saved = all -
		(double)query_int("s.db",
			"SELECT sum(epochs_done) FROM job WHERE seed=0 AND "
			"method<>'stl'");
	ck_assert_double_gt(saved, 10);
	/* saved, std, sweep, std, regret, std, largest, others */
	ck_assert_double_eq_tol(
		field_from_end(line_of("\"rungs, keep 1, window 2, at 2 4\",all"), 7),
		100 * saved / all, 1e-9);
	ck_assert_double_eq_tol(
		field_from_end(line_of("\"rungs, keep 1, window 2, at 2 4\",all"), 3),
		chosen_figure("s.db") - chosen_figure("s.audit.db"), 1e-9);
	ck_assert_double_eq(field_from_end(line_of("none,all"), 7), 0);
	ck_assert_double_eq(field_from_end(line_of("none,all"), 3), 0);
	ck_assert_str_ne(
		line_of("\"rungs, keep 1, window 2, at 2 4, within lr\",uw_so"), "");
}
END_TEST

/* LeNet on Fashion-MNIST overlays, 20 epochs, two rates: docs/PRUNING.md. */
START_TEST(on_real_curves_the_default_rule_saves_much_and_loses_nothing)
{
	struct err e = { 0 };
	const char *line;

	ck_assert_msg(curves_database(curves, "c.db", &e) == OK, "%s", e.msg);
	ck_assert_int_eq(query_int("c.db", "SELECT count(*) FROM metric"),
		20 * (48 * 10 + 8 * 5));
	scratch_write("rules.json", "[ { \"keep\": 1 } ]", 17);
	ck_assert_int_eq(DELTAM("audit", "--db", "c.db", "--rules", "rules.json",
				 "--format", "csv"),
		0);
	line = line_of("\"rungs, eta 2.5, window 3, at 1 2 4 8\",all");
	ck_assert_double_ge(field_from_end(line, 7), 70); /* percent saved */
	ck_assert_double_le(field_from_end(line, 1), 0.2); /* the largest regret */
	ck_assert_double_ge(field_from_end(line, 1), 0);
}
END_TEST

START_TEST(rules_are_replayed_on_what_was_trained_to_its_end_alone)
{
	scratch_write("rules.json", rules, sizeof(rules) - 1);
	ck_assert_int_eq(DELTAM("audit", "s", "--rules", "rules.json"), 2);
	ck_assert_int_eq(DELTAM("audit", "s", "--rules", "none.json"), 2);
	ck_assert_int_ne(access("s.audit.db", F_OK), 0);
}
END_TEST

/* A rule that decides after the first of eight epochs, with an lr that begins well. */
START_TEST(an_audit_finds_the_regret_of_a_rash_rule)
{
	static const char rash[] =
		"{ \"sweep\": \"rash\", \"dataset\": { \"name\": \"synthetic\", "
		"\"train\": 200, \"val\": 50, \"test\": 50, \"tasks\": 2 }, \"train\": "
		"{ \"epochs\": 8, \"batch\": 50 }, \"methods\": [\"ew\", { \"name\": "
		"\"uw_so\", \"T\": [0.2, 1, 5, 50] }], \"search\": { \"lr\": [0.1, "
		"0.01] }, \"prune\": { \"rungs\": [0.125], \"keep\": 1, \"window\": 1 "
		"} }";
	double regret;

	scratch_write("rash.json", rash, sizeof(rash) - 1);
	ck_assert_int_eq(DELTAM("run", "rash.json"), 0);
	ck_assert_int_eq(DELTAM("run", "rash.json", "--no-prune", "--db", "ref.db"), 0);
	ck_assert_int_eq(DELTAM("audit", "rash", "--format", "csv"), 0);
	regret = final_delta("rash.db") - final_delta("ref.db");
	ck_assert_double_gt(regret, 1);
	ck_assert_double_eq_tol(total("val_regret"), regret, 1e-9);
}
END_TEST

START_TEST(an_audit_says_what_pruning_saved_and_cost)
{
	int64_t jobs;
	int64_t trained;

	unpruned_reference();
	ck_assert_int_eq(DELTAM("audit", "s", "--format", "csv"), 0);
	same_digest("s.audit.db", "ref.db");
	ck_assert_double_eq(total("epochs_unpruned"),
		(double)query_int("ref.db", "SELECT sum(epochs_done) FROM job"));
	ck_assert_double_eq(total("epochs_trained"),
		(double)query_int("s.db", "SELECT sum(epochs_done) FROM job"));
	ck_assert_double_lt(total("epochs_trained"), total("epochs_unpruned"));
	jobs = query_int("s.audit.db", "SELECT count(*) FROM job");
	trained = attempts("s.audit.db");
	ck_assert_int_eq(DELTAM("audit", "--db", "s.db"), 0);
	ck_assert_int_eq(attempts("s.audit.db"), trained);
	ck_assert_int_eq(query_int("s.audit.db", "SELECT count(*) FROM job"), jobs);
}
END_TEST

START_TEST(an_unfinished_sweep_is_not_audited)
{
	query_run("s.db", "UPDATE sweep SET state='open'");
	ck_assert_int_eq(DELTAM("audit", "s"), 2);
	ck_assert_int_ne(access("s.audit.db", F_OK), 0);
}
END_TEST

START_TEST(every_decision_is_listed_in_every_format)
{
	static const char *const formats[] = { "text", "markdown", "latex", "csv",
		"json", "html" };
	static char text[65536];
	int lines = 0;

	for (int i = 0; i < COUNT(formats); i++) {
		ck_assert_int_eq(DELTAM("decisions", "s", "--format", formats[i]), 0);
		scratch_read("out", text, sizeof(text));
		ck_assert_ptr_nonnull(strstr(text, "above number 1 of that epoch"));
		ck_assert_ptr_nonnull(strstr(text, "mean lowest validation"));
	}
	ck_assert_int_eq(DELTAM("decisions", "s", "--format", "csv"), 0);
	scratch_read("out", text, sizeof(text));
	ck_assert_str_eq(strtok(text, "\n"),
		"variant,label,task,stage,phase,kind,rung,config,lr,wd,temperature,"
		"weights,rule,figure,reason");
	while (strtok(NULL, "\n"))
		lines++;
	ck_assert_int_eq(lines, query_int("s.db", "SELECT count(*) FROM decision"));
	ck_assert_int_eq(query_int("s.db",
				 "SELECT count(*) FROM decisions WHERE lr IS NULL OR "
				 "(label='uw_so' AND temperature IS NULL)"),
		0);
}
END_TEST

/* The last figure of the line that begins with the word; NAN without such a line. */
static double last_of(const char *file, const char *word)
{
	char text[8192];
	double v = (double)NAN;

	scratch_read(file, text, sizeof(text));
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, word, strlen(word)))
			v = atof(strrchr(line, ' ') + 1);
	return v;
}

START_TEST(a_plan_is_priced_by_what_the_database_has_measured)
{
	query_run("s.db", "UPDATE attempt SET seconds=36*(stop_epoch-start_epoch)");
	ck_assert_int_eq(DELTAM("plan", "s.json", "--no-probe"), 0);
	/* an epoch is 36 s: a hundredth of an hour */
	ck_assert_double_eq_tol(
		last_of("out", "core-hours"), 0.01 * 8 * last_of("out", "sum"), 1e-9);
	query_run("s.db",
		"UPDATE attempt SET seconds=360*(stop_epoch-start_epoch) WHERE job IN "
		"(SELECT id FROM job WHERE method='ew')");
	ck_assert_int_eq(DELTAM("plan", "s.json", "--no-probe"), 0);
	ck_assert_double_eq_tol(last_of("out", "core-hours"),
		0.01 * 8 * (last_of("out", "sum") + 9 * last_of("out", "ew")), 0.02);
}
END_TEST

START_TEST(a_plan_says_where_precision_is_mixed_and_what_has_no_price)
{
	char said[4096];

	ck_assert_int_eq(DELTAM("plan", "s.json", "--no-probe", "--set",
				 "train.precision=\"bf16\""),
		0);
	/* What was measured in float32 says nothing of it. */
	ck_assert(isnan(last_of("out", "core-hours")));
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(strstr(said, "mixed precision: bf16"), "%s", said);
	ck_assert_int_eq(DELTAM("plan", "s.json", "--no-probe", "--set",
				 "vary={\"precision\":[\"float32\",\"bf16\"]}"),
		0);
	scratch_read("err", said, sizeof(said));
	ck_assert_msg(
		strstr(said, "mixed precision: bf16 (variants: bf16)"), "%s", said);
}
END_TEST

START_TEST(a_plan_is_priced_by_a_probe_that_writes_nothing)
{
	double hours;

	ck_assert_int_eq(DELTAM("plan", "other.json"), 0);
	hours = last_of("out", "core-hours");
	ck_assert_double_gt(hours, 0);
	ck_assert_double_lt(hours, 0.1);
	ck_assert_int_eq(DELTAM("plan", "other.json", "--no-probe"), 0);
	ck_assert(isnan(last_of("out", "core-hours")));
	ck_assert_str_eq(
		scratch_files(), "cache err other.json out s.db s.db.d s.json");
}
END_TEST

/* Seconds that the children of this process have computed so far. */
static double children_seconds(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) +
		1e-6 * (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

START_TEST(a_plan_of_a_hundred_thousand_jobs_takes_a_moment)
{
	static const char big[] =
		"{ \"sweep\": \"big\", \"dataset\": { \"name\": \"synthetic\", "
		"\"train\": 200, \"val\": 50, \"test\": 50 }, \"train\": { \"epochs\": "
		"8 }, \"methods\": [\"ew\", { \"name\": \"scalarization\", "
		"\"weights\": { \"step\": 0.01 } }], \"search\": { \"lr\": [0.1, 0.03, "
		"0.01, 0.003, 0.001, 3e-4, 1e-4], \"wd\": [0, 1e-5, 1e-4] } }";
	struct rusage before;
	struct rusage after;

	scratch_write("big.json", big, sizeof(big) - 1);
	ck_assert_int_eq(DELTAM("plan", "big.json"), 2); /* it wants --yes */
	ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &before), 0);
	ck_assert_int_eq(DELTAM("plan", "big.json", "--yes"), 0);
	ck_assert_int_eq(getrusage(RUSAGE_CHILDREN, &after), 0);
	ck_assert_double_ge(last_of("out", "sum"), 100000);
	/* the probe's training too; of any child so far, in KiB */
	ck_assert_double_lt(children_seconds(&after) - children_seconds(&before), 2);
#ifndef __SANITIZE_ADDRESS__ /* it keeps what is freed */
	ck_assert_int_lt(after.ru_maxrss, 500 << 10);
#endif
}
END_TEST

START_TEST(a_plan_without_its_data_is_refused_or_has_no_price)
{
	static const char away[] =
		"{ \"sweep\": \"away\", \"dataset\": { \"name\": \"multi_fashion\", "
		"\"path\": \"nowhere\" }, \"train\": { \"epochs\": 2 }, \"methods\": "
		"[\"ew\"], \"search\": { \"lr\": [0.1, 0.01, 0.001] } }";

	scratch_write("away.json", away, sizeof(away) - 1);
	ck_assert_int_eq(DELTAM("plan", "away.json"), 3);
	ck_assert_int_eq(DELTAM("plan", "away.json", "--no-data"), 0);
	ck_assert(isnan(last_of("out", "core-hours")));
	ck_assert_double_gt(last_of("out", "sum"), 10);
}
END_TEST

START_TEST(reports_read_the_name_of_an_edited_file_alone)
{
	static const char edited[] = "{ \"sweep\": \"s\", \"dataset\": 3 }";
	char whole[8192];
	char again[8192];

	ck_assert_int_eq(DELTAM("table", "s.json"), 0);
	scratch_read("out", whole, sizeof(whole));
	scratch_write("s.json", edited, sizeof(edited) - 1);
	ck_assert_int_eq(DELTAM("check", "s.json"), 2);
	ck_assert_int_eq(DELTAM("table", "s.json"), 0);
	scratch_read("out", again, sizeof(again));
	ck_assert_str_eq(again, whole);
	ck_assert_int_eq(DELTAM("status", "s.json"), 0);
}
END_TEST

START_TEST(a_probe_names_what_it_cannot_use)
{
	ck_assert_int_eq(
		run((const char *const[]){ "deltam-worker", "--probe", "lr", NULL }),
		2);
	ck_assert_int_ne(run((const char *const[]){ "deltam-worker", "--probe",
				 "dataset.name=synthetic", NULL }),
		0);
}
END_TEST

Suite *suite_protocol(void);
Suite *suite_protocol(void)
{
	Suite *s = suite_create("protocol");
	TCase *c = tcase_create("protocol");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, what_another_database_trained_is_copied_and_not_trained);
	tcase_add_test(c, what_was_trained_unpruned_is_not_marked_as_stopped_later);
	tcase_add_test(c, a_stopped_job_goes_on_from_the_other_databases_checkpoint);
	tcase_add_test(c, a_stopped_job_without_its_checkpoint_is_trained_anew);
	tcase_add_test(c, rows_of_another_kernel_class_do_not_join_those_there_are);
	tcase_add_test(c, a_job_that_diverged_elsewhere_is_not_tried_again);
	tcase_add_test(c, what_cannot_be_reused_is_refused_before_anything_is_written);
	tcase_add_test(c, two_sweeps_of_one_database_share_their_jobs);
	tcase_add_test(c, an_audit_says_what_pruning_saved_and_cost);
	tcase_add_test(c, an_audit_finds_the_regret_of_a_rash_rule);
	tcase_add_test(c, a_replay_of_the_sweeps_own_rule_is_what_the_scheduler_did);
	tcase_add_test(c, on_real_curves_the_default_rule_saves_much_and_loses_nothing);
	tcase_add_test(c, rules_are_replayed_on_what_was_trained_to_its_end_alone);
	tcase_add_test(c, an_unfinished_sweep_is_not_audited);
	tcase_add_test(c, every_decision_is_listed_in_every_format);
	tcase_add_test(c, a_plan_is_priced_by_what_the_database_has_measured);
	tcase_add_test(c, a_plan_says_where_precision_is_mixed_and_what_has_no_price);
	tcase_add_test(c, a_plan_is_priced_by_a_probe_that_writes_nothing);
	tcase_add_test(c, a_plan_of_a_hundred_thousand_jobs_takes_a_moment);
	tcase_add_test(c, a_plan_without_its_data_is_refused_or_has_no_price);
	tcase_add_test(c, reports_read_the_name_of_an_edited_file_alone);
	tcase_add_test(c, a_probe_names_what_it_cannot_use);
	suite_add_tcase(s, c);
	return s;
}
