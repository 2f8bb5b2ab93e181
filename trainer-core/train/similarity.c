#include "trainer-core/train/similarity.h"

#include <math.h>

const char *const comparison_names[COMPARISON_FIGURES] = {
	[COMPARE_COSINE] = "cosine",
	[COMPARE_POSITIVE] = "cosine_positive",
	[COMPARE_NEGATIVE] = "cosine_negative",
	[COMPARE_ABOVE] = "cosine_of_positive",
	[COMPARE_BELOW] = "cosine_of_negative",
	[COMPARE_DOT] = "dot",
	[COMPARE_MAGNITUDE] = "magnitude_similarity",
	[COMPARE_CONFLICT] = "conflicting_share",
};

double similarity_cosine(double gg, double hh, double gh)
{
	double lengths = sqrt(gg) * sqrt(hh);

	return lengths > 0 ? gh / lengths : (double)NAN;
}

double similarity_magnitude(double gg, double hh)
{
	return gg + hh > 0 ? 2 * sqrt(gg) * sqrt(hh) / (gg + hh) : (double)NAN;
}

size_t similarity_conflicts(size_t n, const float *g, const float *h)
{
	size_t opposite = 0;

	for (size_t i = 0; i < n; i++)
		opposite += (g[i] > 0 && h[i] < 0) || (g[i] < 0 && h[i] > 0);
	return opposite;
}

struct signs signs_of(size_t n, const float *g)
{
	struct signs s = { 0 };

	for (size_t i = 0; i < n; i++) {
		s.above += g[i] > 0;
		s.below += g[i] < 0;
	}
	return s;
}

void series_place(struct series *s, int capacity, struct arena *a)
{
	*s = (struct series){ .v = NEW_ARRAY(a, double, capacity + 1),
		.capacity = capacity };
}

void series_add(struct series *s, double v)
{
	if (!isfinite(v))
		return;
	ASSERT(s->n < s->capacity);
	s->v[s->n++] = v;
}

/* v[root] sinks until no child of it is larger. */
static void sink(double *v, int root, int n)
{
	double x = v[root];

	for (int child; (child = 2 * root + 1) < n; root = child) {
		child += child + 1 < n && v[child + 1] > v[child];
		if (v[child] <= x)
			break;
		v[root] = v[child];
	}
	v[root] = x;
}

/* A heap sort: qsort() allocates. */
static void sort(double *v, int n)
{
	for (int i = n / 2 - 1; i >= 0; i--)
		sink(v, i, n);
	for (int last = n - 1; last > 0; last--) {
		double x = v[last];

		v[last] = v[0];
		v[0] = x;
		sink(v, 0, last);
	}
}

static double percentile(const double *sorted, int n, double share)
{
	double at = share * (n - 1);
	int below = (int)at;
	int above = below + 1 < n ? below + 1 : below;

	return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

struct spread spread_of(double *v, int n)
{
	struct spread s = { 0 };
	double squares = 0;

	sort(v, n);
	for (int i = 0; i < n; i++)
		s.mean += v[i] / n;
	for (int i = 0; i < n; i++)
		squares += (v[i] - s.mean) * (v[i] - s.mean);
	s.std = sqrt(squares / n);
	s.low = percentile(v, n, 0.025);
	s.high = percentile(v, n, 0.975);
	return s;
}

void comparison_place(struct comparison *c, int pairs, struct arena *a)
{
	for (int i = 0; i < COMPARISON_FIGURES; i++)
		series_place(&c->figure[i], pairs, a);
}

void comparison_clear(struct comparison *c)
{
	for (int i = 0; i < COMPARISON_FIGURES; i++)
		c->figure[i].n = 0;
	c->above = c->below = 0;
}

void comparison_add(
	struct comparison *c, double gg, double hh, double gh, double conflict)
{
	double cosine = similarity_cosine(gg, hh, gh);

	series_add(&c->figure[COMPARE_COSINE], cosine);
	if (isfinite(cosine)) {
		series_add(&c->figure[COMPARE_POSITIVE], fmax(cosine, 0));
		series_add(&c->figure[COMPARE_NEGATIVE], fmin(cosine, 0));
		series_add(
			&c->figure[COMPARE_ABOVE], cosine > 0 ? cosine : (double)NAN);
		series_add(
			&c->figure[COMPARE_BELOW], cosine < 0 ? cosine : (double)NAN);
		c->above += cosine > 0;
		c->below += cosine < 0;
	}
	series_add(&c->figure[COMPARE_DOT], gh);
	series_add(&c->figure[COMPARE_MAGNITUDE], similarity_magnitude(gg, hh));
	series_add(&c->figure[COMPARE_CONFLICT], conflict);
}
