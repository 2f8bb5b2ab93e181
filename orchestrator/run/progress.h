/*
 * What a run says about itself on stderr: a live bar on a terminal, otherwise one line a
 * finished stage. Never touches stdout, and nothing that it shows enters a row.
 */
#ifndef DELTAM_PROGRESS_H
#define DELTAM_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *name; /* of the sweep */
	bool terminal;
	bool quiet;
	double started; /* seconds on a clock that only rises */
	bool drawn; /* the bar is there */
	int64_t segments_done, epochs_done; /* in this run */
	int64_t segments_open, epochs_open; /* waiting or running, as far as known */
	int running;
	char stage[96]; /* what started last */
};

void progress_init(struct progress *p, const char *name, bool quiet);

/* Says that the work begins now: the clock of the bar starts. */
void progress_start(struct progress *p);

/* Whether there is a bar. Where there is none, nobody needs to count what it shows. */
bool progress_shows(const struct progress *p);

/* What the bar says, elapsed seconds after the start; cut at size. */
void progress_text(const struct progress *p, double elapsed, char *line, int size);

/* Draws the bar. */
void progress_draw(struct progress *p);

/* Prints a line that stays; the bar makes room for it. */
void progress_line(struct progress *p, const char *stage, const char *outcome);

/* Takes the bar away. */
void progress_end(struct progress *p);

/* Writes seconds as a person reads them: "1:23", "2:03:04". */
void progress_duration(double seconds, char *buf, int size);

#endif
