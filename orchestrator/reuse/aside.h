/*
 * A winner's worker wants a database, and on a network file system nobody opens the sweep's
 * own beside deltam (store.h). So it gets a copy on a local disk, whose .d leads to that of
 * the sweep's, and when it has ended its figures are brought home. What a kill loses of them
 * is made again.
 */
#ifndef DELTAM_ASIDE_H
#define DELTAM_ASIDE_H

#include "common/store/store_job.h"
#include "orchestrator/sched/sched.h"

struct aside {
	char folder[256]; /* "": none */
	char db[512]; /* the copy in it */
	char job[24];
	const char *argv[10];
};

/* A folder in $TMPDIR, else /tmp, for the worker of that path and the database db. ERR_SYS. */
MUST_CHECK int aside_make(
	struct aside *x, const char *worker, const char *db, struct err *e);
/* What the worker is called with; *x and *attempt must stay where they are. */
void aside_task(
	struct aside *x, const struct attempt_row *attempt, struct sched_task *task);
/* Writes the copy. Call it when the claim is committed, so that it has the attempt. */
MUST_CHECK int aside_begin(const struct aside *x, struct store *s, struct err *e);
/* In a transaction: the figures that the worker has written become rows of *s. */
MUST_CHECK int aside_take(const struct aside *x, struct store *s,
	const struct attempt_row *attempt, struct err *e);
/* Removes all of it; harmless where there is nothing. */
void aside_end(struct aside *x);

#endif
