/* Reports, line after line, and the rows that they become. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/store/store_metric.h"
#include "common/store/store_open.h"
#include "common/store/transaction.h"
#include "orchestrator/segment/follow.h"
#include "tests/lib/dump.h"
#include "tests/lib/must.h"
#include "tests/lib/reported.h"
#include "tests/lib/scratch.h"
#include "tests/lib/values.h"

#define JOB 7

static struct arena arena;
static struct err e;
static struct store s;
static struct follow f;
static struct attempt_row attempt;

static void put_job(void)
{
	static const struct job_shown shown = { NULL, NULL, NULL };
	struct params ps = { 0 };
	struct job_row row;

	params_set(&ps, &arena, "method", "ew");
	params_set(&ps, &arena, "lr", "0.1");
	params_set(&ps, &arena, "wd", "0");
	params_set(&ps, &arena, "seed", "0");
	params_set(&ps, &arena, "train.epochs", "10");
	must(store_job_put(&s, JOB, "00000000000000000000000000000007", &ps, &shown,
		     &row, &e),
		&e);
}

/* An attempt that begins now, with an empty report. */
static void begin(int start, int until)
{
	attempt = (struct attempt_row){
		.job = JOB, .start_epoch = start, .stop_epoch = until
	};
	must(store_attempt_begin(&s, &attempt, &e), &e);
	f = (struct follow){ .s = &s,
		.job = JOB,
		.attempt = attempt.id,
		.folder = ".",
		.token = attempt.token,
		.form = reported_form(&arena, NULL),
		.start = start,
		.until = until };
}

/* Adds to the report and does not read it. */
static void write_more(const char *text)
{
	FILE *report = fopen(arena_printf(&arena, "report.%s", attempt.token), "a");

	ck_assert_ptr_nonnull(report);
	ck_assert_int_ge(fputs(text, report), 0);
	ck_assert_int_eq(fclose(report), 0);
}

static int read_on(void)
{
	int rc;

	must(store_begin(&s, &e), &e);
	rc = follow_read(&f, &e);
	if (rc)
		store_rollback(&s);
	else
		must(store_commit(&s, &e), &e);
	return rc;
}

static void tell(const char *text)
{
	write_more(text);
	must(read_on(), &e);
}

static void setup(void)
{
	scratch_enter();
	must(store_open(&s, "t.db", STORE_ORCHESTRATOR, &e), &e);
	put_job();
	begin(0, 10);
}

static void teardown(void)
{
	store_close(&s);
	arena_release(&arena);
	scratch_leave();
}

static const char *rows(void)
{
	return dump_rows(&s,
		"SELECT group_concat(epoch || ' ' || value) FROM (SELECT epoch, value FROM"
		" metric WHERE split='val' AND task='a' AND name='loss' ORDER BY epoch)",
		&arena);
}

static const char *ask(const char *sql)
{
	return dump_rows(&s, sql, &arena);
}

/* An epoch with that validation loss of task a. */
static const char *epoch(int n, const char *loss)
{
	return arena_printf(&arena,
		"{\"epoch\": %d, \"val\": {\"a\": {\"loss\": %s, \"acc\": 1, \"err\": 1}, " REPORTED_B
		"}, \"test\": {" REPORTED_A ", " REPORTED_B
		"}, \"weights\": {\"a\": 0.5}}\n",
		n, loss);
}

START_TEST(whole_lines_become_rows_with_the_offset)
{
	const char *two = epoch(2, "0.5");

	tell("{\"hello\": {\"device\": \"A100\", \"software\": \"torch\"}}\n");
	tell(epoch(1, "1"));
	ck_assert_str_eq(ask("SELECT kernel_class FROM job"), "A100\n");
	write_more(arena_strndup(&arena, two, 30));
	must(read_on(), &e);
	ck_assert_str_eq(rows(), "1 1.0\n");
	write_more(two + 30);
	must(read_on(), &e);
	ck_assert_str_eq(rows(), "1 1.0,2 0.5\n");
	ck_assert_str_eq(ask("SELECT read_bytes FROM attempt"),
		arena_printf(&arena, "%lld\n", (long long)f.offset));
	ck_assert_str_eq(
		ask("SELECT task, weight_mean, weight_std FROM task_weight LIMIT 1"),
		"a|0.5|\n");
	ck_assert_int_eq(f.epochs, 2);
}
END_TEST

static const struct {
	const char *lines, *text;
} faults[] = {
	{ REPORTED_EPOCH("1") "\n" REPORTED_EPOCH("3") "\n",
		"report line 2: epoch 3 follows epoch 1" },
	{ REPORTED_EPOCH("1") "\n" REPORTED_EPOCH("1") "\n",
		"report line 2: epoch 1 follows epoch 1" },
	{ REPORTED_EPOCH("1") "\n\n", "report line 2: no JSON: the file is empty" },
	{ REPORTED_EPOCH("11") "\n",
		"report line 1: epoch 11 is beyond 10, where the segment ends" },
	{ REPORTED_EPOCH("1") "\n{\"hello\": {}}\n",
		"report line 2: \"hello\" comes first" },
	{ "{\"diverged\": 11}\n",
		"report line 1: epoch 11 is beyond 10, where the segment ends" },
};

START_TEST(what_is_out_of_order_is_a_fault_and_stores_nothing)
{
	for (int i = 0; i < COUNT(faults); i++) {
		begin(0, 10);
		tell(faults[i].lines);
		ck_assert_int_eq(f.state, FOLLOW_FAULT);
		ck_assert_str_eq(f.text, faults[i].text);
		tell(epoch(2, "1")); /* nothing is read behind a fault */
		ck_assert_int_le(f.epoch, 1);
	}
	ck_assert_str_eq(rows(), "1 1.0\n");
}
END_TEST

START_TEST(a_line_of_more_than_a_mebibyte_is_a_fault)
{
	char *text = arena_alloc(&arena, REPORT_LINE_MAX + 16, 1);

	memset(text, ' ', REPORT_LINE_MAX + 8);
	tell(text); /* without its newline */
	ck_assert_int_eq(f.state, FOLLOW_FAULT);
	ck_assert_str_eq(f.text, "report line 1: longer than 1 MiB");
}
END_TEST

START_TEST(a_report_that_is_cut_short_is_a_fault)
{
	tell(epoch(1, "1"));
	scratch_write(arena_printf(&arena, "report.%s", attempt.token), "", 0);
	must(read_on(), &e);
	ck_assert_int_eq(f.state, FOLLOW_FAULT);
	ck_assert_str_eq(f.text, "its report was cut short");
}
END_TEST

START_TEST(rows_of_an_older_state_replace_those_that_were_ahead)
{
	tell(arena_printf(
		&arena, "%s%s%s", epoch(1, "1"), epoch(2, "2"), epoch(3, "3")));
	begin(3, 10);
	f.had_state = true;
	tell(epoch(2, "20"));
	ck_assert_str_eq(rows(), "1 1.0,2 20.0\n");
	tell(epoch(3, "30"));
	ck_assert_str_eq(rows(), "1 1.0,2 20.0,3 30.0\n");
	ck_assert_str_eq(ask("SELECT replaced FROM attempt ORDER BY id"), "0\n2\n");
	ck_assert_str_eq(ask("SELECT count(DISTINCT epoch) FROM task_weight"), "3\n");
}
END_TEST

START_TEST(scores_of_replaced_rows_go_and_decisions_are_marked)
{
	int64_t sweep;
	bool rescore;

	must(store_begin(&s, &e), &e);
	must(store_sweep_put(&s,
		     &(struct sweep_row){ .name = "w",
			     .text = "",
			     .select_epoch = "best",
			     .average = "criteria",
			     .folder = "/" },
		     &sweep, &rescore, &e),
		&e);
	must(store_stage_put(&s,
		     &(struct stage_row){
			     5, 1, "", "ew", "ew", "", "tune", "tune", 1, "" },
		     &e),
		&e);
	must(store_member_put(
		     &s, &(struct member_row){ 5, JOB, 1, 0, 3, MEMBER_WAITING }, &e),
		&e);
	for (int rung = 1; rung <= 2; rung++)
		must(store_decision_put(&s,
			     &(struct decision_row){
				     5, 1, "stop", "rungs", "", "", rung, 0, 0 },
			     &e),
			&e);
	for (int k = 1; k <= 3; k++)
		must(store_run(&s, STMT_SCORE_PUT,
			     ARGS(INT(1), INT(JOB), INT(k), TEXT("val"), REAL(k)), &e),
			&e);
	must(store_commit(&s, &e), &e);
	tell(arena_printf(
		&arena, "%s%s%s", epoch(1, "1"), epoch(2, "2"), epoch(3, "3")));
	begin(3, 10);
	tell(epoch(2, "20"));
	ck_assert_str_eq(ask("SELECT epoch FROM score"), "1\n");
	ck_assert_str_eq(ask("SELECT epoch, stale FROM decision"), "1|0\n2|1\n");
}
END_TEST

START_TEST(rows_of_a_deterministic_trainer_are_compared)
{
	tell(arena_printf(&arena, "%s%s", epoch(1, "1"), epoch(2, "2")));
	begin(2, 10);
	f.deterministic = true;
	tell(arena_printf(&arena, "%s%s", epoch(2, "2"), epoch(3, "3")));
	ck_assert_str_eq(rows(), "1 1.0,2 2.0,3 3.0\n");
	ck_assert_str_eq(ask("SELECT replaced FROM attempt ORDER BY id"), "0\n1\n");
	begin(3, 10);
	f.deterministic = true;
	write_more(epoch(3, "3.5"));
	ck_assert_int_eq(read_on(), ERR_DETERMINISM);
	ck_assert_msg(strstr(e.msg, "val a/loss") != NULL, "%s", e.msg);
	begin(3, 10);
	f.deterministic = true;
	write_more("{\"diverged\": 3}\n");
	ck_assert_int_eq(read_on(), ERR_DETERMINISM);
	ck_assert_str_eq(rows(), "1 1.0,2 2.0,3 3.0\n");
}
END_TEST

START_TEST(another_device_starts_a_deterministic_job_over)
{
	tell("{\"hello\": {\"device\": \"A100\"}}\n");
	tell(epoch(1, "1"));
	begin(1, 10);
	f.deterministic = true;
	tell("{\"hello\": {\"device\": \"H100\"}}\n");
	ck_assert_str_eq(rows(), "\n");
	tell(epoch(1, "1.5"));
	ck_assert_str_eq(rows(), "1 1.5\n");
	begin(1, 10);
	f.deterministic = true;
	tell("{\"hello\": {\"device\": \"A100\"}}\n");
	tell(epoch(2, "2")); /* of a state whose rows are gone */
	ck_assert_int_eq(f.state, FOLLOW_HOLE);
}
END_TEST

START_TEST(a_hole_is_filled_from_the_reports_that_nobody_read)
{
	tell(epoch(1, "1"));
	write_more(epoch(2, "2")); /* deltam dies here */
	begin(1, 10);
	write_more(arena_printf(&arena, "%s%s", epoch(3, "3"), "{\"epoch\": 4"));
	begin(1, 10);
	tell(epoch(4, "4"));
	ck_assert_str_eq(rows(), "1 1.0,2 2.0,3 3.0,4 4.0\n");
	ck_assert_int_eq(f.state, FOLLOW_ON);
	/* What was read once is not read again. */
	begin(4, 10);
	tell(epoch(4, "5"));
	ck_assert_str_eq(rows(), "1 1.0,2 2.0,3 3.0,4 5.0\n");
}
END_TEST

/* Begins after an attempt on the device that died with `unread` of its report unread. */
static void begin_behind(const char *device, const char *unread)
{
	write_more(unread);
	begin(1, 10);
	f.deterministic = true;
	f.had_state = true;
	tell(arena_printf(&arena, "{\"hello\": {\"device\": \"%s\"}}\n", device));
}

START_TEST(rows_from_a_report_that_nobody_read_keep_their_device)
{
	const char *hello = "{\"hello\": {\"device\": \"A100\"}}\n";

	for (int read = 0; read < 2; read++) {
		tell(read ? hello : "");
		begin_behind("A100",
			arena_printf(&arena, "%s%s", read ? "" : hello, epoch(1, "1")));
		f.until = 1; /* its state is at the end: it has nothing to train */
		must(follow_end(&f, &e), &e);
		ck_assert_str_eq(rows(), "1 1.0\n");
		ck_assert_str_eq(ask("SELECT kernel_class FROM job"), "A100\n");
		begin_behind("A100", "");
		ck_assert_str_eq(rows(), "1 1.0\n");
		begin_behind("H100", "");
		ck_assert_str_eq(rows(), "\n");
		must(store_metric_set_class(&s, JOB, "", &e), &e);
		begin(0, 10);
	}
}
END_TEST

START_TEST(what_another_device_left_unread_is_not_added)
{
	tell("{\"hello\": {\"device\": \"A100\"}}\n");
	tell(epoch(1, "1"));
	begin(1, 10);
	begin_behind("A100",
		arena_printf(&arena, "{\"hello\": {\"device\": \"H100\"}}\n%s",
			epoch(2, "2.5")));
	tell(epoch(3, "3"));
	ck_assert_str_eq(rows(), "1 1.0\n");
	ck_assert_int_eq(f.state, FOLLOW_HOLE);
}
END_TEST

START_TEST(a_hole_that_stays_starts_the_job_over)
{
	tell(epoch(1, "1"));
	begin(1, 10);
	tell(epoch(3, "3"));
	ck_assert_int_eq(f.state, FOLLOW_HOLE);
	ck_assert_str_eq(f.text,
		"epoch 3 comes first, but the rows end at epoch 1: the job starts over");
	ck_assert_str_eq(rows(), "1 1.0\n");
}
END_TEST

START_TEST(a_trainer_that_has_nothing_left_to_do_gets_the_reports_read)
{
	tell(epoch(1, "1"));
	write_more(epoch(2, "2"));
	begin(1, 2);
	f.had_state = true;
	tell("{\"hello\": {}}\n");
	must(follow_end(&f, &e), &e);
	ck_assert_int_eq(f.state, FOLLOW_ON);
	ck_assert_str_eq(rows(), "1 1.0,2 2.0\n");
	begin(2, 3);
	f.had_state = true;
	tell("");
	must(follow_end(&f, &e), &e);
	ck_assert_int_eq(f.state, FOLLOW_HOLE);
}
END_TEST

START_TEST(divergence_keeps_the_epochs_before_it)
{
	tell(arena_printf(&arena, "%s%s", epoch(1, "1"), epoch(2, "NaN")));
	ck_assert_int_eq(f.state, FOLLOW_DIVERGED);
	ck_assert_int_eq(f.epoch, 2);
	ck_assert_str_eq(f.text, "val a/loss is not finite");
	ck_assert_str_eq(rows(), "1 1.0\n");
	begin(1, 10);
	tell("{\"diverged\": 2, \"why\": \"loss of 1e40\"}\n");
	ck_assert_int_eq(f.state, FOLLOW_DIVERGED);
	ck_assert_str_eq(f.text, "loss of 1e40");
}
END_TEST

START_TEST(the_error_of_a_trainer_is_kept)
{
	tell("{\"error\": \"no memory\"}\n{\"beat\": true}\n");
	ck_assert_int_eq(f.state, FOLLOW_ON);
	ck_assert_str_eq(f.error, "no memory");
}
END_TEST

Suite *suite_follow(void);
Suite *suite_follow(void)
{
	Suite *suite = suite_create("follow");
	TCase *tc = tcase_create("follow");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, whole_lines_become_rows_with_the_offset);
	tcase_add_test(tc, what_is_out_of_order_is_a_fault_and_stores_nothing);
	tcase_add_test(tc, a_line_of_more_than_a_mebibyte_is_a_fault);
	tcase_add_test(tc, a_report_that_is_cut_short_is_a_fault);
	tcase_add_test(tc, rows_of_an_older_state_replace_those_that_were_ahead);
	tcase_add_test(tc, scores_of_replaced_rows_go_and_decisions_are_marked);
	tcase_add_test(tc, rows_of_a_deterministic_trainer_are_compared);
	tcase_add_test(tc, another_device_starts_a_deterministic_job_over);
	tcase_add_test(tc, a_hole_is_filled_from_the_reports_that_nobody_read);
	tcase_add_test(tc, rows_from_a_report_that_nobody_read_keep_their_device);
	tcase_add_test(tc, what_another_device_left_unread_is_not_added);
	tcase_add_test(tc, a_hole_that_stays_starts_the_job_over);
	tcase_add_test(tc, a_trainer_that_has_nothing_left_to_do_gets_the_reports_read);
	tcase_add_test(tc, divergence_keeps_the_epochs_before_it);
	tcase_add_test(tc, the_error_of_a_trainer_is_kept);
	suite_add_tcase(suite, tc);
	return suite;
}
