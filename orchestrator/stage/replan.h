/*
 * What a run replaces of the plan that its database has, and what of the new plan is
 * trained already: for people, before anything is trained.
 */
#ifndef DELTAM_REPLAN_H
#define DELTAM_REPLAN_H

#include "common/store/rows.h"
#include "orchestrator/plan/outlook.h"

struct spec;

/* The plan before; the texts live in the arena. */
struct replan {
	const char
		*text; /* the sweep file that it was made from; NULL: there was none */
	const char **entry; /* "variant: label" of every row of the table */
	int64_t *jobs; /* rising */
	int entries, entry_capacity, njobs;
};

/* Before the sweep of that name is planned anew, in the same transaction. */
MUST_CHECK int replan_read(struct replan *r, struct store *s, const char *name,
	struct arena *a, struct err *e);

/*
 * After: *out is what differs between the files, which entries leave the table, whether
 * jobs were trained in vain, how many of the planned ones are trained, and how long the
 * others take. "" where there is nothing to say.
 */
MUST_CHECK int replan_tell(const struct replan *r, struct store *s,
	const struct spec *spec, int64_t sweep, const struct outlook *x,
	struct str *out, struct err *e);

/*
 * Of these the jobs that were trained and are not planned any more, with the reason; ""
 * where there are none.
 */
MUST_CHECK int replan_lost(const struct replan *r, struct store *s,
	const struct spec *spec, int64_t sweep, struct str *out, struct err *e);

#endif
