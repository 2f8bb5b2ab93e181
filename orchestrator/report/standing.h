/* Where a sweep stands: what `status` prints once, and again and again under --watch. */
#ifndef DELTAM_STANDING_H
#define DELTAM_STANDING_H

#include "orchestrator/plan/outlook.h"
#include "orchestrator/report/reader.h"

struct standing {
	struct report_reader *reader;
	struct arena *arena;
	bool live; /* a deltam holds the database */
	struct query_progress *stage;
	int stages;
	struct query_attempt *attempt; /* those at work; none where nobody is at work */
	double *silent; /* seconds that each has said nothing; NAN: it makes no report */
	double *delta_m; /* of each: validation Δm of its latest epoch; NAN: none yet */
	int attempts;
	struct query_pilot *pilot; /* that have not ended */
	int pilots;
	int working, waiting; /* pilots, where no deltam runs */
	int ahead,
		unread; /* segments that wait at pilots; that ended while no deltam ran */
	struct outlook outlook;
	double now; /* UTC, seconds */
	int in_progress; /* jobs, when the last run ended without a word, and at no pilot now */
};

MUST_CHECK int standing_read(struct standing *x, struct report_reader *reader,
	double now, struct arena *a, struct err *e);

/* Adds the table of the attempts; nothing where there are none. */
void standing_attempts(const struct standing *x, struct report *r);

/* Adds the table of the pilots; nothing where there are none. */
void standing_pilots(const struct standing *x, struct report *r);

/* Adds why nobody is at work, where nobody is. */
void standing_note_stop(const struct standing *x, struct report *r);

/* What --watch shows: the bar of `run`, who is at work, the stages that are open. */
void standing_screen(const struct standing *x, int columns, int rows, FILE *out);

#endif
