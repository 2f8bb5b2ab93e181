#include "orchestrator/plan/prune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 2 /* rungs without keep: so many go on at any rung */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The k-th smallest (from 1) of n values that lie `stride` apart. */
static double kth(int n, const double *x, int stride, int k, double *scratch)
{
	for (int i = 0; i < n; i++)
		scratch[i] = x[(size_t)i * (size_t)stride];
	qsort(scratch, (size_t)n, sizeof(*scratch), by_value);
	return scratch[(k < n ? k : n) - 1];
}

/* Stops who is, in every epoch of the window, above number `mark` of that epoch. */
static void rungs(int mark, int n, int window, const double *delta_m,
	struct prune_verdict *out, double *scratch)
{
	for (int i = 0; i < n; i++)
		out[i].stop = true;
	for (int w = 0; w < window; w++) {
		double limit = kth(n, delta_m + w, window, mark, scratch);

		for (int i = 0; i < n; i++) {
			out[i].bound = limit;
			out[i].mark = mark;
			if (delta_m[i * window + w] <= limit)
				out[i].stop = false;
		}
	}
}

/* Stops who is above the mark-th lowest figure; of those equal to it, the last ones. */
static void halving(int mark, int n, struct prune_verdict *out, const double *figure,
	double *scratch)
{
	double limit = kth(n, figure, 1, mark, scratch);
	int room = mark;

	for (int i = 0; i < n; i++)
		room -= figure[i] < limit;
	for (int i = 0; i < n; i++) {
		out[i].bound = limit;
		out[i].mark = mark;
		out[i].stop = figure[i] > limit || (figure[i] == limit && room-- <= 0);
	}
}

static void median(
	int n, struct prune_verdict *out, const double *figure, double *scratch)
{
	double low = kth(n, figure, 1, (n + 1) / 2, scratch);
	double high = kth(n, figure, 1, n / 2 + 1, scratch);
	double limit = low == high ? low : (low + high) / 2;

	for (int i = 0; i < n; i++) {
		out[i].bound = limit;
		out[i].stop = figure[i] > limit;
	}
}

static int half(const struct prune_plan *p, int n)
{
	return (int)ceil(n / p->eta);
}

static int mark_of(const struct prune_plan *p, int n)
{
	int mark = half(p, n);

	if (p->keep)
		return p->keep;
	return mark < LEAST ? LEAST : mark;
}

/* Judges configurations that are all compared with one another. */
static void judge(const struct prune_plan *p, int n, int window, const double *delta_m,
	struct prune_verdict *out, struct arena *a)
{
	double *figure = NEW_ARRAY(a, double, n);
	double *scratch = NEW_ARRAY(a, double, n);

	for (int i = 0; i < n; i++) {
		for (int w = 0; w < window; w++)
			figure[i] += delta_m[i * window + w] / window;
		out[i] = (struct prune_verdict){ figure[i], HUGE_VAL, 0, false };
	}
	switch (p->rule) {
	case PRUNE_RUNGS:
		rungs(mark_of(p, n), n, window, delta_m, out, scratch);
		break;
	case PRUNE_HALVING:
		halving(half(p, n), n, out, figure, scratch);
		break;
	case PRUNE_MEDIAN:
		median(n, out, figure, scratch);
		break;
	case PRUNE_NONE:
		break;
	}
}

/* Whether i is the first of its rate. */
static bool opens(const int *lr, int i)
{
	for (int k = 0; k < i; k++)
		if (!lr || lr[k] == lr[i])
			return false;
	return true;
}

void prune_compare(const struct prune_plan *p, int n, int window, const int *lr,
	const double *delta_m, struct prune_verdict *out)
{
	struct arena a = { 0 };
	const int *rate = p->within_lr ? lr : NULL;
	int *who = NEW_ARRAY(&a, int, n);
	double *own = NEW_ARRAY(&a, double, (size_t)n *(size_t)window);
	struct prune_verdict *verdict = NEW_ARRAY(&a, struct prune_verdict, n);

	for (int i = 0; i < n; i++) {
		int m = 0;

		if (!opens(rate, i))
			continue;
		for (int k = i; k < n; k++) {
			if (rate && rate[k] != rate[i])
				continue;
			memcpy(own + m * window, delta_m + k * window,
				(size_t)window * sizeof(*delta_m));
			who[m++] = k;
		}
		judge(p, m, window, own, verdict, &a);
		for (int k = 0; k < m; k++)
			out[who[k]] = verdict[k];
	}
	arena_release(&a);
}

struct prune_plan prune_plan_of(const struct spec *s, const struct spec_variant *v)
{
	return (struct prune_plan){ s->prune.rule, s->prune.keep, s->prune.eta,
		s->prune.within_lr, v->epochs, v->window, v->rungs, v->nrungs };
}

int prune_next(const struct prune_plan *p, int after, int configs)
{
	int few = p->rule == PRUNE_RUNGS ? mark_of(p, 1) : 1;

	for (int i = 0; configs > few && i < p->nrungs; i++)
		if (p->rungs[i] > after)
			return p->rungs[i];
	return p->epochs;
}

/* In a window of several epochs more than `mark` are among the best of one of them. */
#define WINDOW_SPREAD 1.25

double prune_survivors(const struct prune_plan *p, int groups, double configs)
{
	double each = configs / groups;
	double left = each;

	switch (p->rule) {
	case PRUNE_RUNGS:
		left = WINDOW_SPREAD * mark_of(p, (int)ceil(each));
		break;
	case PRUNE_HALVING:
		left = half(p, (int)ceil(each));
		break;
	case PRUNE_MEDIAN:
		left = (each + 1) / 2;
		break;
	case PRUNE_NONE:
		break;
	}
	return groups * fmin(each, left);
}

int prune_window(const struct prune_plan *p, int rung)
{
	return p->window < rung ? p->window : rung;
}
