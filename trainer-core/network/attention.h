/*
 * MTAN's attention: a mask in (0, 1) of the task's own, to be multiplied with features.
 * Source: Liu et al. 2019.
 */
#ifndef DELTAM_ATTENTION_H
#define DELTAM_ATTENTION_H

#include "trainer-core/network/trunk.h"

/*
 * conv 1x1 to `middle`, batch norm, ReLU, conv 1x1 to `units`, batch norm, sigmoid, as
 * nodes NAME.*1, NAME.*2. Returns the mask.
 */
int attention_add(
	const struct site *s, const char *name, int in, int middle, int units);

#endif
