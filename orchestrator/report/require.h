/*
 * `select.require` of a sweep file that was run: below (or above) which figures a run is invalid.
 */
#ifndef DELTAM_REQUIRE_H
#define DELTAM_REQUIRE_H

#include <stdbool.h>
#include "common/arena.h"

struct require_limit {
	const char *criterion; /* task/name */
	double min, max; /* infinite without */
};

struct require {
	const struct require_limit *limit;
	int n;
};

/* From the text in the database, which was valid when it was run; in the arena. */
struct require require_read(const char *text, struct arena *a);

/* Whether a validation figure is inside; a NAN (none to look at) is. */
bool require_holds(const struct require *r, const char *criterion, double value);

#endif
