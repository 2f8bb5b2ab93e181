/* The CAGrad problem over methods, optimizers, learning rates and starts of Elich et al. */
#include "trainer-core/toy/toy.h"
#include "worker/toy/toy.h"

static const char *const optimizers[] = { "gd", "adam" };
static const double rates[] = { 10, 5, 1, 0.5, 0.1, 0.05, 0.01, 0.005, 0.001 };
static const double starts[][TOY_K] = { { -8.5, 7.5 }, { -8.5, -5 }, { 9, 9 } };

/* 61 x 61 places from -12 to 12. */
#define GRID 60
#define GRID_LOW (-12.0)
#define GRID_STEP 0.4

struct point {
	const struct toy_method *method;
	const char *optimizer;
	double lr;
	int start;
	int run; /* from 1 */
};

/* Of a trajectory the steps with at most two significant digits are kept, and its end. */
static bool kept(long step)
{
	while (step >= 100) {
		if (step % 10)
			return false;
		step /= 10;
	}
	return true;
}

static int put_point(struct store *s, int run, const struct toy *t, struct err *e)
{
	return store_run(s, STMT_TOY_POINT_PUT,
		ARGS(INT(run), INT(t->step), REAL(t->x[0]), REAL(t->x[1]),
			REAL(t->f[0]), REAL(t->f[1])),
		e);
}

/* Until the minimum is reached. *why: what ended it before, or NULL. */
static int follow(struct store *s, const struct point *p, struct toy *t, int steps,
	const char **why, struct err *e)
{
	struct err diverged = { 0 };
	long written = -1;
	int rc = OK;

	*why = NULL;
	while (!rc && !*why) {
		if (kept(t->step)) {
			rc = put_point(s, p->run, t, e);
			written = t->step;
		}
		if (rc || toy_mean(t) < TOY_REACHED || t->step == steps)
			break;
		if (toy_step(t, &diverged) == ERR_DIVERGED)
			*why = "diverged";
	}
	if (!rc && written != t->step)
		rc = put_point(s, p->run, t, e);
	return rc;
}

static int write_run(struct store *s, const struct point *p, int steps, struct arena *a,
	struct err *e)
{
	const double *x = starts[p->start];
	struct params ps;
	struct toy t;
	const char *why;
	bool reached;
	int rc;

	toy_params(&ps, p->method, p->optimizer, p->lr, a);
	rc = toy_init(&t, &ps, p->method->reduction, x, a, e);
	if (!rc)
		rc = follow(s, p, &t, steps, &why, e);
	if (rc)
		return rc;
	reached = !why && toy_mean(&t) < TOY_REACHED;
	return store_run(s, STMT_TOY_RUN_PUT,
		ARGS(INT(p->run), TEXT(p->method->method), TEXT(p->optimizer),
			REAL(p->lr), INT(p->start + 1), REAL(x[0]), REAL(x[1]),
			INT(t.step),
			TEXT(reached          ? "reached"
					: why ? why
					      : "not reached")),
		e);
}

/* The losses on a grid that holds all starts and the minimum; the view of the paper's figure. */
static int write_surface(struct store *s, struct err *e)
{
	int rc = store_run(s, STMT_TOY_SURFACE_CLEAR, NO_ARGS, e);

	for (int i = 0; i <= GRID; i++)
		for (int k = 0; k <= GRID && !rc; k++) {
			double x[TOY_K] = { GRID_LOW + i * GRID_STEP,
				GRID_LOW + k * GRID_STEP };
			double f[TOY_K];

			toy_losses(x, f, NULL);
			rc = store_run(s, STMT_TOY_SURFACE_PUT,
				ARGS(REAL(x[0]), REAL(x[1]), REAL(f[0]), REAL(f[1])),
				e);
		}
	return rc;
}

/* Point i of the product, the starts running fastest. */
static struct point point_at(int i)
{
	struct point p = { .run = i + 1 };

	p.start = i % COUNT(starts);
	i /= COUNT(starts);
	p.lr = rates[i % COUNT(rates)];
	i /= COUNT(rates);
	p.method = &toy_methods[i % toy_method_count];
	p.optimizer = optimizers[i / toy_method_count];
	return p;
}

int toy_cagrad_write(struct store *s, int steps, struct err *e)
{
	int runs = COUNT(optimizers) * toy_method_count * COUNT(rates) * COUNT(starts);
	struct arena a = { 0 };
	int rc = store_run(s, STMT_TOY_POINT_CLEAR, NO_ARGS, e);

	if (!rc)
		rc = store_run(s, STMT_TOY_RUN_CLEAR, NO_ARGS, e);
	if (!rc)
		rc = write_surface(s, e);
	for (int i = 0; i < runs && !rc; i++) {
		const struct point p = point_at(i);

		rc = write_run(s, &p, steps, &a, e);
		arena_release(&a);
	}
	return rc;
}
