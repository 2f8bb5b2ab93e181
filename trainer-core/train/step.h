/*
 * A step on the batch that is loaded: losses, the gradient under the method's weights, the
 * optimizer. In four parts, so that whoever looks at a step (diagnose.c) or tries one
 * (step_ahead.c) stands between them and not inside:
 *
 *	step_forward     loads the batch and passes it forward: the losses
 *	step_gradient    weighs the tasks and fills the gradient
 *	step_move        the optimizer moves the parameters
 *	step_end         the method learns from what came of it
 */
#ifndef DELTAM_STEP_H
#define DELTAM_STEP_H

#include "trainer-core/optim/optim.h"
#include "trainer-core/train/batch.h"
#include "trainer-core/train/freeze.h"
#include "trainer-core/train/rows.h"
#include "trainer-core/weighting/weighting.h"

struct step {
	struct batch *batch;
	struct optim_info optim_info;
	struct optim *optim;
	struct freeze freeze;
	/* One gradient, or one a task where the optimizer asks for them. */
	float **grad;
	bool per_task;

	struct weighting_setup weighting;
	struct trunk_info trunk;
	double *state; /* of the method */
	size_t state_doubles;
	/* Methods on gradients alone: */
	struct task_gradients shared;
	size_t buffer_floats; /* of shared.buffer */
	float *feature; /* values, one batch */
	double *rotation; /* one */

	double *loss, *weight; /* (K) of the step */
	bool *counted; /* (K) whether the batch has a label of the task at all */
	double *head, *score, *loss_after; /* (K) where the method asks for them */
	struct weighting_step now; /* what the method knows of this step */
	int64_t done;
	struct train_passes passes; /* since the job was built */
};

/*
 * Reads method and optimizer, before the network is built, because they have a say in
 * it.
 */
MUST_CHECK int step_parse(struct step *s, struct batch *b, const struct params *ps,
	struct arena *a, struct err *e);
/* Places what a step takes, once the network is built. ERR_SPEC: it does not fit. */
MUST_CHECK int step_build(
	struct step *s, const struct params *ps, struct arena *a, struct err *e);

/*
 * Loads n samples from place `at` of the epoch's order on and passes them forward.
 * lr_factor is that of the schedule.
 */
void step_forward(struct step *s, int at, int n, double lr_factor);
/* ERR_DIVERGED */
MUST_CHECK int step_gradient(struct step *s, struct err *e);
void step_move(struct step *s);
void step_end(struct step *s);

/*
 * Passes the batch forward and gives its mean losses (K), as the method sees them. With
 * `slope` a backward pass may follow.
 */
void step_losses(struct step *s, bool slope, double *loss);
/*
 * Computes the gradient of sum_k weight[k] loss[k] of the samples passed forward last.
 */
void step_backward(struct step *s, const double *weight, float *gradient);

/*
 * Puts the method's rotations of the features, as its state has them now, into the
 * graph.
 */
void step_turn(struct step *s);

#endif
