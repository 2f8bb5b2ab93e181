/*
 * Scalars that a weighting method learns by gradient descent beside the network: log
 * variances, log weights, a temperature.
 *
 * They take steps of the job's optimizer, in double, in a group of their own: their
 * learning rate (parameter weight_lr; 0: the network's) falls with the network's decay
 * schedule, their weight decay (weight_wd) does not follow the network's, since decay
 * would pull them to a value that means nothing.
 *
 * State of n scalars: steps taken, the n values, the optimizer's state.
 */
#ifndef DELTAM_LEARNED_H
#define DELTAM_LEARNED_H

#include "trainer-core/weighting/weighting.h"

#define LEARNED_MAX (2 * TASKS_MAX)

struct learned {
	double lr; /* 0: the network's */
	double wd;
	int n; /* how many, at most LEARNED_MAX */
	size_t at; /* where their state begins in the method's */
	bool positive; /* they must stay above zero: a step at most halves one */
};

/*
 * Reads lr and wd from weight_lr and weight_wd, and sets n to one a task where it is 0.
 * ERR_SPEC.
 */
MUST_CHECK int learned_parse(const struct weighting_setup *setup,
	const struct params *ps, struct learned *out, struct err *e);

size_t learned_size(const struct weighting_setup *setup, int n);
void learned_init(double *state, int n, double value);
/* The same with a value of its own for each of the n. */
void learned_init_each(double *state, int n, const double *value);

/*
 * Where the scalar of each task starts, by the parameter `init`: v (K), which holds the
 * method's default. *ended: they are what an earlier run wrote (init.end.TASK) under the
 * name that the row of the parameter says; without these figures, as when somebody only
 * asks whether the method fits, v stays. ERR_SPEC.
 */
MUST_CHECK int learned_start(const struct weighting_setup *setup,
	const struct params *ps, double *v, bool *ended, struct err *e);

static inline const double *learned_values(const double *state)
{
	return state + 1;
}

/* One step down `gradient` (n). state: the whole of the method's. */
void learned_step(const struct weighting_setup *setup, const struct learned *learned,
	const struct weighting_step *step, const double *gradient, double *state);

/*
 * For struct weighting's `update`, where a method's options begin with their struct
 * learned: a step down the slope of its objective on the losses of the step.
 */
void learned_update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step);

/* For `objective`, where the scalars are log weights s_k: e^{s_k} L_k - s_k (IMTL-L). */
double learned_log_weights(const struct weighting_setup *setup, const double *state,
	const double *loss, double *gradient);
/* A diagnostic of this name a task, its scalar; returns the number of tasks. */
int learned_diagnose(const struct weighting_setup *setup, const double *state,
	const char *name, struct diagnostic *d);

#endif
