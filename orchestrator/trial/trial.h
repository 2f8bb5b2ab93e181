/*
 * One attempt of `deltam try`: what a trainer reports, held against the contract of
 * docs/TRAINERS.md. Knows neither processes nor a database.
 */
#ifndef DELTAM_TRIAL_H
#define DELTAM_TRIAL_H

#include "orchestrator/segment/report_line.h"

#define TRIAL_KEPT 3 /* epochs of an attempt whose figures are kept */

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
	struct report_line kept[TRIAL_KEPT]; /* figures of its first epochs, in order */
	int nkept;
	const char *diverged; /* why, in `epoch`; NULL: all is finite */
	const char *error; /* of its last line `error`; NULL without */
	const char *fault; /* in words; NULL: none. Nothing is read behind it */
};

/* Reads on, whole lines alone. ERR_SYS: the file cannot be read. */
MUST_CHECK int trial_read(struct trial *t, struct err *e);

/* The trainer has left with status 0: whether its lines are all there, or a fault. */
void trial_end(struct trial *t);

/*
 * How what two attempts said of that epoch differs: "val seg/loss is 1.2, then 1.3"; NULL:
 * not at all, or one of them has not kept it.
 */
const char *trial_difference(
	const struct trial *x, const struct trial *y, int epoch, struct arena *a);

#endif
