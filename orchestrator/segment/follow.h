/*
 * Following a trainer's report: its whole lines become rows, in order, with the offset up
 * to which they were read, in one transaction.
 *
 * Rows of a job come from one chain of states. The first epoch of an attempt is at most one
 * behind the rows; what rows there are from it on are replaced (the trainer went back to an
 * older state), or compared where the trainer is deterministic. An attempt that begins
 * further on has a state whose epochs were reported and never read, because whoever read
 * them died: they are taken from the reports of earlier attempts.
 */
#ifndef DELTAM_FOLLOW_H
#define DELTAM_FOLLOW_H

#include "common/store/store_report.h"
#include "orchestrator/segment/report_line.h"

enum follow_state {
	FOLLOW_ON,
	FOLLOW_DIVERGED, /* in `epoch` */
	FOLLOW_FAULT, /* out of form: no retry helps */
	FOLLOW_HOLE, /* epochs that nobody reported: the job starts over */
};

#define FOLLOW_PATH_MAX 1400

struct follow {
	/* Set by the caller, with everything else 0. */
	struct store *s;
	int64_t job, attempt;
	const char *folder; /* of the job: it holds report.TOKEN */
	const char *token;
	struct report_form form;
	int start; /* epochs that had rows when the attempt began */
	int until;
	bool deterministic;
	bool had_state; /* its folder was not empty */
	int64_t since; /* the last attempt before this run */

	enum follow_state state; /* but for ON nothing more is read */
	char text[REPORT_TEXT_MAX + 64]; /* why it is not ON */
	char error[REPORT_TEXT_MAX + 1]; /* of its last line `error`; "" without */
	char device[STORE_DEVICE_MAX], software[STORE_DEVICE_MAX]; /* of `hello` */
	int64_t offset; /* bytes that are read */
	int line;
	int epoch; /* the last one that it reported; 0: none */
	int epochs; /* how many it reported */
	int again; /* how many of them had rows before */
	int dropped; /* figures that were not finite, and none that count */
	bool closed; /* its attempt has ended: read for a hole */
};

/*
 * A new follow goes on behind the bytes that another one has committed, under the device
 * that it found there ("": none). ERR_SYS: the report cannot be read.
 */
MUST_CHECK int follow_resume(
	struct follow *f, int64_t bytes, const char *device, struct err *e);

/*
 * Reads on, inside the caller's transaction. Errors are those of the database, ERR_SYS
 * where the file cannot be read, and ERR_DETERMINISM; what is wrong with the report itself
 * is f->state.
 */
MUST_CHECK int follow_read(struct follow *f, struct err *e);

/*
 * The trainer has left and says that all went well; its report is read. Where it had
 * nothing to do, its state was at the end already: earlier reports must have the epochs.
 */
MUST_CHECK int follow_end(struct follow *f, struct err *e);

#endif
