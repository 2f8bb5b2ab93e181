/*
 * Weighting methods: from the losses of a step to the weight of each task.
 *
 * One file a method, one row in weighting.def. Arithmetic in double, on losses and (for
 * methods that need them) Gram matrices; the trainer keeps vectors in float32. State is
 * a flat array of doubles that the trainer allocates, checkpoints and hands back, so a
 * method is a set of pure functions of (parameters, state, figures).
 *
 * Order within a step: weigh() gives the weights in force for this step, the network is
 * updated with them, then update() moves the method's own state.
 */
#ifndef DELTAM_WEIGHTING_H
#define DELTAM_WEIGHTING_H

#include <stddef.h>
#include "common/catalogue.h"
#include "trainer-core/rng.h"

struct optim_info; /* optim.h: the job's optimizer, for learned scalars */

/* What the trainer must compute before weigh(): it runs no more passes than that. */
enum weighting_needs {
	NEEDS_LOSSES = 0,
	NEEDS_SHARED_GRADIENTS = 1 << 0, /* K passes through the trunk */
	NEEDS_FEATURE_GRADIENTS = 1 << 1, /* K head passes, one through the trunk */
};

/* Fixed for the life of a job. Filled by weighting_init. */
struct weighting_setup {
	const struct weighting *ops;
	int K;
	const struct task_info *task;
	void *options; /* the method's own struct, from its parameters */
	const struct optim_info
		*optim; /* with the job's lr: learned scalars follow it */
	uint64_t seed;
};

/* What a step knows. */
struct weighting_step {
	int epoch; /* from 1 */
	int64_t step; /* of the job, from 0 */
	double lr_factor; /* of the decay schedule in this epoch */
	const double *loss; /* (K) mini-batch means */
};

#define DIAGNOSTICS_MAX 8
struct diagnostic {
	const char *name;
	double value;
};

struct weighting {
	unsigned needs;
	/* Reads ps into setup->options (arena). NULL: no parameters. ERR_SPEC. */
	int (*parse)(struct weighting_setup *setup, const struct params *ps,
		struct arena *a, struct err *e);
	/* How many doubles of state. NULL: none. */
	size_t (*state_size)(const struct weighting_setup *setup);
	/* Fills the state. NULL: zeros. */
	void (*init)(const struct weighting_setup *setup, double *state);
	/*
	 * weight (K) out. Returns OK, or ERR_DIVERGED where the method has no meaningful
	 * weights (a loss of zero in GLS): e says which task and why.
	 */
	int (*weigh)(const struct weighting_setup *setup, double *state,
		const struct weighting_step *step, double *weight, struct err *e);
	/* After the network's update. NULL: no state to move. */
	void (*update)(const struct weighting_setup *setup, double *state,
		const struct weighting_step *step);
	/* mean_loss (K): the epoch's mean training losses. NULL: not interested. */
	void (*end_epoch)(const struct weighting_setup *setup, double *state,
		const double *mean_loss);
	/*
	 * Figures of its own, recorded once an epoch as metric rows (split train, task ''):
	 * *n <= DIAGNOSTICS_MAX names and values. NULL: none.
	 */
	void (*diagnose)(const struct weighting_setup *setup, const double *state,
		const double *mean_loss, struct diagnostic *d, int *n);
};

/* The method of ps ("method"), parsed. ERR_SPEC. */
MUST_CHECK int weighting_init(struct weighting_setup *setup, const struct params *ps,
	int K, const struct task_info *task, const struct optim_info *optim,
	uint64_t seed, struct arena *a, struct err *e);

#endif
