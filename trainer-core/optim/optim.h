/*
 * Optimizers with torch.optim's semantics: coupled weight decay is added
 * to the gradient, AdamW decays the parameter first, the momentum buffer starts as the
 * first gradient.
 */
#ifndef DELTAM_OPTIM_H
#define DELTAM_OPTIM_H

#include <stdbool.h>
#include <stdint.h>
#include "common/params.h"

struct kernels;

enum optim_kind {
	OPTIM_ADAM,
	OPTIM_ADAMW,
	OPTIM_SGD,
	OPTIM_GD,
	OPTIM_RMSPROP,
	OPTIM_ADAGRAD
};

struct optim_info {
	enum optim_kind kind;
	double lr, wd;
	double momentum, dampening; /* sgd, rmsprop */
	double beta1, beta2, eps; /* adam, adamw; eps: rmsprop, adagrad too */
	double alpha; /* rmsprop */
	bool nesterov, amsgrad, per_task;
};

/* Reads lr, wd, train.optimizer and train.optimizer.*. ERR_SPEC. */
MUST_CHECK int optim_parse(
	const struct params *ps, struct optim_info *out, struct err *e);

/*
 * The optimizer of the flat parameter array, in float32. State is one array of floats
 * (moments, buffers) and a count of steps; both are part of a checkpoint.
 *
 * With per_task every task has a state of its own for the shared parameters, fed with the
 * task's own gradient, and their steps follow one another, as K optimizers would.
 */
struct optim;
struct graph;

struct optim *optim_new(const struct optim_info *info, const struct graph *g,
	const struct kernels *k, struct arena *a);
float *optim_state(struct optim *o);
size_t optim_state_floats(const struct optim *o);
int64_t *optim_steps(struct optim *o);

/*
 * One step on p. grad: one array like p; with per_task one for each task, of which task
 * k's reaches the shared parameters and its own head. lr is that of this step.
 */
void optim_step(struct optim *o, double lr, float *p, const float *const *grad);

/*
 * What plain descent with the optimizer's momentum buffer and decay would do, whatever
 * the optimizer: p -= lr (momentum buffer + grad + wd p). Leaves the state alone; not with
 * per_task.
 */
void optim_try(const struct optim *o, double lr, float *p, const float *grad);

/*
 * The same formulas in double, with info's lr and wd, for the few scalars that a
 * weighting method learns (optim_scalar.c). state holds optim_scalar_floats(info) doubles
 * for each scalar; t counts steps from 1.
 */
int optim_scalar_floats(const struct optim_info *info);
void optim_scalar_step(const struct optim_info *info, long t, int n, double *p,
	const double *g, double *state);

#endif
