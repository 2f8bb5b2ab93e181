/*
 * What other rules of pruning would have done to a sweep that was trained unpruned: its
 * tune stages once more, decided by the same function, each search seed a repetition of
 * its own. Reads rows, writes nothing.
 */
#ifndef DELTAM_REPLAY_H
#define DELTAM_REPLAY_H

#include "orchestrator/plan/prune.h"
#include "orchestrator/report/reader.h"

/* The tune stage of one entry in one variant. */
struct replay_race {
	const struct spec_variant *v;
	const char *label;
	int n, seeds; /* configurations, search seeds */
	int *lr; /* (n) which learning rate */
	double *delta_m; /* (seeds, n, epochs) validation; INFINITY behind the end */
	double *figure; /* (seeds, n) what it is chosen by; INFINITY: last */
	int *ended; /* (seeds, n) epochs that there are */
};

struct replay_races {
	struct replay_race *item;
	int n, seeds;
	int64_t fixed; /* epochs of everything else: baselines, later stages, final seeds */
};

/*
 * The races of the reader's sweep, which spec was parsed from. ERR_USAGE: not finished,
 * pruned, or a sweep that searches nothing.
 */
MUST_CHECK int replay_load(struct report_reader *r, const struct spec *spec,
	struct replay_races *out, struct err *e);

/*
 * One seed of a race under a rule: `decide` at every pause and at the end, each time on
 * what the scheduler would have loaded there. Pure.
 *	trained (n)     out  epochs that the rule lets it train
 *	stopped (n)     out  out of the choice
 * Returns who is chosen, -1 where nobody reached a figure.
 */
int replay_seed(const struct replay_race *x, const struct prune_plan *p, int seed,
	int *trained, bool *stopped);

/* What that comes to. */
struct replay_result {
	int64_t all, trained; /* epochs */
	double regret; /* figure of what is chosen less that of the best, on this seed */
	double worth; /* the same two configurations on the other seeds; NAN: no others */
};
struct replay_result replay_rule(
	const struct replay_race *x, const struct prune_plan *p, int seed);

/*
 * The seed noise that is left within a seed: standard deviation of the figures after the
 * means of seeds and of configurations, over the configurations that reach, on average,
 * `within` points of the best. NAN with one seed or one such configuration.
 */
double replay_noise(const struct replay_race *x, double within);

/* deltam audit --rules FILE. */
MUST_CHECK int audit_rules(
	struct report_reader *r, const struct cli_options *o, struct err *e);

#endif
