/*
 * Weighting methods: from the losses of a step to the weight of each task.
 *
 * One file a method, one row in weighting.def. Arithmetic in double, on losses and (for
 * methods that need them) Gram matrices; the trainer keeps vectors in float32. State is
 * a flat array of doubles that the trainer allocates, checkpoints and hands back, so a
 * method is a set of pure functions of (parameters, state, figures).
 *
 * Order within a step: weighting_weigh() gives the weights in force for this step, the
 * network is updated with them, then weighting_update() moves the method's own state.
 * Order at the end of an epoch: weighting_diagnose(), then weighting_end_epoch().
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
	const struct method_info *info;
	int K;
	const struct task_info *task;
	void *options; /* the method's own struct, from its parameters */
	/* With the job's lr: learned scalars follow it. Must outlive the setup. */
	const struct optim_info *optim;
	uint64_t seed;
};

/* What a step knows. */
struct weighting_step {
	int epoch; /* from 1 */
	int64_t step; /* of the job, from 0 */
	double lr_factor; /* of the decay schedule in this epoch */
	const double *loss; /* (K) mini-batch means */
};

/* A figure of the method's own: a metric row of split train. */
struct diagnostic {
	const char *name;
	int task; /* -1: belongs to no task */
	double value; /* finite */
};
#define DIAGNOSTICS_MAX (TASKS_MAX + 8)

/* What a method implements; NULL where it has nothing to do. */
struct weighting {
	unsigned needs;
	/* Reads ps into setup->options (arena); weighting_option() reads one. ERR_SPEC. */
	int (*parse)(struct weighting_setup *setup, const struct params *ps,
		struct arena *a, struct err *e);
	/* How many doubles of state. */
	size_t (*state_size)(const struct weighting_setup *setup);
	/* Fills the state, which is zeros before. */
	void (*init)(const struct weighting_setup *setup, double *state);
	/*
	 * weight (K) out; never NULL. ERR_DIVERGED where the losses have no meaningful
	 * weights and the message of weighting_weigh() would not say why.
	 */
	int (*weigh)(const struct weighting_setup *setup, double *state,
		const struct weighting_step *step, double *weight, struct err *e);
	void (*update)(const struct weighting_setup *setup, double *state,
		const struct weighting_step *step);
	/*
	 * The method's own objective on these losses under this state, and its gradient
	 * with respect to the scalars that it learns (learned.h). Losses are constants.
	 * Methods that learn nothing have none: theirs is sum w L.
	 */
	double (*objective)(const struct weighting_setup *setup, const double *state,
		const double *loss, double *gradient);
	/* mean_loss (K): the epoch's mean training losses. */
	void (*end_epoch)(const struct weighting_setup *setup, double *state,
		const double *mean_loss);
	/* At most DIAGNOSTICS_MAX figures into d; returns how many. */
	int (*diagnose)(const struct weighting_setup *setup, const double *state,
		const double *mean_loss, struct diagnostic *d);
};

/*
 * The method of ps ("method"; `stl` where ps has a "task" and no method) with its
 * parameters and the job's seed. task and optim must outlive the setup. ERR_SPEC.
 */
MUST_CHECK int weighting_init(struct weighting_setup *setup, const struct params *ps,
	int K, const struct task_info *task, const struct optim_info *optim,
	struct arena *a, struct err *e);

/* How many doubles of state, possibly 0; and their first values. */
size_t weighting_state_size(const struct weighting_setup *setup);
void weighting_state_init(const struct weighting_setup *setup, double *state);

/*
 * weight (K) out, all finite. ERR_DIVERGED, naming the task, where a loss is not finite
 * or the method has no finite weights for these losses.
 */
MUST_CHECK int weighting_weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e);

/* After the network's update. */
void weighting_update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step);

/*
 * The method's figures for the epoch with these mean training losses (K) into
 * d[DIAGNOSTICS_MAX]; returns how many. Those that are not finite are left out.
 */
int weighting_diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d);

void weighting_end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss);

#endif
