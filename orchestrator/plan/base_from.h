/*
 * `"baseline": {"from": FILE}`: figures of a baseline that another database holds.
 */
#ifndef DELTAM_BASE_FROM_H
#define DELTAM_BASE_FROM_H

#include "orchestrator/plan/resolve.h"

/*
 * Takes the values of a baseline of the same data (foreign_base.h) for every variant of
 * out, as if the sweep file had given them. ERR_DB: no database, or one that has none.
 */
MUST_CHECK int base_from_read(struct resolved *out, struct arena *a, struct err *e);

#endif
