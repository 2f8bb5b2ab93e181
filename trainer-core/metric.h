/*
 * Criteria: pooled over the split, in doubles and whole numbers, never a mean of batches.
 * One file each, one row in metric.def.
 */
#ifndef DELTAM_METRIC_H
#define DELTAM_METRIC_H

#include "common/catalogue.h"
#include "trainer-core/loss.h"

struct metric {
	/*
	 * Adds a batch to the meter, two doubles that start at 0.
	 *	prediction (N, C, S)   target as for the loss of such a task
	 */
	void (*add)(double meter[2], const struct loss_shape *s,
		const float *prediction, const float *target);
	double (*value)(const double meter[2]);
};

/* meter[0] / meter[1]; 0 where nothing was added. */
double metric_ratio(const double meter[2]);

#define M(id, kind, direction, title, scale, summary) \
	extern const struct metric metric_##id;
#include "trainer-core/metric.def"
#undef M

#endif
