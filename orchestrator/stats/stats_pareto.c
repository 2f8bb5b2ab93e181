#include <math.h>
#include <string.h>
#include "orchestrator/stats/stats.h"

static bool has_nan(int d, const double *a)
{
	for (int i = 0; i < d; i++)
		if (isnan(a[i]))
			return true;
	return false;
}

bool stats_dominates(int d, const double *a, const double *b, const bool *higher)
{
	bool better = false;

	if (has_nan(d, a) || has_nan(d, b))
		return false;
	for (int i = 0; i < d; i++) {
		if (higher[i] ? a[i] < b[i] : a[i] > b[i])
			return false;
		better |= a[i] != b[i];
	}
	return better;
}

void stats_undominated(int d, const bool *higher, int n, const double *a, int m,
	const double *b, bool *keep)
{
	for (int i = 0; i < n; i++) {
		keep[i] = !has_nan(d, a + i * d);
		for (int j = 0; j < m && keep[i]; j++)
			keep[i] = !stats_dominates(d, b + j * d, a + i * d, higher);
	}
}

int stats_dominators(
	int d, const bool *higher, int n, const double *points, int i, int *out)
{
	int count = 0;

	for (int j = 0; j < n; j++)
		if (stats_dominates(d, points + j * d, points + i * d, higher))
			out[count++] = j;
	return count;
}

/*
 * Rows of gains: how far a point lies inside the reference, per coordinate, so more is
 * better and 0 is worth nothing. Sorted by the last coordinate, descending.
 */
struct gains {
	int d; /* length of a row */
	double *row;
	struct arena *arena; /* for slices */
};

static void sort(const struct gains *g, int n, int axis)
{
	for (int i = 1; i < n; i++) /* insertion: small sets, no context to pass */
		for (int j = i; j > 0; j--) {
			double *a = g->row + (j - 1) * g->d;
			double *b = a + g->d;

			if (a[axis] >= b[axis])
				break;
			for (int k = 0; k < g->d; k++) {
				double t = a[k];

				a[k] = b[k];
				b[k] = t;
			}
		}
}

static double largest(const struct gains *g, int n, int axis)
{
	double top = 0;

	for (int i = 0; i < n; i++)
		top = fmax(top, g->row[i * g->d + axis]);
	return top;
}

/* How far row i reaches beyond the next one along the sorted axis. */
static double depth(const struct gains *g, int n, int i, int axis)
{
	double below = i + 1 < n ? g->row[(i + 1) * g->d + axis] : 0;

	return g->row[i * g->d + axis] - below;
}

static double area(const struct gains *g, int n)
{
	double sum = 0;

	sort(g, n, 1);
	for (int i = 0; i < n; i++)
		sum += largest(g, i + 1, 0) * depth(g, n, i, 1);
	return sum;
}

/* The volume of the union of boxes [0, row[0]] x ... x [0, row[axes - 1]]. */
static double volume(const struct gains *g, int n, int axes)
{
	struct arena_mark mark = arena_mark(g->arena);
	struct gains slice = { g->d, NULL, g->arena };
	double sum = 0;

	if (axes < 3)
		return axes == 1 ? largest(g, n, 0) : area(g, n);
	sort(g, n, axes - 1);
	slice.row = NEW_ARRAY(g->arena, double, n * g->d);
	for (int i = 0; i < n; i++) {
		double deep = depth(g, n, i, axes - 1);

		if (!(deep > 0))
			continue;
		/* Boxes that reach this deep; sorted anew below, so in a copy. */
		memcpy(slice.row, g->row,
			(size_t)(i + 1) * (size_t)g->d * sizeof(*g->row));
		sum += deep * volume(&slice, i + 1, axes - 1);
	}
	arena_rewind(g->arena, mark);
	return sum;
}

double stats_hypervolume(
	int d, const bool *higher, int n, const double *points, const double *reference)
{
	struct arena arena = { 0 };
	struct gains g = { d, NEW_ARRAY(&arena, double, (size_t)n *d + 1), &arena };
	int count = 0;
	double sum;

	for (int i = 0; i < n; i++) {
		double *row = g.row + count * d;
		bool inside = true;

		for (int k = 0; k < d; k++) {
			double gain = points[i * d + k] - reference[k];

			row[k] = higher[k] ? gain : -gain;
			inside &= row[k] > 0; /* false for NaN */
		}
		count += inside;
	}
	sum = count && d ? volume(&g, count, d) : 0;
	arena_release(&arena);
	return sum;
}
