/*
 * Whether composed targets are enough to learn from and to measure with.
 */
#ifndef DELTAM_TARGETS_H
#define DELTAM_TARGETS_H

#include "trainer-core/dataset/compose.h"

/*
 * Every task has at least one label or valid pixel in each split: a mean over nothing is
 * no figure. ERR_DATA with file (where targets come from one), task and split. The
 * fields of c->d point at filled arrays.
 */
MUST_CHECK int targets_check(const struct composition *c, struct err *e);

#endif
