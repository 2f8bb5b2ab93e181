/*
 * Optimizers with torch.optim's semantics (methods.md 6): coupled weight decay is added
 * to the gradient, AdamW decays the parameter first, the momentum buffer starts as the
 * first gradient.
 */
#ifndef DELTAM_OPTIM_H
#define DELTAM_OPTIM_H

#include <stdbool.h>
#include "common/params.h"

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

/* From lr, wd, train.optimizer and train.optimizer.*; ERR_SPEC. */
MUST_CHECK int optim_parse(
	const struct params *ps, struct optim_info *out, struct err *e);

/*
 * The decay schedule: the factor on lr in `epoch` (from 1) of `epochs`, from
 * train.lr_decay ("none", "cosine", or "EVERY FACTOR").
 */
struct lr_decay {
	bool cosine;
	int every; /* 0: none */
	double factor;
};
MUST_CHECK int lr_decay_parse(
	const struct params *ps, struct lr_decay *out, struct err *e);
double lr_decay_factor(const struct lr_decay *d, int epoch, int epochs);

/*
 * The same formulas in double for the few scalars that a weighting method learns
 * (optim_scalar.c). state holds optim_scalar_floats(info) doubles for each scalar;
 * t counts steps from 1.
 */
int optim_scalar_floats(const struct optim_info *info);
void optim_scalar_step(const struct optim_info *info, double lr, double wd, long t,
	int n, double *p, const double *g, double *state);

#endif
