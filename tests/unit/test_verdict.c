/*
 * What the end of a worker means: every way to end, and what it costs the job.
 */
#include <check.h>
#include <signal.h>
#include <string.h>
#include "common/arena.h"
#include "orchestrator/segment/verdict.h"

#define HELLO .kernel_class = "plain"

static const struct {
	struct sched_end end;
	bool complete; /* its rows */
	struct verdict wanted; /* text: how it begins */
} ends[] = {
	{ { .why = SCHED_EXITED, HELLO, .status = PROTO_DONE }, true,
		{ .outcome = "done", .charge = CHARGE_NONE } },
	{ { .why = SCHED_EXITED, HELLO, .status = PROTO_DONE }, false,
		{ .outcome = "failed",
			.charge = CHARGE_RETRY,
			.text = "it left without all rows of its segment" } },
	{ { .why = SCHED_EXITED, HELLO, .status = PROTO_FAILED, .text = "no room" },
		false,
		{ .outcome = "failed", .charge = CHARGE_RETRY, .text = "no room" } },
	{ { .why = SCHED_EXITED, HELLO, .status = PROTO_FAILED }, true,
		{ .outcome = "failed",
			.charge = CHARGE_RETRY,
			.text = "exit status 1" } },
	{ { .why = SCHED_EXITED, HELLO, .status = PROTO_STALE }, false,
		{ .outcome = "failed",
			.charge = CHARGE_RETRY,
			.text = "exit status 6" } },
	{ { .why = SCHED_EXITED,
		  HELLO,
		  .status = PROTO_DIVERGED,
		  .diverged_epoch = 3,
		  .text = "epoch 3, step 7: task a" },
		false,
		{ .outcome = "diverged",
			.charge = CHARGE_NONE,
			.diverged = true,
			.text = "epoch 3, step 7: task a" } },
	{ { .why = SCHED_EXITED, HELLO, .status = PROTO_DIVERGED, .diverged_epoch = 3 },
		false,
		{ .outcome = "diverged",
			.charge = CHARGE_NONE,
			.diverged = true,
			.text = "diverged in epoch 3" } },
	{ { .why = SCHED_EXITED, HELLO, .status = PROTO_INTERRUPTED }, false,
		{ .outcome = "interrupted", .charge = CHARGE_KILL } },
	{ { .why = SCHED_EXITED, HELLO, .status = PROTO_DETERMINISM }, false,
		{ .outcome = "failed",
			.charge = CHARGE_RETRY,
			.stop = ERR_DETERMINISM } },
	{ { .why = SCHED_EXITED, HELLO, .status = PROTO_ENVIRONMENT }, false,
		{ .outcome = "failed", .charge = CHARGE_RETRY, .stop = ERR_DATA } },
	{ { .why = SCHED_EXITED, HELLO, .status = PROTO_USAGE }, false,
		{ .outcome = "failed", .charge = CHARGE_RETRY, .stop = ERR_SYS } },
	{ { .why = SCHED_EXITED, .status = PROTO_FAILED, .text = "no library" }, false,
		{ .outcome = "failed",
			.charge = CHARGE_RETRY,
			.died = true,
			.text = "no library" } },
	{ { .why = SCHED_SIGNALLED, .signal = SIGKILL }, false,
		{ .outcome = "killed",
			.charge = CHARGE_KILL,
			.died = true,
			.text = "killed by signal 9" } },
	{ { .why = SCHED_SIGNALLED, .signal = SIGXCPU }, false,
		{ .outcome = "killed", .charge = CHARGE_KILL, .died = true } },
	{ { .why = SCHED_SIGNALLED, .signal = SIGSEGV }, false,
		{ .outcome = "failed",
			.charge = CHARGE_RETRY,
			.died = true,
			.text = "killed by signal 11" } },
	{ { .why = SCHED_TIMEOUT, .signal = SIGKILL }, false,
		{ .outcome = "timeout",
			.charge = CHARGE_FINAL,
			.text = "limits.job_minutes is over" } },
	{ { .why = SCHED_SILENT, .signal = SIGKILL }, false,
		{ .outcome = "failed",
			.charge = CHARGE_RETRY,
			.died = true,
			.text = "no sign of life" } },
	{ { .why = SCHED_STOPPED, .status = PROTO_INTERRUPTED }, false,
		{ .outcome = "interrupted", .charge = CHARGE_NONE } },
	{ { .why = SCHED_STOPPED, .signal = SIGTERM }, false,
		{ .outcome = "interrupted", .charge = CHARGE_NONE } },
	{ { .why = SCHED_STOPPED, .status = PROTO_DONE }, true,
		{ .outcome = "done", .charge = CHARGE_NONE } },
	{ { .why = SCHED_NOT_STARTED, .text = "no memory" }, false,
		{ .outcome = "failed", .charge = CHARGE_NONE, .text = "no memory" } },
};

START_TEST(every_end_has_its_verdict)
{
	const struct verdict *wanted = &ends[_i].wanted;
	struct verdict v = verdict_of(&ends[_i].end, ends[_i].complete);

	ck_assert_str_eq(v.outcome, wanted->outcome);
	ck_assert_int_eq(v.charge, wanted->charge);
	ck_assert_int_eq(v.diverged, wanted->diverged);
	ck_assert_int_eq(v.stop, wanted->stop);
	ck_assert_int_eq(v.died, wanted->died);
	ck_assert_msg(
		!strncmp(v.text, wanted->text, strlen(wanted->text)), "%s", v.text);
	if (!strcmp(v.outcome, "done"))
		ck_assert_str_eq(v.text, "");
}
END_TEST

Suite *suite_verdict(void);
Suite *suite_verdict(void)
{
	Suite *s = suite_create("verdict");
	TCase *t = tcase_create("verdict");

	tcase_add_loop_test(t, every_end_has_its_verdict, 0, COUNT(ends));
	suite_add_tcase(s, t);
	return s;
}
