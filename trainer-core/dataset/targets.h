/*
 * Whether composed targets are enough to learn from and to measure with.
 */
#ifndef DELTAM_TARGETS_H
#define DELTAM_TARGETS_H

#include "trainer-core/dataset/compose.h"

/*
 * Checks that every task has at least one label or valid pixel in each split, for a
 * mean over nothing is no figure. The fields of c->d point at filled arrays. ERR_DATA
 * names file (where targets come from one), task and split.
 */
MUST_CHECK int targets_check(const struct composition *c, struct err *e);

#endif
