/*
 * Weighting methods: from the losses of a step to the weight of each task.
 *
 * One file a method, one row in weighting.def. Arithmetic in double, on losses and (for
 * methods that need them) Gram matrices; the trainer keeps vectors in float32. State is
 * a flat array of doubles that the trainer allocates, checkpoints and hands back, so a
 * method is a set of pure functions of (parameters, state, figures).
 *
 * Order within a step: weighting_weigh() gives the weights in force for this step (methods
 * on gradients: weighting_combine(), which calls it), the network is updated with them,
 * then weighting_update() moves the method's own state.
 * Order at the end of an epoch: weighting_diagnose(), then weighting_end_epoch().
 */
#ifndef DELTAM_WEIGHTING_H
#define DELTAM_WEIGHTING_H

#include <stddef.h>
#include "catalogue/catalogue.h"
#include "common/rng.h"

struct kernels; /* kernel.h */
struct optim_info; /* optim.h: the job's optimizer, for learned scalars */

/* What the trainer must compute before weigh(): it runs no more passes than that. */
enum weighting_needs {
	NEEDS_LOSSES = 0,
	NEEDS_SHARED_GRADIENTS = 1 << 0, /* K passes through the trunk */
	NEEDS_FEATURE_GRADIENTS = 1 << 1, /* K head passes, one through the trunk */
	/* With NEEDS_SHARED_GRADIENTS: the Gram matrix is that of the last shared layer. */
	NEEDS_LAST_LAYER = 1 << 2,
	NEEDS_LOSSES_AFTER = 1 << 3, /* the batch forward again after the update */
	NEEDS_SCORES = 1 << 4, /* how well each task does on the batch, in [0, 1] */
	/* With NEEDS_FEATURE_GRADIENTS: every head reads features turned by rotation(). */
	NEEDS_ROTATION = 1 << 5,
	NEEDS_LOOKAHEAD = 1 << 6, /* what the weights would do on another batch */
};
#define NEEDS_GRADIENTS (NEEDS_SHARED_GRADIENTS | NEEDS_FEATURE_GRADIENTS)

/* What is known of the network once it is built. */
struct trunk_info {
	int channels; /* of the features that heads read; 0: of none, or of several nodes */
	/* Its parameters: part i is floats [begin[i], begin[i + 1]). */
	struct trunk_parts {
		int n;
		const size_t *begin; /* (n + 1); NULL: not divided */
	} layers, arrays;
};

/* Fixed for the life of a job. Filled by weighting_init. */
struct weighting_setup {
	const struct weighting *ops;
	const struct method_info *info;
	unsigned needs; /* those of ops, unless parse() knows better */
	int K;
	const struct task_info *task;
	void *options; /* the method's own struct, from its parameters */
	/* With the job's lr: learned scalars follow it. Must outlive the setup. */
	const struct optim_info *optim;
	/* Set by the caller before the state is made; NULL: one part, no features. */
	const struct trunk_info *trunk;
	uint64_t seed;
};

/* What a step knows. */
struct weighting_step {
	int epoch; /* from 1 */
	int64_t step; /* of the job, from 0 */
	double lr_factor; /* of the decay schedule in this epoch */
	const double *loss; /* (K) mini-batch means */
	/* (K, K) scalar products of the tasks' gradients; NULL unless needed. */
	const double *gram;
	const double *score; /* (K); NULL unless needed */
	const double *loss_after; /* (K), for weighting_update; NULL unless needed */
	/* (K) slope of the losses that count by the weights; NULL unless lookahead() asked. */
	const double *ahead;
};

/*
 * The tasks' gradients of what they share in one step, each of the unweighted loss: the
 * trunk's parameters, or the features that heads read, rows (samples, features).
 */
struct task_gradients {
	size_t n; /* floats of each */
	float **g; /* (K); a method may change them */
	float *out; /* (n) the combined gradient; none of g */
	float *buffer; /* (weighting_buffers, n) kept from step to step, saved with the state */
	double *work; /* (weighting_work) scratch of the method */
	double *gram; /* (K, K) */
	size_t last, last_n; /* the last shared layer's floats inside g */
	const float *feature; /* (samples, features) values; NULL for parameters */
	int samples;
};

/* What multiplies each task's gradients in a step. */
struct factors {
	double *weight; /* (K) in what is shared */
	double *head; /* (K) in its own head */
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
	/* Reads ps into setup->options (arena); setting_real() reads one. ERR_SPEC. */
	int (*parse)(struct weighting_setup *setup, const struct params *ps,
		struct arena *a, struct err *e);
	/* How many doubles of state. */
	size_t (*state_size)(const struct weighting_setup *setup);
	/* Fills the state, which is zeros before. */
	void (*init)(const struct weighting_setup *setup, double *state);
	/*
	 * With NEEDS_LOOKAHEAD: the weights of the step that is tried, and 1 for each
	 * loss that counts after it. False: not in this step.
	 */
	bool (*lookahead)(const struct weighting_setup *setup, const double *state,
		const struct weighting_step *step, double *weight, double *counts);
	/*
	 * weight (K) out, the factors of the tasks' gradients in what is shared; never
	 * NULL. ERR_DIVERGED where the losses have no meaningful
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

	/* Methods on gradients: */

	/* How many arrays like a task's gradient it keeps from step to step. */
	int (*buffers)(const struct weighting_setup *setup);
	/* How many doubles of scratch it wants in task_gradients.work. */
	size_t (*work)(const struct weighting_setup *setup);
	/* Task k's rotation (channels, channels) under this state; work as above. */
	void (*rotation)(const struct weighting_setup *setup, const double *state,
		int k, double *work, double *R);
	/* Changes the gradients before their scalar products are taken; out is free. */
	void (*prepare)(const struct weighting_setup *setup, double *state,
		const struct weighting_step *step, const struct kernels *kernels,
		struct task_gradients *g);
	/* Fills g->out where that is not sum_k weight[k] g_k. */
	void (*merge)(const struct weighting_setup *setup, const double *state,
		const struct weighting_step *step, const struct kernels *kernels,
		const double *weight, struct task_gradients *g);
	/* The factor of each head's own gradient, where that is not the weight. */
	void (*heads)(const struct weighting_setup *setup, const double *state,
		const struct weighting_step *step, const double *weight, double *head);
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

/*
 * A step of a method on gradients: fills g->gram (step->gram from then on) and g->out,
 * and both kinds of factors, all finite.
 * ERR_DIVERGED as weighting_weigh, and where a gradient is not finite.
 */
MUST_CHECK int weighting_combine(const struct weighting_setup *setup, double *state,
	struct weighting_step *step, const struct kernels *kernels,
	struct task_gradients *g, struct factors *f, struct err *e);

/* How many arrays like a task's gradient task_gradients.buffer holds. */
int weighting_buffers(const struct weighting_setup *setup);
/* How many doubles task_gradients.work holds. */
size_t weighting_work(const struct weighting_setup *setup);

/* Moves the method's state, after the network's update. */
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
