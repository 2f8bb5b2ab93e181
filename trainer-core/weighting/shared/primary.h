/*
 * The auxiliary setting: one task counts, the others are there to help it.
 */
#ifndef DELTAM_PRIMARY_H
#define DELTAM_PRIMARY_H

#include "trainer-core/weighting/weighting.h"

/* The task that the parameter `primary` names; the first where it is absent. ERR_SPEC. */
MUST_CHECK int primary_parse(const struct weighting_setup *setup,
	const struct params *ps, int *task, struct err *e);

#endif
