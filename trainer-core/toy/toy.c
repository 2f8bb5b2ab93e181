#include "trainer-core/toy/toy.h"

#include <math.h>
#include <string.h>

#define CUSP 5e-6 /* arguments of the logarithm are clamped to it */

const struct toy_method toy_methods[] = {
	{ "ew", 0.5, { NULL }, { NULL } },
	{ "pcgrad", 1, { "reduction" }, { "mean" } },
	{ "cagrad", 1, { "c", "rescale", "eps" }, { "0.5", "2", "1e-4" } },
	{ "mgda", 1, { NULL }, { NULL } },
};
const int toy_method_count = COUNT(toy_methods);

void toy_params(struct params *ps, const struct toy_method *m, const char *optimizer,
	double lr, struct arena *a)
{
	*ps = (struct params){ 0 };
	params_set(ps, a, "method", m->method);
	for (int i = 0; i < TOY_OPTIONS && m->option[i]; i++)
		params_set(ps, a, m->option[i], m->value[i]);
	params_set(ps, a, "train.optimizer", optimizer);
	params_set_number(ps, a, "lr", lr);
	params_set(ps, a, "wd", "0");
	params_set(ps, a, "seed", "0");
}

/* One half of a loss: its value and slope. */
struct term {
	double v, dx1, dx2;
};

/* ln max(|u|, CUSP) + 6 of a u with this slope. */
static struct term cusp(struct term u)
{
	double size = fabs(u.v);

	if (size < CUSP)
		return (struct term){ log(CUSP) + 6, 0, 0 };
	return (struct term){ log(size) + 6, u.dx1 / u.v, u.dx2 / u.v };
}

static struct term bowl(const double *x, double centre)
{
	double a = x[0] - centre;
	double b = x[1] + 8;

	return (struct term){ (a * a + 0.1 * b * b) / 10 - 20, 2 * a / 10,
		0.2 * b / 10 };
}

/* max(0, tanh(side x2 / 2)): which half of the plane a term belongs to. */
static struct term gate(double x2, double side)
{
	double t = tanh(side * x2 / 2);

	if (t < 0)
		return (struct term){ 0, 0, 0 };
	return (struct term){ t, 0, side * (1 - t * t) / 2 };
}

void toy_losses(const double *x, double *f, double *grad)
{
	double t = tanh(x[1]);
	double slope = 1 - t * t;
	const struct term u[TOY_K] = { { 0.5 * (-x[0] - 7) + t, -0.5, slope },
		{ 0.5 * (-x[0] + 3) - t + 2, -0.5, -slope } };
	struct term up = gate(x[1], 1);
	struct term down = gate(x[1], -1);

	for (int i = 0; i < TOY_K; i++) {
		struct term l = cusp(u[i]);
		struct term q = bowl(x, i == 0 ? 7 : -7);

		f[i] = l.v * up.v + q.v * down.v;
		if (!grad)
			continue;
		grad[i * TOY_K] = l.dx1 * up.v + q.dx1 * down.v;
		grad[i * TOY_K + 1] =
			l.dx2 * up.v + l.v * up.dx2 + q.dx2 * down.v + q.v * down.dx2;
	}
}

static const struct task_info tasks[TOY_K] = {
	{ .name = "f1", .outputs = 1, .loss_scale = 1 },
	{ .name = "f2", .outputs = 1, .loss_scale = 1 },
};

int toy_init(struct toy *t, const struct params *ps, double reduction,
	const double *start, struct arena *a, struct err *e)
{
	int rc;

	*t = (struct toy){ .reduction = reduction };
	rc = optim_parse(ps, &t->optim, e);
	if (!rc)
		rc = weighting_init(&t->setup, ps, TOY_K, tasks, &t->optim, a, e);
	if (rc)
		return rc;
	t->state = NEW_ARRAY(a, double, weighting_state_size(&t->setup) + 1);
	weighting_state_init(&t->setup, t->state);
	t->moments = NEW_ARRAY(a, double, TOY_K *optim_scalar_floats(&t->optim) + 1);
	memcpy(t->x, start, sizeof(t->x));
	toy_losses(t->x, t->f, t->grad);
	return OK;
}

double toy_mean(const struct toy *t)
{
	return (t->f[0] + t->f[1]) / TOY_K;
}

static void fill_gram(const double *grad, double *gram)
{
	for (int i = 0; i < TOY_K; i++)
		for (int j = 0; j < TOY_K; j++) {
			const double *g = grad + i * TOY_K;
			const double *h = grad + j * TOY_K;

			gram[i * TOY_K + j] = g[0] * h[0] + g[1] * h[1];
		}
}

int toy_step(struct toy *t, struct err *e)
{
	double gram[TOY_K * TOY_K];
	double w[TOY_K];
	double x[TOY_K];
	double f[TOY_K];
	double grad[TOY_K * TOY_K];
	const struct weighting_step step = {
		.epoch = 1, .step = t->step, .lr_factor = 1, .loss = t->f, .gram = gram
	};
	int rc;

	fill_gram(t->grad, gram);
	rc = weighting_weigh(&t->setup, t->state, &step, w, e);
	if (rc)
		return rc;
	for (int i = 0; i < TOY_K; i++)
		t->direction[i] =
			t->reduction * (w[0] * t->grad[i] + w[1] * t->grad[TOY_K + i]);
	memcpy(x, t->x, sizeof(x));
	optim_scalar_step(&t->optim, t->step + 1, TOY_K, x, t->direction, t->moments);
	toy_losses(x, f, grad);
	if (!isfinite(x[0]) || !isfinite(x[1]) || !isfinite(f[0]) || !isfinite(f[1]))
		return err_set(e, ERR_DIVERGED, "step %ld leaves the finite numbers",
			t->step + 1);
	weighting_update(&t->setup, t->state, &step);
	memcpy(t->x, x, sizeof(x));
	memcpy(t->f, f, sizeof(f));
	memcpy(t->grad, grad, sizeof(grad));
	t->step++;
	return OK;
}
