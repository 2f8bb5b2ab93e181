#include <math.h>
#include <string.h>
#include "orchestrator/stats.h"

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

/* The volume of the union of boxes [0, row[0]] x ... x [0, row[axes - 1]]. */
static double volume(const struct gains *g, int n, int axes)
{
	int axis = axes - 1;
	double sum = 0;
	double top = 0;
	struct gains slice = { g->d, NULL, g->arena };
	struct arena_mark mark = arena_mark(g->arena);

	if (axes == 1) {
		for (int i = 0; i < n; i++)
			top = fmax(top, g->row[i * g->d]);
		return top;
	}
	sort(g, n, axis);
	if (axes > 2)
		slice.row = NEW_ARRAY(g->arena, double, n * g->d);
	for (int i = 0; i < n; i++) {
		double below = i + 1 < n ? g->row[(i + 1) * g->d + axis] : 0;
		double depth = g->row[i * g->d + axis] - below;

		if (axes == 2) {
			top = fmax(top, g->row[i * g->d]);
			sum += top * depth;
		} else if (depth > 0) {
			memcpy(slice.row, g->row,
				(size_t)(i + 1) * (size_t)g->d * sizeof(*g->row));
			sum += depth * volume(&slice, i + 1, axis);
		}
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
