/*
 * The pilots of a run and the tasks that they have: who gets the next one, what follows
 * where one has ended, and where a pilot is no more. Belongs to remote.c, as do hear.c
 * (what pilots say), recruit.c (where they come from) and inherit.c (those of before).
 */
#ifndef DELTAM_FLEET_H
#define DELTAM_FLEET_H

#include "orchestrator/pilot/remote.h"

struct fleet {
	const struct remote_options *o;
	const struct sched_ops *ops;
	void *arg;
	struct arena arena;
	struct message setup; /* the first line for every pilot */
	struct craft *crafts; /* newest first */
	char kernel_class[64]; /* of the run; "": not known yet */
	int64_t ticks;
	struct craft *unheard; /* where hear_all goes on; NULL: with the first */
	int64_t launch_at; /* the tick from which on pilots may be asked for again */
	int64_t open,
		open_until; /* segments for which pilots may be asked, as counted; the tick
				     from which on they are counted anew */
	int64_t waiting; /* fleet_waiting, as it was counted last */
	bool counted; /* and nothing has changed since */
	struct craft *unwritten; /* where fleet_flush goes on; NULL: with the first */
	bool refused; /* and that was said */
	struct fleet_told *told; /* reasons of pilots that wait, as they were said */
	int told_of; /* the answer of squeue that was looked at for it */
	bool later; /* the last turn said that it was too early */
	bool stopping;
	int in_vain; /* rounds in a row; the next one is asked for the later */
	int round; /* grows with each that was in vain */
	struct err *e; /* the first error */
	int rc;
};

/* A pilot that is known by nothing yet; it lives as long as the fleet. */
struct craft *fleet_add(struct fleet *f);

/* Nothing new begins, and all are told to leave. */
void fleet_stop(struct fleet *f);
void fleet_tell_to_leave(struct craft *c);

/* Keeps the first error and stops; an rc of OK changes nothing. */
void fleet_check(struct fleet *f, int rc, const struct err *e);

/* The pilot has the task. new: it learns of it by a line. */
void fleet_give(
	struct fleet *f, struct craft *c, const struct sched_task *task, bool new);

/*
 * One turn: end, NULL without, is learned from, and a task for the pilot with most room is
 * looked for. Whether one was found.
 */
bool fleet_turn(struct fleet *f, const struct sched_end *end);

/* Turns until no pilot has room or no task is found, or until fleet_deadline(). */
void fleet_fill(struct fleet *f);

/*
 * When a part of a tick that begins now leaves the rest of its work to the next tick: of a
 * thousand pilots it would be minutes in which no signal, lease or launcher is looked at.
 */
double fleet_deadline(void);

/* The report of a task has grown, where it has: it is read, and may be enough. */
void fleet_read_news(struct fleet *f, struct craft *c, struct craft_task *t);

/* A task of the pilot has ended, in a turn. Its report is read to the end before. */
void fleet_end_task(
	struct fleet *f, struct craft *c, struct craft_task *t, struct sched_end *end);

/* A pilot ended without a segment. */
void fleet_note_in_vain(struct fleet *f, const struct craft *c);

/* The pilot is no more; what it had is lost with it. */
void fleet_bury(struct fleet *f, struct craft *c, const char *why);

/* Writes into the row of a pilot that it has ended. */
void fleet_write_end(struct fleet *f, const struct craft *c, const char *why);

/*
 * Segments that wait for a slot. Counting reads the memberships of the sweep, so it is done where
 * a turn has changed them, and not at every tick that a pilot is waited for.
 */
int64_t fleet_waiting(struct fleet *f);

/*
 * Writes what is to be said, and to whom it is time that we live: to all of them, or to as many
 * as are reached until fleet_deadline(); the next call goes on with the others.
 */
void fleet_flush(struct fleet *f);

#endif
