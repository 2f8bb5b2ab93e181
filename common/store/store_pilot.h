/*
 * The pilots of a database, and the attempts that a dead orchestrator has left at them.
 * Every function is one statement inside the caller's transaction.
 */
#ifndef DELTAM_STORE_PILOT_H
#define DELTAM_STORE_PILOT_H

#include "common/store/store_job.h"

#define PILOT_NAME_MAX 32

/* Makes the row of a pilot that is about to be started. */
MUST_CHECK int store_pilot_put(struct store *s, int64_t sweep, const char *name,
	const char *launcher, int64_t *id, struct err *e);
/* What the launcher calls it. */
MUST_CHECK int store_pilot_job(
	struct store *s, int64_t pilot, const char *job, struct err *e);
struct pilot_hello_row {
	const char *host, *gpus, *kernel_class;
	int slots;
};
/* It has begun; when it says so again (to a successor) its first time stays. */
MUST_CHECK int store_pilot_hello(struct store *s, int64_t pilot,
	const struct pilot_hello_row *row, struct err *e);
MUST_CHECK int store_pilot_end(
	struct store *s, int64_t pilot, const char *why, struct err *e);

/* Those that have not ended, oldest first, into the arena. */
struct pilot_open_row {
	int64_t id;
	char name[PILOT_NAME_MAX];
	const char *launcher, *launcher_job;
};
MUST_CHECK int store_pilot_open(struct store *s, struct arena *a,
	struct pilot_open_row **out, int *n, struct err *e);

/* An attempt that was open at a pilot when its orchestrator died. */
struct adopt_row {
	struct attempt_row attempt;
	int64_t read_bytes; /* of its report, committed */
	char device[64]; /* of its `hello`; "": none is committed */
};
/* Read it before store_orphans closes them. */
MUST_CHECK int store_adopt_list(struct store *s, struct arena *a,
	struct adopt_row **out, int *n, struct err *e);
/*
 * Opens the attempt again where the sweep still wants its segment: the job's membership
 * waits, and for no less than the attempt was for. *taken tells whether it does.
 */
MUST_CHECK int store_adopt(struct store *s, int64_t sweep, const struct adopt_row *row,
	bool *taken, struct err *e);

#endif
