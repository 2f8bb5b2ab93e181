/*
 * Random loss weighting: fresh weights with sum 1 at every step, either the softmax of K
 * standard normals or a draw from Dirichlet(1, ..., 1) (K exponentials, normalised).
 * The numbers are a function of (seed, step, task): nothing to save.
 */
#include <math.h>
#include "trainer-core/weighting/method.h"

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	int *form = NEW(a, int);

	setup->options = form;
	return setting_choice(ps, "weights", form, e);
}

static void draw_normal(int K, uint64_t seed, uint64_t step, double *w)
{
	for (int k = 0; k < K; k++)
		w[k] = rng_normal(seed, RNG_WEIGHTING, step, (uint64_t)k);
	softmax(K, w, w);
}

static void draw_dirichlet(int K, uint64_t seed, uint64_t step, double *w)
{
	double sum = 0;

	for (int k = 0; k < K; k++) {
		uint64_t bits = rng_bits(seed, RNG_WEIGHTING, step, (uint64_t)k);

		/* The middle of one of 2^52 cells: in (0, 1), so the sum is not 0. */
		w[k] = -log(((double)(bits >> 12) + 0.5) * 0x1p-52);
		sum += w[k];
	}
	for (int k = 0; k < K; k++)
		w[k] /= sum;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const int *form = setup->options;

	(void)state, (void)e;
	if (*form == RLW_NORMAL)
		draw_normal(setup->K, setup->seed, (uint64_t)step->step, weight);
	else
		draw_dirichlet(setup->K, setup->seed, (uint64_t)step->step, weight);
	return OK;
}

const struct weighting weighting_rlw = { .parse = parse, .weigh = weigh };
