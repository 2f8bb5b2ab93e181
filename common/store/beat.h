/*
 * A lock that does not want the kernel's help: a file with the name of its holder, and a
 * number in it that the holder counts up once a tick (clock_tick_ms) for as long as its
 * process lives. Kernels of two machines may not know each other's locks, and a file
 * server may keep those of a machine that is gone; whoever reads the file again and again
 * sees whether its holder lives. Clocks of two machines are never compared.
 *
 * A lock whose number stands still may be taken by another one. So its holder asks
 * (beat_check) before whatever must not be done by two.
 */
#ifndef DELTAM_BEAT_H
#define DELTAM_BEAT_H

#include <stdbool.h>
#include "common/err.h"

#define BEAT_TICKS 30 /* that a number stands still before its holder counts as dead */
#define BEAT_TEXT_MAX 256

/* What a lock file says. */
struct beat_seen {
	bool there;
	bool counts; /* it has a number; else the kernel's lock on it is the one that counts */
	char text[BEAT_TEXT_MAX]; /* all of it */
	char holder[BEAT_TEXT_MAX]; /* "process 4711 on node7" */
};

/* ERR_DB: it is there and cannot be read. */
MUST_CHECK int beat_look(const char *path, struct beat_seen *seen, struct err *e);

enum beat_state {
	BEAT_GONE, /* nobody holds it */
	BEAT_LIVES, /* somebody counts */
	BEAT_STILL, /* nobody has counted for BEAT_TICKS */
};

/* Looks until it is known; *seen is what was there last. Returns enum beat_state or ERR_DB. */
MUST_CHECK int beat_watch(const char *path, struct beat_seen *seen, struct err *e);

struct beat;

/*
 * Takes a lock that nobody has (beat_make), or one that stood still as *seen has it
 * (beat_seize). *b counts from then on. Returns 1 where somebody has it, or was faster.
 * ERR_DB: the file cannot be written.
 */
MUST_CHECK int beat_make(struct beat **b, const char *path, struct err *e);
MUST_CHECK int beat_seize(
	struct beat **b, const char *path, const struct beat_seen *seen, struct err *e);

/* ERR_LOCKED: the lock is another's by now, or its file was removed; `db` is for people. */
MUST_CHECK int beat_check(const struct beat *b, const char *db, struct err *e);

/* Ends it, removes the file where it is still ours, and frees *b. NULL is fine. */
void beat_drop(struct beat *b);

#endif
