/*
 * The CAGrad problem: values and gradients, each method's direction, trajectories, and
 * the first step at which the minimum is reached, all from trainer-core/toy/toy.c.
 */
#include <math.h>
#include <string.h>
#include "tests/fixtures.h"
#include "tests/lib/toy_optimum.h"

#define MOST_STEPS 100000

static const double starts[][TOY_K] = { { -8.5, 7.5 }, { -8.5, -5 }, { 9, 9 } };

static const struct toy_method *method_of(const char *name)
{
	for (int i = 0; i < toy_method_count; i++)
		if (!strcmp(toy_methods[i].method, name))
			return &toy_methods[i];
	return NULL;
}

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static double *points(struct fixture *f, int *n)
{
	double *x = json_numbers(
		f->arena, cJSON_GetObjectItemCaseSensitive(f->json, "points"), n);

	*n /= TOY_K;
	return x;
}

static enum outcome values(struct fixture *f)
{
	int n;
	const double *x = points(f, &n);
	double *value = NEW_ARRAY(f->arena, double, n *TOY_K + 1);
	double *grad = NEW_ARRAY(f->arena, double, n *TOY_K *TOY_K + 1);

	for (int i = 0; i < n; i++)
		toy_losses(x + i * TOY_K, value + i * TOY_K, grad + i * TOY_K * TOY_K);
	return fixture_near_all(f, value, fixture_expect(f, "f"), n * TOY_K, "f") &&
			fixture_near_all(f, grad, fixture_expect(f, "grad"),
				n * TOY_K * TOY_K, "grad")
		? PASSED
		: FAILED;
}

/* A run of the case's method from `start`; lr and optimizer from its hyperparameters. */
static bool begin(
	struct fixture *f, const char *method, const double *start, struct toy *t)
{
	const struct toy_method *m = method_of(method);
	struct params *ps = NEW(f->arena, struct params);
	struct err e;

	if (!m)
		return fixture_fail(f, "no method %s", method) == PASSED;
	toy_params(ps, m, fixture_text(f, "optimizer", "sgd"),
		fixture_number(f, "lr", 1), f->arena);
	if (!strcmp(fixture_text(f, "optimizer", "sgd"), "sgd"))
		params_set(ps, f->arena, "train.optimizer.momentum", "0");
	if (fixture_hyper(f, "c") && !strcmp(method, "cagrad"))
		params_set_number(ps, f->arena, "c", fixture_number(f, "c", 0));
	if (toy_init(t, ps, m->reduction, start, f->arena, &e))
		return fixture_fail(f, "%s", e.msg) == PASSED;
	return true;
}

static enum outcome direction(struct fixture *f)
{
	int n;
	const double *x = points(f, &n);
	double *got = NEW_ARRAY(f->arena, double, n *TOY_K + 1);

	for (int i = 0; i < n; i++) {
		struct toy t;
		struct err e;

		if (!begin(f, f->name + strlen("direction_"), x + i * TOY_K, &t))
			return FAILED;
		if (toy_step(&t, &e))
			return fixture_fail(f, "point %d: %s", i, e.msg);
		memcpy(got + i * TOY_K, t.direction, sizeof(t.direction));
	}
	return fixture_near_all(
		       f, got, fixture_expect(f, "direction"), n * TOY_K, "direction")
		? PASSED
		: FAILED;
}

static enum outcome trajectory(struct fixture *f)
{
	int steps = (int)fixture_number(f, "steps", 0);
	int n;
	const double *start = json_numbers(
		f->arena, cJSON_GetObjectItemCaseSensitive(f->json, "init"), &n);
	double *got = NEW_ARRAY(f->arena, double, steps *TOY_K + 1);
	struct toy t;
	struct err e;

	if (n != TOY_K)
		return fixture_fail(f, "init: %d numbers", n);
	if (!begin(f, fixture_text(f, "method", ""), start, &t))
		return FAILED;
	for (int i = 0; i < steps; i++) {
		if (toy_step(&t, &e))
			return fixture_fail(f, "step %d: %s", i, e.msg);
		memcpy(got + i * TOY_K, t.x, sizeof(t.x));
	}
	return fixture_near_all(f, got, fixture_expect(f, "x"), steps * TOY_K, "x")
		? PASSED
		: FAILED;
}

static enum outcome iterations(struct fixture *f)
{
	double got[COUNT(starts)];
	double most = 0;

	if (!strstr(fixture_text(f, "criterion", ""), "mean loss of x_t < -15 "))
		return fixture_fail(f, "another criterion");
	for (int i = 0; i < COUNT(starts); i++) {
		struct toy t;
		struct err e;

		if (!begin(f, fixture_text(f, "method", ""), starts[i], &t))
			return FAILED;
		while (toy_mean(&t) >= TOY_REACHED && t.step < MOST_STEPS)
			if (toy_step(&t, &e))
				return fixture_fail(f, "start %d: %s", i, e.msg);
		got[i] = (double)t.step;
		most = fmax(most, got[i]);
	}
	return fixture_near_all(f, got, fixture_expect(f, "per_start"), COUNT(starts),
		       "per_start") &&
			fixture_near(
				f, most, json_number(fixture_expect(f, "max")), "max")
		? PASSED
		: FAILED;
}

/* The shortest combination of both gradients on the ordinate through x, near x2. */
static double least_slope(struct fixture *f, double x1, double x2)
{
	double least = INFINITY;

	for (int i = -100; i <= 100; i++) {
		const double x[TOY_K] = { x1, x2 + i * 1e-3 };
		struct toy t;
		struct err e;

		if (!begin(f, "mgda", x, &t) || toy_step(&t, &e))
			return NAN;
		least = fmin(least, hypot(t.direction[0], t.direction[1]));
	}
	return least;
}

/* "x2 = optimum ordinate, x1 in [-7,7]" (the ordinate drifts by less than 0.1). */
static enum outcome pareto_set(struct fixture *f, const double *optimum)
{
	const cJSON *text = fixture_expect(f, "pareto_set");

	if (!cJSON_IsString(text) || !strstr(text->valuestring, "x1 in [-7,7]"))
		return fixture_fail(f, "pareto_set: another one");
	for (double x1 = -9; x1 <= 9; x1 += 0.5) {
		double slope = least_slope(f, x1, optimum[1]);

		if (fabs(x1) <= 7 ? !(slope < 1e-4) : !(slope > 0.05))
			return fixture_fail(f,
				"x1 = %g: the shortest gradient is %g long", x1, slope);
	}
	return PASSED;
}

static enum outcome optimum(struct fixture *f)
{
	double x[TOY_K];
	double value[TOY_K];

	toy_optimum(x);
	toy_losses(x, value, NULL);
	if (!fixture_near_all(f, x, fixture_expect(f, "x"), TOY_K, "x") ||
		!fixture_near(f, (value[0] + value[1]) / TOY_K,
			json_number(fixture_expect(f, "mean_loss")), "mean_loss"))
		return FAILED;
	return pareto_set(f, x);
}

enum outcome fixture_toy(struct fixture *f)
{
	if (!strcmp(f->name, "values_and_gradients"))
		return values(f);
	if (!strcmp(f->name, "optimum"))
		return optimum(f);
	if (begins(f->name, "direction_"))
		return direction(f);
	if (begins(f->name, "trajectory_"))
		return trajectory(f);
	if (begins(f->name, "iterations_"))
		return iterations(f);
	return fixture_fail(f, "no such case");
}
