/*
 * Waits between attempts: their lengths, rounds, and what ends them.
 */
#include <check.h>
#include "orchestrator/run/retry.h"

struct world {
	struct arena arena;
	struct retry retry;
};

static struct retry *enter(struct world *w)
{
	*w = (struct world){ 0 };
	w->retry.arena = &w->arena;
	return &w->retry;
}

START_TEST(a_job_waits_longer_each_time_up_to_a_limit)
{
	static const int waits[] = { 0, 1, 2, 4, 8, 16, 32, 60, 60 };
	struct world w;
	struct retry *r = enter(&w);

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		retry_in_vain(r, 7, retry_begin(r, 7), false);
		ck_assert_int_eq(retry_left(r, 7), waits[i]);
		ck_assert_int_eq(retry_left(r, 8), 0);
		r->now += waits[i];
		ck_assert(retry_may(r, 7));
		ck_assert(!r->early);
	}
	r->now -= 1;
	ck_assert(!retry_may(r, 7));
	ck_assert(r->early);
	ck_assert(retry_may(r, 8));
	ck_assert(!retry_hopeless(r)); /* it said itself what was wrong */
	retry_worth(r, 7);
	ck_assert_int_eq(retry_left(r, 7), 0);
	retry_in_vain(r, 7, retry_begin(r, 7), false); /* from the beginning */
	ck_assert_int_eq(retry_left(r, 7), 0);
	arena_release(&w.arena);
}
END_TEST

START_TEST(what_began_together_is_one_round)
{
	struct world w;
	struct retry *r = enter(&w);

	for (int round = 1; round < RETRY_ROUNDS_MAX; round++) {
		struct retry_mark mark[3];

		for (int i = 0; i < 3; i++)
			mark[i] = retry_begin(r, i);
		for (int i = 0; i < 3; i++)
			retry_in_vain(r, i, mark[i], true);
		ck_assert_int_eq(r->all.rounds, round);
		ck_assert_int_eq(retry_left(r, 9), round > 1 ? 1 << (round - 2) : 0);
		ck_assert(!retry_hopeless(r));
		r->now = r->all.until;
	}
	retry_in_vain(r, 0, retry_begin(r, 0), true);
	ck_assert(retry_hopeless(r));
	arena_release(&w.arena);
}
END_TEST

START_TEST(one_epoch_is_hope_for_the_whole_run)
{
	struct world w;
	struct retry *r = enter(&w);

	retry_worth(r, 1);
	for (int i = 0; i < 100; i++)
		retry_in_vain(r, i, retry_begin(r, i), true);
	ck_assert(!retry_hopeless(r));
	ck_assert_int_eq(retry_left(r, 1), RETRY_TICKS_MAX);
	arena_release(&w.arena);
}
END_TEST

START_TEST(a_job_that_failed_for_good_is_forgotten)
{
	struct world w;
	struct retry *r = enter(&w);

	for (int i = 0; i < 3; i++)
		for (int64_t job = 1; job <= 3; job++)
			retry_in_vain(r, job, retry_begin(r, job), false);
	retry_forget(r, 2);
	retry_forget(r, 2);
	ck_assert_int_eq(retry_left(r, 1), 2);
	ck_assert_int_eq(retry_left(r, 2), 0);
	ck_assert_int_eq(retry_left(r, 3), 2);
	arena_release(&w.arena);
}
END_TEST

Suite *suite_retry(void);
Suite *suite_retry(void)
{
	Suite *s = suite_create("retry");
	TCase *t = tcase_create("retry");

	tcase_add_test(t, a_job_waits_longer_each_time_up_to_a_limit);
	tcase_add_test(t, what_began_together_is_one_round);
	tcase_add_test(t, one_epoch_is_hope_for_the_whole_run);
	tcase_add_test(t, a_job_that_failed_for_good_is_forgotten);
	suite_add_tcase(s, t);
	return s;
}
