/*
 * What a pilot has said so far, for somebody who is not its deltam and looks: where no deltam
 * runs, rows say what was true when the last one went, and its pilots work on.
 */
#ifndef DELTAM_OVERHEAR_H
#define DELTAM_OVERHEAR_H

#include <stdbool.h>
#include "common/arena.h"

/* A task that was given to the pilot. */
struct overheard_task {
	const char *token; /* set by the caller */
	enum { OVERHEARD_AHEAD, OVERHEARD_WORKS, OVERHEARD_ENDED } state;
};

struct overheard {
	bool begun; /* it has said hello */
	const char *host; /* from its hello; "" without */
	int slots;
	const char *
		left; /* why it has left, in the arena; NULL: it has not said that it did */
	double silent; /* seconds since it wrote; for people: two clocks may have a part in it */
};

/*
 * Reads the lines of the pilot `name` below root (NAME.db.d) to their end, or as far as they can be
 * read, and sets the states of n tasks. now: UTC, seconds.
 */
void overhear(const char *root, const char *name, double now,
	struct overheard_task *task, int n, struct overheard *out, struct arena *a);

#endif
