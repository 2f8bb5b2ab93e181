/*
 * What is left of a sweep: the one estimate that the bar of `run`, `status` and `plan`
 * show, so that they never differ.
 *
 * It is a function of committed rows, of the sweep file and of the second that it is. It
 * counts what is planned, and what is known to come and cannot be planned yet: segments
 * behind later rungs, refinements, weight decays, final seeds. How many configurations a
 * rung stops is a forecast (prune_survivors), corrected by what the rungs of this sweep
 * have stopped so far; the seconds of an epoch are those that the entry's epochs took, or,
 * before it has any, those of the entries that are most like it.
 */
#ifndef DELTAM_OUTLOOK_H
#define DELTAM_OUTLOOK_H

#include "common/store/rows.h"
#include "orchestrator/plan/plan.h"

/* Whose outlook, and when. */
struct outlook_question {
	struct store *s; /* NULL: nothing is planned yet */
	int64_t sweep;
	const struct spec *spec; /* NULL: what is to come is not known */
	const struct plan_counts *counts; /* of the spec */
	const double
		*rate; /* of each row of counts, seconds an epoch; NULL, NAN: unknown */
	double now; /* UTC, seconds */
	bool live; /* somebody trains */
	int workers; /* 0: those of the last run */
};

struct outlook {
	int64_t jobs, ended; /* of the plan, with those that are expected */
	int running;
	int workers;
	double epochs_left; /* expected */
	double rate; /* seconds of an epoch so far, of one worker; NAN before the first */
	double seconds_left; /* on the clock, with these workers; NAN: unknown */
};

/* The second that it is. */
double outlook_now(void);

MUST_CHECK int outlook_read(
	const struct outlook_question *q, struct outlook *out, struct err *e);

#define OUTLOOK_TEXT_MAX 64

/* Writes seconds as a person says them: "40 s", "12 min", "3 h 20 min", "2.5 days". */
const char *outlook_duration(double seconds, char buf[OUTLOOK_TEXT_MAX]);

/* Writes "62/177 jobs", and "6 min left" or "time left unknown". */
const char *outlook_jobs(const struct outlook *x, char buf[OUTLOOK_TEXT_MAX]);
const char *outlook_left(const struct outlook *x, char buf[OUTLOOK_TEXT_MAX]);

#endif
