#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "common/store/store_metric.h"
#include "common/store/store_open.h"
#include "common/store/transaction.h"
#include "tests/lib/digest.h"
#include "tests/lib/scratch.h"

#define JOB 7
static struct store s;
static struct err e;

static void setup(void)
{
	scratch_enter();
	ck_assert_msg(!store_open(&s, "t.db", STORE_ORCHESTRATOR, &e), "%s", e.msg);
	query_run("t.db",
		"INSERT INTO job (id, identity, dataset, model, method, lr, wd, seed, "
		"epochs) VALUES (7, 'i', 'd', 'm', 'ew', 1, 0, 0, 9);"
		"INSERT INTO attempt (job, token, host, start_epoch, stop_epoch, "
		"started) VALUES (7, 'ours', 'h', 0, 9, 'now')");
}

static void teardown(void)
{
	store_close(&s);
	scratch_leave();
}

/* n rows of one epoch with names m0, m1 ... and these values plus their index. */
static int put(int epoch, int n, double value)
{
	static char names[64][8];
	struct metric_row rows[64];

	for (int i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "m%d", i);
		rows[i] = (struct metric_row){ "val", "seg", names[i], value + i };
	}
	return store_metrics_put(&s, JOB, epoch, rows, n, &e);
}

static int put_one(double value)
{
	const struct metric_row row = { "test", "", "loss", value };

	return store_metrics_put(&s, JOB, 3, &row, 1, &e);
}

static int64_t count(void)
{
	return query_int("t.db", "SELECT count(*) FROM metric");
}

START_TEST(rows_come_back_whatever_their_number)
{
	for (int n = 1; n <= 41; n++)
		ck_assert_int_eq(put(n, n, 0.5), OK);
	ck_assert_int_eq(count(), 41 * 42 / 2);
	ck_assert_int_eq(query_int("t.db",
				 "SELECT count(*) FROM metric WHERE job = 7 AND split ="
				 " 'val' AND task = 'seg' AND value ="
				 " substr(name, 2) + 0.5"),
		41 * 42 / 2);
}
END_TEST

START_TEST(a_row_that_exists_may_be_written_again)
{
	ck_assert_int_eq(put(1, 10, 0.1), OK);
	ck_assert_int_eq(put(1, 45, 0.1), OK);
	ck_assert_int_eq(put(1, 45, 0.1), OK);
	ck_assert_int_eq(count(), 45);
}
END_TEST

START_TEST(a_row_that_differs_in_its_last_bit_is_named_with_both_values)
{
	double v = 0.1;

	ck_assert_int_eq(put_one(v), OK);
	ck_assert_int_eq(put_one(nextafter(v, 1)), ERR_DETERMINISM);
	ck_assert_ptr_nonnull(strstr(e.msg, "epoch 3: test loss is in"));
	ck_assert_ptr_nonnull(strstr(e.msg, "0.10000000000000001 there"));
	ck_assert_ptr_nonnull(strstr(e.msg, "0.10000000000000002 now"));
}
END_TEST

START_TEST(a_difference_among_many_equal_rows_is_found)
{
	ck_assert_int_eq(put(1, 25, 0.1), OK);
	query_run("t.db", "UPDATE metric SET value = 77 WHERE name = 'm13'");
	ck_assert_int_eq(put(1, 25, 0.1), ERR_DETERMINISM);
	ck_assert_ptr_nonnull(strstr(e.msg, "val seg/m13"));
}
END_TEST

START_TEST(negative_zero_equals_what_the_database_keeps_of_it)
{
	ck_assert_int_eq(put_one(-0.0), OK);
	ck_assert_int_eq(put_one(-0.0), OK);
	ck_assert_int_eq(put_one(0.0), OK);
}
END_TEST

START_TEST(what_is_not_finite_never_reaches_the_database)
{
	const struct weight_row w = { .task = "seg",
		.weight_mean = 1,
		.weighted_loss_mean = (double)INFINITY,
		.weighted_loss_std = 0 };

	ck_assert_int_eq(put_one((double)NAN), ERR_DIVERGED);
	ck_assert_int_eq(put_one(-(double)INFINITY), ERR_DIVERGED);
	ck_assert_int_eq(store_weights_put(&s, JOB, 3, &w, 1, &e), ERR_DIVERGED);
	ck_assert_ptr_nonnull(strstr(e.msg, "epoch 3: weighted_loss_mean of task seg"));
	ck_assert_int_eq(count(), 0);
}
END_TEST

START_TEST(weights_are_compared_column_by_column)
{
	struct weight_row w = { .task = "seg",
		.weight_mean = 1,
		.weighted_loss_mean = 2.5,
		.weighted_loss_std = -0.0 };

	ck_assert_int_eq(store_weights_put(&s, JOB, 3, &w, 1, &e), OK);
	ck_assert_int_eq(store_weights_put(&s, JOB, 3, &w, 1, &e), OK);
	w.weighted_loss_std = 1e-300;
	ck_assert_int_eq(store_weights_put(&s, JOB, 3, &w, 1, &e), ERR_DETERMINISM);
	ck_assert_ptr_nonnull(strstr(e.msg, "epoch 3: weighted_loss_std of task seg"));
}
END_TEST

START_TEST(a_token_counts_while_its_attempt_is_open)
{
	ck_assert_int_eq(store_metric_check_token(&s, JOB, "ours", &e), OK);
	ck_assert_int_eq(store_metric_check_token(&s, JOB, "other", &e), ERR_STALE);
	ck_assert_int_eq(store_metric_check_token(&s, 8, "ours", &e), ERR_STALE);
	query_run("t.db", "UPDATE attempt SET outcome = 'lost'");
	ck_assert_int_eq(store_metric_check_token(&s, JOB, "ours", &e), ERR_STALE);
	query_run("t.db", "UPDATE attempt SET outcome = NULL, ended = 'now'");
	ck_assert_int_eq(store_metric_check_token(&s, JOB, "ours", &e), ERR_STALE);
}
END_TEST

START_TEST(a_rolled_back_epoch_leaves_nothing)
{
	ck_assert_int_eq(store_begin(&s, &e), OK);
	ck_assert_int_eq(put(1, 30, 0.1), OK);
	store_rollback(&s);
	ck_assert_int_eq(count(), 0);
}
END_TEST

START_TEST(starting_over_drops_the_rows_of_one_job)
{
	const struct weight_row w = { .task = "seg",
		.weight_mean = 1,
		.weighted_loss_mean = 2.5,
		.weighted_loss_std = 0 };

	ck_assert_int_eq(put(4, 30, 0.1), OK);
	ck_assert_int_eq(store_weights_put(&s, JOB, 4, &w, 1, &e), OK);
	query_run("t.db",
		"INSERT INTO metric SELECT 8, epoch, split, task, name, value FROM "
		"metric");
	ck_assert_int_eq(count(), 60);
	ck_assert_int_eq(store_metric_clear(&s, JOB, &e), OK);
	ck_assert_int_eq(count(), 30);
	ck_assert_int_eq(query_int("t.db", "SELECT count(*) FROM task_weight"), 0);
}
END_TEST

Suite *suite_store_metric(void);
Suite *suite_store_metric(void)
{
	Suite *suite = suite_create("store_metric");
	TCase *tc = tcase_create("store_metric");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rows_come_back_whatever_their_number);
	tcase_add_test(tc, a_row_that_exists_may_be_written_again);
	tcase_add_test(
		tc, a_row_that_differs_in_its_last_bit_is_named_with_both_values);
	tcase_add_test(tc, a_difference_among_many_equal_rows_is_found);
	tcase_add_test(tc, negative_zero_equals_what_the_database_keeps_of_it);
	tcase_add_test(tc, what_is_not_finite_never_reaches_the_database);
	tcase_add_test(tc, weights_are_compared_column_by_column);
	tcase_add_test(tc, a_token_counts_while_its_attempt_is_open);
	tcase_add_test(tc, a_rolled_back_epoch_leaves_nothing);
	tcase_add_test(tc, starting_over_drops_the_rows_of_one_job);
	suite_add_tcase(suite, tc);
	return suite;
}
