/*
 * How a pilot is started, looked for and called off: by Slurm, by a command in front of ours
 * (ssh), or as a process here.
 *
 * What a launcher says of its jobs is a hint: a controller that crashed forgets jobs and hands
 * their ids out again, so pilots are looked for by the name of their job, and what counts is
 * what they say themselves.
 *
 * Slurm's programs may take their time, or hang, while segments end. So nobody waits for them:
 * they are asked one after the other, and their answers are taken when they have come.
 */
#ifndef DELTAM_LAUNCH_H
#define DELTAM_LAUNCH_H

#include "common/store/store_pilot.h"
#include "orchestrator/pilot/ask.h"
#include "orchestrator/pilot/queue.h"
#include "orchestrator/pilot/yard.h"

#define LAUNCH_JOB_MAX 64
#define LAUNCH_PILOTS_MAX 1000

/* As on the command line; NULL or 0: not given. */
struct launch_request {
	const char *launcher, *hosts, *sbatch, *setup;
	int pilots;
};

enum launch_kind { LAUNCH_LOCAL, LAUNCH_SLURM, LAUNCH_PREFIX };

/* What became of asking for a pilot. */
struct launch_answer {
	char name[PILOT_NAME_MAX]; /* of the pilot; "": nothing was asked */
	char job[LAUNCH_JOB_MAX]; /* what the launcher calls it */
	pid_t child; /* of LOCAL and PREFIX: the process that is it, or starts it */
	int rc; /* else it refuses, and e says why */
	struct err e;
};

/* Of a job that is to be called off. */
struct launch_name {
	struct launch_name *next;
	char name[PILOT_NAME_MAX];
};

struct launch {
	enum launch_kind kind;
	const char *name; /* of the launcher, as it was given */
	const char *const *words; /* PREFIX: the command's; SLURM: options of sbatch */
	int nwords;
	const char *const *hosts; /* PREFIX; NULL behind the last */
	const char *setup; /* SLURM: path of a shell script, or NULL */
	int pilots;
	const char *program; /* deltam */
	const char *root; /* NAME.db.d, absolute: set by the caller */
	int stop_seconds; /* SLURM: that a segment needs to leave */
	struct asking start; /* sbatch, for the pilot of the answer */
	struct launch_answer answer;
	/* What squeue said last. */
	struct asking look;
	struct arena arena;
	const char *queue; /* NULL: no answer */
	double looked; /* clock_seconds() when it was asked */
	int asked,
		answered; /* questions so far; which of them is answered by `queue` */
	bool told; /* that there is no answer */
	/* Names that scancel is given, one after the other. */
	struct asking cancel;
	struct arena names;
	struct launch_name *cancel_first, **cancel_last;
};

/* Reads the options. ERR_USAGE, ERR_SYS. */
MUST_CHECK int launch_parse(struct launch *l, const struct launch_request *q,
	struct arena *a, struct err *e);
void launch_release(struct launch *l);

/*
 * Asks for a pilot in its folder, of which launch_answer tells; until that has been taken it is
 * busy, and asked for no other. host: of PREFIX.
 */
void launch_start(struct launch *l, const char *name, const char *host);
bool launch_is_busy(const struct launch *l);

/* Takes the answer; false: there is none yet. */
bool launch_answer(struct launch *l, struct launch_answer *out);

/* Asks the launcher which of ours it has, unless it is being asked. */
void launch_look(struct launch *l);

/* Takes what has come of looking and calling off, and goes on calling off. */
void launch_hear(struct launch *l);

enum launch_sight {
	LAUNCH_LISTED,
	LAUNCH_UNLISTED,
	LAUNCH_NO_ANSWER, /* this time */
	LAUNCH_BLIND, /* the launcher can never tell */
};
/* pid: of the pilot, where it runs on this machine; 0: unknown. */
enum launch_sight launch_sight(const struct launch *l, const char *name, int64_t pid);

/*
 * What Slurm said last of a pilot's job, with the time that it has left by now; false: nothing.
 */
bool launch_job(const struct launch *l, const char *name, struct queue_job *out);

/* Seconds before the end of its time at which Slurm is asked to tell a pilot. */
int launch_lead_seconds(const struct launch *l);

/* Warns of a time limit that leaves pilots hardly any time for work; needs stop_seconds. */
void launch_check_limit(const struct launch *l);

/* The pilot, which nobody wants any more, is called off, sooner or later. pid as above. */
void launch_cancel(struct launch *l, const char *name, int64_t pid);
bool launch_is_cancelling(const struct launch *l);

#endif
