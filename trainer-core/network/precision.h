/*
 * The kernels of a job: those of train.precision.
 */
#ifndef DELTAM_PRECISION_H
#define DELTAM_PRECISION_H

#include "common/params.h"
#include "trainer-core/kernel/kernel.h"

/* ps NULL: of the default precision. ERR_SPEC: no such precision. */
MUST_CHECK int precision_kernels(
	const struct params *ps, const struct kernels **k, struct err *e);

#endif
