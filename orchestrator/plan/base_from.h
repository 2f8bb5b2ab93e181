/*
 * `"baseline": {"from": FILE}`: figures of a baseline that another database holds.
 */
#ifndef DELTAM_BASE_FROM_H
#define DELTAM_BASE_FROM_H

#include "orchestrator/plan/resolve.h"

/*
 * Takes the values of the variant of the same label (or the only one) for every variant
 * of out, as if the sweep file had given them. ERR_DB: no database, or one that has none
 * of a criterion.
 */
MUST_CHECK int base_from_read(struct resolved *out, struct err *e);

#endif
