/*
 * How a pilot is started, looked for and called off: by Slurm, by a command in front of ours
 * (ssh), or as a process here.
 *
 * What a launcher says of its jobs is a hint: a controller that crashed forgets jobs and hands
 * their ids out again, so pilots are looked for by the name of their job, and what counts is
 * what they say themselves.
 */
#ifndef DELTAM_LAUNCH_H
#define DELTAM_LAUNCH_H

#include "orchestrator/pilot/yard.h"

#define LAUNCH_JOB_MAX 64

/* As on the command line; NULL or 0: not given. */
struct launch_request {
	const char *launcher, *hosts, *sbatch, *setup;
	int pilots;
};

enum launch_kind { LAUNCH_LOCAL, LAUNCH_SLURM, LAUNCH_PREFIX };

struct launch {
	enum launch_kind kind;
	const char *name; /* of the launcher, as it was given */
	const char *const *words; /* PREFIX: the command's; SLURM: options of sbatch */
	const char *const *hosts; /* PREFIX; NULL behind the last */
	const char *setup; /* SLURM: path of a shell script, or NULL */
	int pilots;
	const char *program; /* deltam */
	const char *root; /* NAME.db.d, absolute: set by the caller */
	int stop_seconds; /* SLURM: that a segment needs to leave */
	/* What squeue said last. */
	struct arena arena;
	const char *queue; /* NULL: no answer */
	int looks; /* how often it answered */
	bool told; /* that it does not */
};

/* Reads the options. ERR_USAGE, ERR_SYS. */
MUST_CHECK int launch_parse(struct launch *l, const struct launch_request *q,
	struct arena *a, struct err *e);
void launch_release(struct launch *l);

/*
 * Starts a pilot in its folder. host: of PREFIX. job: what the launcher calls it. ERR_FAILED:
 * the launcher refuses, and says why.
 */
MUST_CHECK int launch_start(struct launch *l, const char *name, const char *host,
	char job[LAUNCH_JOB_MAX], struct err *e);

/* Asks the launcher which of ours it has; it may take seconds. */
void launch_look(struct launch *l);

enum launch_sight {
	LAUNCH_LISTED,
	LAUNCH_UNLISTED,
	LAUNCH_NO_ANSWER, /* this time */
	LAUNCH_BLIND, /* the launcher can never tell */
};
/* pid: of the pilot, where it runs on this machine; 0: unknown. */
enum launch_sight launch_sight(const struct launch *l, const char *name, int64_t pid);

/* Whether the pilot, which nobody wants any more, is called off. pid as above. */
void launch_cancel(struct launch *l, const char *name, int64_t pid);

#endif
