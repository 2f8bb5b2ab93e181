/*
 * The look ahead (lookahead.h) of a method that wants one, on the job's network and data:
 * between step_forward and step_gradient, which find the batch as it was before.
 */
#ifndef DELTAM_STEP_AHEAD_H
#define DELTAM_STEP_AHEAD_H

#include "trainer-core/train/step.h"

struct step_ahead {
	struct step *step;
	float *kept, *kept_state; /* parameters and running statistics */
	double *slope; /* (K) */
};

/* Places what it takes and the batch's other order, if the method looks ahead at all. */
void step_ahead_build(struct step_ahead *l, struct step *s, struct arena *a);
/* Sets step->now.ahead where the method asks for it in this step. */
void step_ahead(struct step_ahead *l, int at, int n);

#endif
