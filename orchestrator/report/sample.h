/*
 * What the rows of a table are means of: each entry's figures seed by seed, as the
 * statistics want them.
 */
#ifndef DELTAM_SAMPLE_H
#define DELTAM_SAMPLE_H

#include "common/store/store_query.h"
#include "orchestrator/stats/stats_interval.h"

/* The runs of an entry that ended well. */
struct sample {
	const char *variant;
	const char *label;
	bool stl;
	bool of_run; /* the table lists it under another name */
	int n;
	const int64_t
		*seed; /* (n) upwards; of the baseline: of the runs with every task */
	/* (n, criteria of the sample set): NAN where a run has none */
	double *value;
	double *delta_m; /* (n) */
	struct stats_seeds
		of; /* what delta_m is made of, the baseline's seeds among it */
};

struct sample_set {
	struct arena *arena;
	struct sample *item;
	int n, capacity;
	const struct query_figure *criterion; /* of all variants */
	int criteria;
};

/*
 * Every entry with a run, the baseline among them, on rows of test or of val. An entry's
 * Δm is taken from its criteria, as score has it; a run for which that cannot be is left out.
 */
MUST_CHECK int sample_read(struct sample_set *set, struct store *s,
	const struct query_sweep *w, bool test, struct err *e);

/* NULL: no run of it ended well. */
const struct sample *sample_find(
	const struct sample_set *set, const char *variant, const char *label);

/*
 * ERR_USAGE, naming the option and the nearest label, where no method has this one and a
 * run that ended well.
 */
MUST_CHECK int sample_check_label(const struct sample_set *set, const char *option,
	const char *label, struct err *e);

/* The column of a criterion of the variant in `value`; -1 stands for Δm. */
int sample_column(
	const struct sample_set *set, const char *variant, const char *criterion);

/*
 * Adds a column to the runs of one variant, as if it were a criterion called `name`: the mean
 * over the columns listed (n), NAN where a run lacks one of them.
 */
void sample_add_mean(struct sample_set *set, const char *variant, const char *name,
	const int *column, int n);

/*
 * x - y of the seeds that both have, into d (as many as x has); returns how many. column -1:
 * of Δm.
 */
int sample_differences(const struct sample_set *set, const struct sample *x,
	const struct sample *y, int column, double *d);

#endif
