/*
 * What a plan says of mixed precision: which variants train in it, and whether this
 * machine is made for it.
 */
#ifndef DELTAM_PLAN_PRECISION_H
#define DELTAM_PLAN_PRECISION_H

#include "orchestrator/spec/spec.h"

/*
 * A sentence or two for stderr, in the arena; NULL where every job is of the default
 * precision. A worker that cannot be asked leaves the second one out.
 */
const char *precision_note(const struct spec *s, struct arena *a);

#endif
