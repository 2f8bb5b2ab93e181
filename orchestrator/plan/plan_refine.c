/* The fine axis around one value of a coarse one. */
#include "orchestrator/plan/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/spec/spec_read.h"
#include "orchestrator/stats/weight_grid.h"

#define EPS 1e-9

struct fine {
	struct arena *a;
	const struct spec_axis *coarse;
	struct spec_axis *out;
	double part[TASKS_MAX]; /* weights: of the best point */
	int radius;
};

static void push(struct fine *f, const char *text, double value)
{
	f->out->text[f->out->count] = text;
	f->out->value[f->out->count++] = value;
}

static void allocate(struct fine *f, int64_t most)
{
	f->out->text = NEW_ARRAY(f->a, const char *, most);
	f->out->value = NEW_ARRAY(f->a, double, most);
	f->out->count = 0;
}

/* How many fine steps lead one coarse step away, and what one fine step does. */
static int steps_of(const struct spec_axis *x)
{
	if (x->scale == AXIS_LOG)
		return (int)x->fine + 1;
	return (int)ceil(x->step / x->fine - EPS);
}

static double moved(const struct spec_axis *x, double from, int steps)
{
	double v = x->scale == AXIS_LOG
		? from * pow(10, steps / (x->step * (x->fine + 1)))
		: from + steps * x->fine;

	return axis_round(v);
}

/*
 * Numbers: a coarse neighbour was tried and is left out; without one the walk goes on to
 * one coarse step inclusive. A fine step that does not divide the coarse one ends short.
 */
static void refine_number(struct fine *f, int best)
{
	const struct spec_axis *x = f->coarse;
	int reach = steps_of(x);
	bool divides =
		x->scale == AXIS_LOG || fabs(reach * x->fine - x->step) < EPS * x->step;
	int down = best > 0 || !divides ? reach - 1 : reach;
	int up = best < x->count - 1 || !divides ? reach - 1 : reach;

	allocate(f, down + up + 1);
	for (int k = -down; k <= up; k++) {
		char buf[NUMBER_MAX];
		double v = k ? moved(x, x->value[best], k) : x->value[best];

		if (k == 0)
			push(f, x->text[best], v);
		else if (v >= x->min && v <= x->max)
			push(f, arena_strdup(f->a, number_format(v, buf)), v);
	}
}

/* Adds one weighting, which lies z fine steps (shifted by the radius) from the best. */
static int push_weights(const int *z, void *arg)
{
	struct fine *f = arg;
	struct str text = { .arena = f->a };
	char buf[NUMBER_MAX];

	for (int k = 0; k < f->coarse->tasks; k++) {
		double w = f->part[k] + (z[k] - f->radius) * f->coarse->fine;

		w = fabs(w) < EPS ? 0 : axis_round(w);
		str_printf(&text, "%s%s", k ? " " : "", number_format(w, buf));
	}
	push(f, str_get(&text), 0);
	return 0;
}

static void refine_weights(struct fine *f, int best)
{
	const struct spec_axis *x = f->coarse;
	int K = x->tasks;
	int lo[TASKS_MAX], hi[TASKS_MAX];
	const char *s = x->text[best];

	f->radius = axis_fine_radius(x);
	for (int k = 0; k < K; k++) {
		char *end;
		double room;

		f->part[k] = strtod(s, &end);
		s = end;
		/*
		 * Inside the simplex every coarse point is at least a coarse step away
		 * from 0.
		 */
		room = floor(f->part[k] / x->fine + EPS);
		lo[k] = room < f->radius ? f->radius - (int)room : 0;
		hi[k] = 2 * f->radius;
	}
	allocate(f, weight_grid_neighbours(K, f->radius));
	(void)weight_grid_walk(K, K * f->radius, lo, hi, push_weights, f);
}

struct spec_axis plan_refine_axis(
	const struct spec_axis *coarse, int best, struct arena *a)
{
	struct spec_axis out = *coarse;
	struct fine f = { .a = a, .coarse = coarse, .out = &out };

	if (coarse->scale == AXIS_SIMPLEX)
		refine_weights(&f, best);
	else
		refine_number(&f, best);
	return out;
}
