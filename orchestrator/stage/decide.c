#include "orchestrator/stage/decide.h"

#include <math.h>

static double *row_of(const struct decide_group *g, int run)
{
	return g->figure + (size_t)run * (size_t)g->columns;
}

/* The rungs. */

static void decide_rung(
	const struct decide_group *g, struct decision *d, struct arena *scratch)
{
	int window = g->columns;
	double *mean = NEW_ARRAY(scratch, double, (size_t)g->n *(size_t)window);
	int *lr = NEW_ARRAY(scratch, int, g->n);

	for (int i = 0; i < g->n; i++) {
		const struct decide_config *c = &g->config[i];

		lr[i] = c->lr;
		for (int k = c->first; k < c->first + c->runs; k++)
			for (int w = 0; w < window; w++)
				mean[i * window + w] += row_of(g, k)[w] / c->runs;
	}
	prune_compare(&g->plan, g->n, window, lr, mean, d->of);
	for (int i = 0; i < g->n; i++)
		d->of[i].stop &= !g->config[i].incumbent;
}

/* The end. */

static double mean_of(const struct decide_group *g, int i, int column)
{
	const struct decide_config *c = &g->config[i];
	double sum = 0;

	for (int k = c->first; k < c->first + c->runs; k++)
		sum += g->run[k].refused ? HUGE_VAL : row_of(g, k)[column];
	return sum / c->runs;
}

static double signed_gap(bool higher, double value, double best)
{
	double worse = higher ? best - value : value - best;

	return best != 0 ? 100 * worse / fabs(best) : worse;
}

/* Adds to each figure how far the configuration is from the best in this criterion. */
static void add_gaps(const struct decide_group *g, int column, struct decision *d)
{
	bool higher = g->higher[column];
	double best = HUGE_VAL;

	for (int i = 0; i < g->n; i++) {
		double mean = mean_of(g, i, column);

		if (isfinite(mean))
			best = fmin(best, higher ? -mean : mean);
	}
	for (int i = 0; i < g->n; i++) {
		double mean = mean_of(g, i, column);

		d->of[i].figure += isfinite(mean)
			? signed_gap(higher, mean, higher ? -best : best)
			: HUGE_VAL;
	}
}

static bool diverged(const struct decide_group *g, int i)
{
	const struct decide_config *c = &g->config[i];
	bool any = false;

	for (int k = c->first; k < c->first + c->runs; k++)
		any |= g->run[k].diverged;
	return any;
}

static void rank(const struct decide_group *g, struct decision *d)
{
	for (int i = 0; i < g->n; i++) {
		double figure = d->of[i].figure;

		d->diverged += diverged(g, i);
		if (!isfinite(figure))
			continue;
		if (d->best < 0 || figure < d->of[d->best].figure) {
			d->second = d->best;
			d->best = i;
		} else if (d->second < 0 || figure < d->of[d->second].figure) {
			d->second = i;
		}
	}
}

static void decide_end(const struct decide_group *g, struct decision *d)
{
	for (int i = 0; !g->higher && i < g->n; i++)
		d->of[i].figure = mean_of(g, i, 0);
	for (int column = 0; g->higher && column < g->columns; column++)
		add_gaps(g, column, d);
	for (int i = 0; g->higher && g->columns && i < g->n; i++)
		d->of[i].figure /= g->columns;
	rank(g, d);
}

struct decision decide(const struct decide_group *g, struct arena *a)
{
	struct arena scratch = { 0 };
	struct decision d = { .of = NEW_ARRAY(a, struct prune_verdict, g->n),
		.best = -1,
		.second = -1,
		.stopped = g->tried - g->n };

	if (g->epoch < g->plan.epochs)
		decide_rung(g, &d, &scratch);
	else
		decide_end(g, &d);
	arena_release(&scratch);
	return d;
}
