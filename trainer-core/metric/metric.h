/*
 * Criteria: pooled over the split, in doubles and whole numbers, never a mean of batches
 * (who wants that of one batch size measures each batch by itself). A file a kind of
 * task, a row in metric.def each.
 */
#ifndef DELTAM_METRIC_H
#define DELTAM_METRIC_H

#include <stddef.h>
#include "catalogue/catalogue.h"
#include "trainer-core/loss.h"

struct metric {
	/* Doubles of the meter, all 0 at first; C channels, S pixels; NULL: METER_RATIO. */
	size_t (*doubles)(int C, int S);
	/* Whoever looks at neighbours is told how wide a map is, once the meter is 0. */
	void (*start)(double *meter, int W);
	/*
	 * Adds a batch to the meter. Metrics with the same function read the same meter.
	 *	prediction (N, C, S)   target as for the loss of such a task
	 */
	void (*add)(double *meter, const struct loss_shape *s, const float *prediction,
		const float *target);
	/* NAN where nothing was added: a mean over nothing is no figure. */
	double (*value)(const double *meter, int C);
};

#define METER_RATIO 2

size_t metric_doubles(const struct metric *m, int C, int S);

/* meter[0] / meter[1]; NAN where nothing was added. */
double metric_ratio(const double *meter, int C);

#define M(id, ...) extern const struct metric metric_##id;
#include "catalogue/metric.def"
#undef M

#endif
