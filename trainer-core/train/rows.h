/*
 * What an epoch tells: its rows, and the passes that its steps took.
 */
#ifndef DELTAM_TRAIN_ROWS_H
#define DELTAM_TRAIN_ROWS_H

#include <stdint.h>
#include "common/err.h"
#include "common/metric_row.h"

struct epoch_rows {
	int epoch; /* from 1 */
	const struct metric_row *metric;
	int metrics;
	const struct weight_row *weight;
	int weights;
};

/* Passes of training steps; those of evaluation and diagnosis are left out. */
struct train_passes {
	int64_t steps, forward; /* through the whole network */
	int64_t head, trunk; /* backward, through one head and through the trunk */
};

/* Rows as they come. Whoever builds the job has made room for all of an epoch. */
struct row_sheet {
	struct epoch_rows rows;
	struct metric_row *metric;
	struct weight_row *weight;
};

void rows_begin(struct row_sheet *s, int epoch);
/* Puts a row. ERR_DIVERGED: value is not finite. The texts must outlive the sheet. */
MUST_CHECK int rows_put(struct row_sheet *s, const char *split, const char *task,
	const char *name, double value, struct err *e);

#endif
