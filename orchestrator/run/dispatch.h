/*
 * Which job goes next, and what the end of a worker (verdict.h) does to its job. Sits
 * between the scheduler (processes) and the stages (rows). A finish and the claim of what
 * goes into the free slot are one transaction.
 *
 * Baselines go first, then the lane whose next segment will take longest, by the seconds
 * an epoch took it in this run; winners (winner.h) go last, since no stage waits for them.
 * The queues only repeat what the database says: a job is looked at again when it is
 * claimed.
 */
#ifndef DELTAM_DISPATCH_H
#define DELTAM_DISPATCH_H

#include "orchestrator/run/progress.h"
#include "orchestrator/run/sched.h"
#include "orchestrator/run/stage.h"

#define KILLS_MAX 20 /* deaths by a foreign signal without progress */

struct queue;
struct running;

struct dispatch {
	struct stage_ctx *stage;
	struct store *s;
	const struct spec *spec;
	struct progress *progress;
	const char *logs; /* folder of the workers' stderr */
	struct arena arena;
	struct queue *queues; /* one a lane */
	struct queue *winners; /* for when nothing else waits */
	struct running *running; /* one a slot */
	int workers;
	int64_t since; /* the last attempt before this run */
	int failed; /* jobs that failed for good in this run */
	char failure[256]; /* the first of them, for people */
	struct sched_ops ops; /* for sched_run, with this struct as its arg */
};

/* Also takes the stage's callbacks: call it before stage_start. */
void dispatch_init(struct dispatch *d, struct stage_ctx *stage,
	struct progress *progress, const char *logs, int workers);
void dispatch_release(struct dispatch *d);

/* Whether anything waits in a queue. */
bool dispatch_has_work(const struct dispatch *d);

#endif
