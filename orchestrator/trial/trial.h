/*
 * One attempt of `deltam try`: what a trainer reports, held against the contract of
 * docs/TRAINERS.md. Knows neither processes nor a database.
 */
#ifndef DELTAM_TRIAL_H
#define DELTAM_TRIAL_H

#include "orchestrator/run/report_line.h"

struct trial {
	/* Set by the caller, with everything else 0. */
	struct arena *arena; /* of the texts */
	struct report_form form;
	const char *report; /* path */
	int done; /* epochs that the state has */
	int until;

	int64_t offset; /* bytes that are read */
	int line;
	int epoch; /* the last one that it reported; 0: none */
	struct report_line first; /* the first epoch's figures */
	const char *diverged; /* why, in `epoch`; NULL: all is finite */
	const char *error; /* of its last line `error`; NULL without */
	const char *fault; /* in words; NULL: none. Nothing is read behind it */
};

/* Reads on, whole lines alone. ERR_SYS: the file cannot be read. */
MUST_CHECK int trial_read(struct trial *t, struct err *e);

/* The trainer has left with status 0: whether its lines are all there, or a fault. */
void trial_end(struct trial *t);

/* How two attempts at one epoch differ: "val seg/loss is 1.2, then 1.3"; NULL: not at all. */
const char *trial_difference(
	const struct report_line *x, const struct report_line *y, struct arena *a);

#endif
