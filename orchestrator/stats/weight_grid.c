#include "orchestrator/stats/weight_grid.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"

#define INTEGER_TOLERANCE 1e-9
#define NEIGHBOURS_MAX 1000000000
#define RADIUS_MAX 200 /* beyond, three tasks alone have 120,000 neighbours */

int weight_grid_steps(double step, int *m, struct err *e)
{
	double steps = 1 / step;
	double whole = round(steps);

	if (!(step > 0 && step <= 1) || steps > INT_MAX ||
		fabs(steps - whole) > INTEGER_TOLERANCE * steps)
		return err_set(e, ERR_SPEC,
			"a step of %g does not divide 1 into whole steps", step);
	*m = (int)whole;
	return OK;
}

/* n over k; INT64_MAX where it is larger. */
static int64_t binomial(int64_t n, int64_t k)
{
	int64_t c = 1;

	for (int64_t i = 1; i <= k; i++) {
		/* c f / i is whole; in two parts, of which only one can be large. */
		int64_t f = n - k + i;
		int64_t part = c % i * f / i;

		if (c / i > (INT64_MAX - part) / f)
			return INT64_MAX;
		c = c / i * f + part;
	}
	return c;
}

int64_t weight_grid_count(int K, int m, int low)
{
	int64_t spare = (int64_t)m - (int64_t)K * low;

	if (K < 1 || spare < 0)
		return 0;
	/* Both sides of Pascal's triangle are equal, so the shorter one is enough. */
	return binomial(spare + K - 1, spare < K - 1 ? spare : K - 1);
}

bool weight_grid_first(int K, int m, int low, int *steps)
{
	if (K < 1 || m < (int64_t)K * low)
		return false;
	for (int k = 0; k < K; k++)
		steps[k] = low;
	steps[K - 1] += m - K * low;
	return true;
}

/* Raises the last entry for which one behind it can be lowered. */
bool weight_grid_next(int K, int low, int *steps)
{
	int spare = 0;

	for (int k = K - 1; k > 0; k--) {
		spare += steps[k] - low;
		steps[k] = low;
		if (spare > 0) {
			steps[k - 1]++;
			steps[K - 1] = low + spare - 1;
			return true;
		}
	}
	return false;
}

/* Around a point. */

/* ways[s]: in how many ways the parts so far, each shifted by m, sum to s. */
int64_t weight_grid_neighbours(int K, int m)
{
	int64_t ways[2 * TASKS_MAX * RADIUS_MAX + 1] = { 1 };
	int width = 2 * m;

	ASSERT(K >= 1 && K <= TASKS_MAX && m >= 0);
	if (K <= 2)
		return K == 1 ? 1 : 2 * (int64_t)m + 1;
	if (m > RADIUS_MAX)
		return INT64_MAX;
	for (int k = 0, top = 0; k < K; k++, top += width) {
		for (int s = 1; s <= top; s++) /* running sums, in place */
			ways[s] += ways[s - 1];
		for (int s = top + width; s >= 0; s--)
			ways[s] = ways[s < top ? s : top] -
				(s > width ? ways[s - width - 1] : 0);
		if (ways[(k + 1) * m] > NEIGHBOURS_MAX)
			return INT64_MAX;
	}
	return ways[K * m];
}

struct walk {
	int K;
	const int *lo, *hi;
	int least_after[TASKS_MAX + 1]; /* the sum of lo, hi over the parts from k on */
	int most_after[TASKS_MAX + 1];
	int z[TASKS_MAX];
	int (*visit)(const int *z, void *arg);
	void *arg;
};

/* Chooses part k of the `left` that remains. */
static int walk_part(struct walk *w, int k, int left)
{
	int from, to;

	if (k == w->K)
		return w->visit(w->z, w->arg);
	from = left - w->most_after[k + 1];
	to = left - w->least_after[k + 1];
	if (from < w->lo[k])
		from = w->lo[k];
	if (to > w->hi[k])
		to = w->hi[k];
	for (int part = from; part <= to; part++) {
		int rc;

		w->z[k] = part;
		rc = walk_part(w, k + 1, left - part);
		if (rc)
			return rc;
	}
	return 0;
}

int weight_grid_walk(int K, int n, const int *lo, const int *hi,
	int (*visit)(const int *z, void *arg), void *arg)
{
	struct walk w = { .K = K, .lo = lo, .hi = hi, .visit = visit, .arg = arg };

	ASSERT(K >= 1 && K <= TASKS_MAX);
	for (int k = K - 1; k >= 0; k--) {
		w.least_after[k] = w.least_after[k + 1] + lo[k];
		w.most_after[k] = w.most_after[k + 1] + hi[k];
	}
	if (n < w.least_after[0] || n > w.most_after[0])
		return 0;
	return walk_part(&w, 0, n);
}

/* Random points. */

/* splitmix64: the i-th number of a stream. */
static uint64_t mix(uint64_t stream, uint64_t i)
{
	uint64_t x = stream + (i + 1) * 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* K-1 distinct cuts of 1 .. n-1 in rising order; the gaps between them are the parts. */
void weight_grid_random(int K, int n, uint64_t index, int *z)
{
	uint64_t stream = mix(index, (uint64_t)K << 32 | (uint64_t)n);
	int cut[TASKS_MAX];
	int cuts = 0;

	ASSERT(K >= 1 && K <= TASKS_MAX && K <= n);
	for (uint64_t draw = 0; cuts < K - 1; draw++) {
		/* n is tiny beside 2^64: the modulo's bias is below 1e-15. */
		int c = 1 + (int)(mix(stream, draw) % (uint64_t)(n - 1));
		int at = 0;

		while (at < cuts && cut[at] < c)
			at++;
		if (at < cuts && cut[at] == c)
			continue;
		memmove(cut + at + 1, cut + at, (size_t)(cuts - at) * sizeof(*cut));
		cut[at] = c;
		cuts++;
	}
	for (int k = 0; k < K; k++)
		z[k] = (k < K - 1 ? cut[k] : n) - (k ? cut[k - 1] : 0);
}
