#include "trainer-core/train/lookahead.h"

#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "trainer-core/kernel/kernel.h"

#define SHIFT 0.01

static void restore(const struct lookahead *l)
{
	memcpy(l->value, l->kept, l->n * sizeof(*l->value));
}

/* The losses of the own batch at theta + by d. */
static void losses_at(const struct lookahead *l, double by, double *loss)
{
	restore(l);
	l->kernels->axpy(l->n, (float)by, l->gradient, l->value);
	l->losses(l->arg, BATCH_OWN, loss);
}

void lookahead_slope(const struct lookahead *l, const double *weight,
	const double *counts, double *slope)
{
	double up[TASKS_MAX];
	double down[TASKS_MAX];
	double length;

	memcpy(l->kept, l->value, l->n * sizeof(*l->kept));
	l->slope(l->arg, weight, l->gradient);
	optim_try(l->optim, l->lr, l->value, l->gradient);
	l->losses(l->arg, BATCH_OTHER, up);
	l->slope(l->arg, counts, l->gradient);
	length = sqrt(l->kernels->dot(l->n, l->gradient, l->gradient));
	memset(slope, 0, (size_t)l->K * sizeof(*slope));
	if (length > 0) {
		losses_at(l, SHIFT / length, up);
		losses_at(l, -SHIFT / length, down);
		for (int k = 0; k < l->K; k++)
			slope[k] = -l->lr * (up[k] - down[k]) / (2 * SHIFT / length);
	}
	restore(l);
}
