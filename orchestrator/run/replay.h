/*
 * What other rules of pruning would have done to a sweep that was trained unpruned: its
 * tune stages through prune_replay, each search seed a repetition of its own. Reads rows,
 * writes nothing.
 */
#ifndef DELTAM_REPLAY_H
#define DELTAM_REPLAY_H

#include "orchestrator/plan/prune.h"
#include "orchestrator/report/reader.h"

/* The tune stage of one entry in one variant. */
struct race {
	const struct variant *v;
	const char *label;
	int n, seeds; /* configurations, search seeds */
	int *lr; /* (n) which learning rate */
	double *delta_m; /* (seeds, n, epochs) validation; INFINITY behind the end */
	double *figure; /* (seeds, n) what it is chosen by; INFINITY: last */
	int *ended; /* (seeds, n) epochs that there are */
};

struct races {
	struct race *item;
	int n, seeds;
	int64_t fixed; /* epochs of everything else: baselines, later stages, final seeds */
};

/*
 * The races of the reader's sweep, which spec was parsed from. ERR_USAGE: not finished,
 * pruned, or a sweep that searches nothing.
 */
MUST_CHECK int races_load(
	struct reader *r, const struct spec *spec, struct races *out, struct err *e);

/* One race of one seed under one rule. */
struct replayed {
	int64_t all, trained; /* epochs */
	double regret; /* figure of what is chosen less that of the best, on this seed */
	double worth; /* the same two configurations on the other seeds; NAN: no others */
};
struct replayed race_replay(const struct race *x, const struct prune_plan *p, int seed);

/*
 * The seed noise that is left within a seed: standard deviation of the figures after the
 * means of seeds and of configurations, over the configurations that reach, on average,
 * `within` points of the best. NAN with one seed or one such configuration.
 */
double race_noise(const struct race *x, double within);

/* deltam audit --rules FILE. */
MUST_CHECK int audit_rules(struct reader *r, const struct options *o, struct err *e);

#endif
