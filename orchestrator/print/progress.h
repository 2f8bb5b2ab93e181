/*
 * What a run says about itself on stderr: a line for each stage that is decided, and how
 * far it is (plan/outlook.h): a bar on a terminal whose cursor moves, a line a minute
 * anywhere else. Never touches stdout, and nothing that it shows enters a row.
 *
 * The cursor stays at the beginning of the bar. Where a window is made narrower, a terminal
 * breaks the bar into several lines and keeps the cursor where it was in the text, so that
 * whatever comes next clears all of them.
 */
#ifndef DELTAM_PROGRESS_H
#define DELTAM_PROGRESS_H

#include "orchestrator/plan/outlook.h"

struct progress {
	const char *name; /* of the sweep */
	bool bar; /* stderr is a terminal whose cursor moves */
	bool quiet;
	bool ascii;
	bool drawn; /* the bar is there */
	int ticks; /* seconds since the work began */
	struct outlook outlook; /* as it was counted last */
	char stage[96]; /* what started last */
};

void progress_init(struct progress *p, const char *name, bool quiet);

/* Says that the work begins now. Warnings clear the bar from now on. */
void progress_start(struct progress *p);

/*
 * A second has passed. Returns whether something is to be shown now: then the caller counts
 * the outlook, and calls progress_show.
 */
bool progress_tick(struct progress *p);
void progress_show(struct progress *p);

/* What it says on a line of so many columns, in the arena; columns 0: as long as it gets. */
const char *progress_text(const struct progress *p, int columns, struct arena *a);

/* Prints a line that stays; the bar makes room for it. */
void progress_line(struct progress *p, const char *stage, const char *outcome);

/* Takes the bar away. */
void progress_end(struct progress *p);

#endif
