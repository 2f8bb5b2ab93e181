/* Noise: each value on its own. */
#include "trainer-core/corrupt/corrupting.h"

#include <math.h>

static size_t values(const struct corrupting *x)
{
	return (size_t)x->c * plane_size(x);
}

static double *normals(struct corrupting *x)
{
	double *z = NEW_ARRAY(x->a, double, values(x));

	draw_normals(x, values(x), z);
	return z;
}

void corrupt_gaussian_noise(struct corrupting *x)
{
	const double *z = normals(x);

	for (size_t i = 0; i < values(x); i++)
		x->v[i] += x->k[0] * z[i];
}

void corrupt_speckle_noise(struct corrupting *x)
{
	const double *z = normals(x);

	for (size_t i = 0; i < values(x); i++)
		x->v[i] += x->v[i] * x->k[0] * z[i];
}

void corrupt_shot_noise(struct corrupting *x)
{
	for (size_t i = 0; i < values(x); i++)
		x->v[i] = (draw_poisson(x, x->v[i] * x->k[0]) / x->k[0]);
}

/* Each channel has its own salt and pepper, as in the published code. */
void corrupt_impulse_noise(struct corrupting *x)
{
	for (size_t i = 0; i < values(x); i++) {
		double u = draw_uniform(x);

		if (u < x->k[0])
			x->v[i] = u < x->k[0] / 2 ? 0 : 1;
	}
}
