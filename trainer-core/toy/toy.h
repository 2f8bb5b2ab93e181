/*
 * The two-dimensional problem of CAGrad (Liu et al. 2021): two losses over x = (x1, x2)
 * with a valley of steep cusps between the starts and the Pareto set. Weights come from
 * the table of methods and steps from the optimizers, both in double.
 *
 *	u1 = (-x1 - 7) / 2 + tanh x2        u2 = (-x1 + 3) / 2 - tanh x2 + 2
 *	l_i = ln max(|u_i|, 5e-6) + 6
 *	q1 = ((x1 - 7)^2 + (x2 + 8)^2 / 10) / 10 - 20     q2 with x1 + 7
 *	f_i = max(0, tanh(x2 / 2)) l_i + max(0, -tanh(x2 / 2)) q_i
 *
 * A clamp passes its gradient where it begins to hold. Values, gradients,
 * directions and trajectories are pinned by toy_cagrad.json.
 */
#ifndef DELTAM_TOY_H
#define DELTAM_TOY_H

#include "trainer-core/optim/optim.h"
#include "trainer-core/weighting/weighting.h"

#define TOY_K 2 /* losses, and coordinates of x */
#define TOY_REACHED (-15.0) /* a mean loss below it is at the global minimum */

/* f (2) and grad (2, 2), row i the gradient of loss i. grad may be NULL. */
void toy_losses(const double *x, double *f, double *grad);

struct toy {
	struct weighting_setup setup;
	struct optim_info optim;
	double reduction; /* what the combined gradient is multiplied by */
	double *state; /* of the method */
	double *moments; /* of the optimizer */
	double x[TOY_K];
	double f[TOY_K]; /* of x */
	double grad[TOY_K * TOY_K];
	double direction[TOY_K]; /* of the last step, before the optimizer */
	long step; /* done */
};

/* ps: method with its parameters, lr, train.optimizer. ps outlives *t. ERR_SPEC. */
MUST_CHECK int toy_init(struct toy *t, const struct params *ps, double reduction,
	const double *start, struct arena *a, struct err *e);

/* ERR_DIVERGED where x, a loss or a weight leaves the finite numbers: x stays what it was. */
MUST_CHECK int toy_step(struct toy *t, struct err *e);

double toy_mean(const struct toy *t);

/*
 * How the paper's table takes each method: its direction is the mean of the gradients for
 * EW, half of PCGrad's sum, MGDA's combination, CAGrad with c = 0.5 over 1 + c.
 */
#define TOY_OPTIONS 3
struct toy_method {
	const char *method; /* of weighting.def */
	double reduction;
	const char *option[TOY_OPTIONS],
		*value[TOY_OPTIONS]; /* parameters; NULL: none */
};
extern const struct toy_method toy_methods[];
extern const int toy_method_count;

/* The method with its parameters, optimizer and lr as parameters of a job. */
void toy_params(struct params *ps, const struct toy_method *m, const char *optimizer,
	double lr, struct arena *a);

#endif
