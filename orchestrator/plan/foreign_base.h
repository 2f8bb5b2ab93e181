/*
 * Which baseline of another database may stand beside figures of a variant: one of the
 * same data, for Δm between unlike data means nothing.
 */
#ifndef DELTAM_FOREIGN_BASE_H
#define DELTAM_FOREIGN_BASE_H

#include "common/store/store.h"
#include "orchestrator/spec/spec.h"

struct foreign_base {
	struct store *s;
	int64_t sweep;
	const char *variant;
};

/*
 * Finds the baseline whose runs had the data of ps (dataset.*; by the digest, or where
 * nothing has been composed by name and sizes): of the variant's own label where there is
 * one, of the latest sweep among several. ERR_DB: no baseline, or only of other data; the
 * message names both. Texts live in the arena.
 */
MUST_CHECK int foreign_base_find(struct foreign_base *f, struct store *s,
	const char *label, const struct params *ps, struct arena *a, struct err *e);

/* Its value of a criterion. ERR_DB: there is none, or one that cannot be. */
MUST_CHECK int foreign_base_value(const struct foreign_base *f,
	const struct spec_criterion *c, const char *split, double *value,
	struct err *e);

#endif
