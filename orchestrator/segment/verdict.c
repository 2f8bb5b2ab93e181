#include "orchestrator/segment/verdict.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* A signal that people, the kernel or a cluster send; others are the worker's fault. */
static bool from_outside(int signal)
{
	return signal == SIGKILL || signal == SIGTERM || signal == SIGINT ||
		signal == SIGHUP || signal == SIGXCPU;
}

static void judge_signal(const struct sched_end *end, struct verdict *v)
{
	bool outside = from_outside(end->signal);

	v->outcome = outside ? "killed" : "failed";
	v->charge = outside ? CHARGE_KILL : CHARGE_RETRY;
	snprintf(v->text, sizeof(v->text), "killed by signal %d (%s)", end->signal,
		strsignal(end->signal));
}

static void judge_exit(const struct sched_end *end, bool complete, struct verdict *v)
{
	v->outcome = "failed";
	v->charge = CHARGE_RETRY;
	if (*end->text)
		snprintf(v->text, sizeof(v->text), "%s", end->text);
	else
		snprintf(v->text, sizeof(v->text), "exit status %d", end->status);
	switch (end->status) {
	case PROTO_DONE:
		if (complete) {
			v->outcome = "done";
			v->charge = CHARGE_NONE;
			v->text[0] = '\0';
		} else {
			snprintf(v->text, sizeof(v->text),
				"it left without all rows of its segment");
		}
		break;
	case PROTO_DIVERGED:
		v->outcome = "diverged";
		v->charge = CHARGE_NONE;
		v->diverged = true;
		if (!*end->text) /* else its message names the epoch */
			snprintf(v->text, sizeof(v->text), "diverged in epoch %d",
				end->diverged_epoch);
		break;
	case PROTO_INTERRUPTED:
		v->outcome = "interrupted";
		v->charge = CHARGE_KILL;
		break;
	case PROTO_DETERMINISM:
		v->stop = ERR_DETERMINISM;
		break;
	case PROTO_ENVIRONMENT:
		v->stop = ERR_DATA;
		break;
	case PROTO_USAGE:
		v->stop = ERR_SYS;
		break;
	default:
		break;
	}
}

/* Whether the process went without a word, which need not be the fault of its job. */
static bool died(const struct sched_end *end)
{
	return end->why == SCHED_SIGNALLED || end->why == SCHED_SILENT ||
		(end->why == SCHED_EXITED && !*end->kernel_class);
}

struct verdict verdict_of(const struct sched_end *end, bool complete)
{
	struct verdict v = {
		.outcome = "failed", .charge = CHARGE_RETRY, .died = died(end)
	};

	switch (end->why) {
	case SCHED_STOPPED:
		if (end->signal || end->status == PROTO_INTERRUPTED) {
			v.outcome = "interrupted";
			v.charge = CHARGE_NONE;
			break;
		}
		judge_exit(end, complete, &v);
		break;
	case SCHED_EXITED:
		judge_exit(end, complete, &v);
		break;
	case SCHED_SIGNALLED:
		judge_signal(end, &v);
		break;
	case SCHED_TIMEOUT:
		v.outcome = "timeout";
		v.charge = CHARGE_FINAL;
		snprintf(v.text, sizeof(v.text), "limits.job_minutes is over");
		break;
	case SCHED_SILENT:
		snprintf(v.text, sizeof(v.text), "no sign of life; we killed it");
		break;
	case SCHED_QUIET:
		snprintf(v.text, sizeof(v.text),
			"no epoch and no output for limits.silent_minutes; we killed "
			"it");
		break;
	case SCHED_ENOUGH: /* its report says why: verdict_of_report */
		break;
	case SCHED_NOT_STARTED:
		v.charge = CHARGE_NONE;
		snprintf(v.text, sizeof(v.text), "%s", end->text);
		break;
	case SCHED_LOST:
		v.outcome = "lost";
		v.charge = CHARGE_NONE;
		snprintf(v.text, sizeof(v.text), "%s", end->text);
		break;
	}
	return v;
}

/* Why it failed, in its trainer's own words where it has some. */
static void tell_why(const struct follow *f, const char *last_line, struct verdict *v)
{
	size_t n = strlen(v->text);

	if (*f->error)
		snprintf(v->text, sizeof(v->text), "%s", f->error);
	else if (*last_line)
		snprintf(v->text + n, sizeof(v->text) - n, "%s%s", n ? ": " : "",
			last_line);
}

void verdict_of_report(const struct follow *f, const char *last_line, struct verdict *v)
{
	if (v->stop)
		return;
	v->diverged = false;
	switch (f->state) {
	case FOLLOW_ON:
		if (!strcmp(v->outcome, "failed") && v->charge != CHARGE_NONE)
			tell_why(f, last_line, v);
		return;
	case FOLLOW_DIVERGED:
		v->outcome = "diverged";
		v->charge = CHARGE_NONE;
		v->diverged = true;
		snprintf(v->text, sizeof(v->text), "epoch %d: %s", f->epoch, f->text);
		return;
	case FOLLOW_FAULT:
		v->outcome = "failed";
		v->charge = CHARGE_FINAL;
		break;
	case FOLLOW_HOLE:
		v->outcome = "failed";
		v->charge = CHARGE_RETRY;
		break;
	}
	snprintf(v->text, sizeof(v->text), "%s", f->text);
}
