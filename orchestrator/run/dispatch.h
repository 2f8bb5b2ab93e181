/*
 * One turn of a run: what the end of a worker (verdict.h) does to its job, what the
 * stages learn from it, and which job goes next, in one function and one transaction.
 * Sits between the scheduler (processes) and the stages (rows). What goes next is found in
 * dispatch_claim.c, what an end does in dispatch_end.c.
 *
 * Baselines go first, then the lane whose next segment will take longest, by the seconds
 * an epoch took it in this run; winners (winner.h) go last, since no stage waits for them.
 * What is pending is read from the rows in every turn. A job whose attempt brought nothing
 * waits (retry.h); where none ever brought anything the run stops.
 */
#ifndef DELTAM_DISPATCH_H
#define DELTAM_DISPATCH_H

#include "common/store/store_pilot.h"
#include "orchestrator/print/progress.h"
#include "orchestrator/run/retry.h"
#include "orchestrator/sched/places.h"
#include "orchestrator/sched/sched.h"
#include "orchestrator/segment/segment_command.h"
#include "orchestrator/stage/stage.h"

#define KILLS_MAX 20 /* deaths by a foreign signal without progress */

struct account;
struct dispatch_segment;

struct dispatch {
	struct stage_ctx *stage;
	struct store *s;
	const struct spec *spec;
	struct progress *progress;
	struct plan_counts counts;
	double next_look; /* the second from which on the outlook is counted again */
	const char *logs; /* folder of the workers' stderr */
	const char *worker; /* path of deltam-worker, for winners (aside.h) */
	const struct segment_setup *command; /* NULL: workers write rows themselves */
	struct places *places; /* NULL: every segment takes a slot, whatever it wants */
	struct arena arena;
	struct account *accounts; /* one a lane */
	struct retry retry;
	struct dispatch_segment
		*segments; /* a list: claimed, and those that serve again */
	int64_t where; /* the pilot that is claimed for; 0: here */
	bool train_only; /* winners wait: they are evaluated on the database */
	int64_t since; /* the last attempt before this run */
	int failed; /* jobs that failed for good in this run */
	char failure[768]; /* the first of them, for people */
	struct sched_ops ops; /* for sched_run, with this struct as its arg */
};

/* Sets *d up. The stage must outlive it; nothing is read before the first turn. */
void dispatch_init(struct dispatch *d, struct stage_ctx *stage,
	struct progress *progress, const char *logs);
/*
 * Warns of directions that the baselines' curves contradict, where this run has not done so
 * when they were decided.
 */
void dispatch_directions(struct dispatch *d);
/*
 * A segment that a predecessor began elsewhere, and that goes on: its attempt is open again
 * (store_adopt). What its folder lacks is made. Call it outside of a transaction and before
 * the first turn; ops.adopt then hands the task out.
 */
MUST_CHECK int dispatch_adopt(
	struct dispatch *d, const struct adopt_row *row, struct err *e);
void dispatch_release(struct dispatch *d);

#endif
