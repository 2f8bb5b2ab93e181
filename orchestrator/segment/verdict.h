/*
 * What the end of a worker means for its attempt and its job. Nothing is read or written:
 * the verdict follows from how the process ended and whether its rows are there.
 */
#ifndef DELTAM_VERDICT_H
#define DELTAM_VERDICT_H

#include "orchestrator/sched/sched.h"
#include "orchestrator/segment/follow.h"

enum charge {
	CHARGE_NONE, /* free */
	CHARGE_RETRY, /* counts against limits.retries */
	CHARGE_KILL, /* free, but not for ever */
	CHARGE_FINAL, /* no retry helps */
};

struct verdict {
	const char *outcome; /* of the attempt */
	enum charge charge;
	bool diverged;
	bool died; /* by a signal, in silence or before it said hello */
	int stop; /* error that ends the run; OK: it goes on */
	char text[PROTO_LINE_MAX + 64];
};

/* complete: every epoch of the segment is committed. */
struct verdict verdict_of(const struct sched_end *end, bool complete);

/*
 * The same of another trainer, whose report has been read to its end: *v is what
 * verdict_of says of the process. last_line: of what it printed; "" without.
 */
void verdict_of_report(
	const struct follow *f, const char *last_line, struct verdict *v);

#endif
