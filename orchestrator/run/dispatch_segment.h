/*
 * What the files of dispatch share: a segment from its claim (dispatch_claim.c) to its end
 * (dispatch_end.c), and what the ended ones of a lane came to.
 */
#ifndef DELTAM_DISPATCH_SEGMENT_H
#define DELTAM_DISPATCH_SEGMENT_H

#include "orchestrator/reuse/aside.h"
#include "orchestrator/run/dispatch.h"

/* What the ended segments of a lane came to in this run. */
struct account {
	double seconds, epochs; /* of training */
	bool directions; /* of its criteria have been looked at */
};

/* A segment from its claim to its end. */
struct dispatch_segment {
	struct dispatch_segment *next; /* in the list of all */
	bool used;
	bool adopted; /* and not handed out yet */
	int lane;
	int pid; /* 0: written down already */
	int epochs; /* that another trainer has reported */
	struct retry_mark began;
	struct attempt_row attempt;
	char log[1200];
	struct places_taken place;
	bool reports; /* in lines; winners are always evaluated on the database */
	struct segment_command command; /* where it reports */
	bool is_aside; /* a winner whose worker cannot have the database */
	struct aside aside; /* of such a one: its copy */
};

/*
 * In the transaction of a turn. What should start now becomes a segment and *task; *claimed
 * is NULL where nothing may.
 */
MUST_CHECK int dispatch_claim(struct dispatch *d, struct sched_task *task,
	struct dispatch_segment **claimed, struct err *e);
/* The next segment of dispatch_adopt; enum sched_turn, as sched_ops.adopt. */
MUST_CHECK int dispatch_hand_out(
	struct dispatch *d, struct sched_task *task, struct err *e);
/*
 * In the transaction of a turn. What the end does to its attempt and its job or winner, and
 * what the stages learn; *v is how it is judged.
 */
MUST_CHECK int dispatch_end(struct dispatch *d, const struct sched_end *end,
	struct verdict *v, struct err *e);

/* A lane for people, with the phase unless it is NULL. */
void dispatch_stage_name(
	const struct dispatch *d, int lane, const char *phase, char *buf, size_t size);

#endif
