#include "tests/lib/values.h"

#include <check.h>
#include <math.h>
#include "tests/lib/each.h"
#include "trainer-core/kernel/kernel.h"

float *values_all(struct arena *a, size_t n, float v)
{
	float *p = arena_alloc_aligned(a, n * sizeof(float) + 64);

	for (size_t i = 0; i < n; i++)
		p[i] = v;
	return p;
}

float *values_random(struct arena *a, size_t n)
{
	static unsigned state = 1;
	float *p = values_all(a, n, 0);

	for (size_t i = 0; i < n; i++) {
		state = state * 1664525u + 1013904223u;
		p[i] = (float)(int)(state >> 8) / (float)(1 << 23) - 1.0f;
	}
	return p;
}

double *values_zero(struct arena *a, size_t n)
{
	return NEW_ARRAY(a, double, n + 1);
}

size_t values_blocks(int N)
{
	return (size_t)(N + LANES - 1) / LANES;
}

static size_t n16_place(int F, int n, int f)
{
	return ((size_t)(n / LANES) * (size_t)F + (size_t)f) * LANES +
		(size_t)(n % LANES);
}

float *values_n16(struct arena *a, int N, int F, const float *x)
{
	float *y = values_all(a, values_blocks(N) * (size_t)F * LANES, NAN);

	for (int n = 0; n < N; n++)
		for (int f = 0; f < F; f++)
			y[n16_place(F, n, f)] = x[(size_t)n * (size_t)F + (size_t)f];
	return y;
}

float values_n16_at(int F, const float *x, int n, int f)
{
	return x[n16_place(F, n, f)];
}

void values_close(const char *what, double got, double want, double terms, double sum)
{
	double bound = terms * ldexp(sum, -24) + 1e-30;

	ASSERT_EACH_MSG(fabs(got - want) <= bound, "%s %s: %.9g, not %.9g (bound %.2g)",
		kernels_get()->name, what, got, want, bound);
}
