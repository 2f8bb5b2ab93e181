/*
 * A pilot at work: lines of deltam become errands, errands run in the scheduler, and what
 * becomes of them is said in lines. How it begins and ends is pilot.c's.
 *
 * Everything is counted in ticks of its own. It hears of deltam every thirty ticks; where it
 * has heard nothing for LONELY_TICKS it ends its segments and leaves, since nobody may be
 * left who would. A successor of deltam writes the next in.N and names the segments that it
 * goes on with; the others end.
 */
#ifndef DELTAM_FLIGHT_H
#define DELTAM_FLIGHT_H

#include "orchestrator/pilot/message.h"
#include "orchestrator/pilot/yard.h"
#include "orchestrator/sched/places.h"

struct errand;

struct flight {
	struct arena arena;
	char root[MAIL_PATH_MAX]; /* NAME.db.d */
	const char *name;
	int serial; /* of the in.N that is read */
	bool named; /* its `alive` has come: what it has not named is not wanted */
	struct mail_in in;
	struct mail_out out;
	char worker[1024];
	struct message setup;
	struct places places;
	struct errand *errands, **last;
	const char *leaving; /* why, once it is */
	char text[512]; /* more of that */
	int ticks, lonely, deaf;
	bool dead; /* `out` could not be written for too long */
};

/* Adds a line, or writes all that were added: on the disk, or said again by the next call. */
void flight_say(struct flight *f, const struct message *m);
void flight_flush(struct flight *f);

/* A successor of deltam has begun a file of its own; the old one counts no more. */
void flight_look_for_successor(struct flight *f);

/* What the scheduler asks; its argument is the flight. */
extern const struct sched_ops flight_ops;

/* Says of each errand that waits that it has not begun. */
void flight_end_waiting(struct flight *f);
void flight_release(struct flight *f);

#endif
