#include "worker/probe.h"

#include <stdio.h>
#include <string.h>
#include "common/clock.h"
#include "trainer-core/train/train.h"

#define WARM_STEPS 2 /* caches, pages, clocks */
#define LEAST_STEPS 3
#define SECONDS 0.25

/* Evaluation is the forward pass; training about three times as much a sample. */
#define EVAL_SHARE (1.0 / 3)

struct probe {
	double begin; /* the first step that counts */
	double last; /* the end of the newest */
	int steps; /* that count */
	int warm;
};

static int on_step(void *arg)
{
	struct probe *p = arg;

	p->last = clock_seconds();
	if (p->warm < WARM_STEPS) {
		p->warm++;
		p->begin = p->last;
		return 0;
	}
	p->steps++;
	return p->steps >= LEAST_STEPS && p->last - p->begin >= SECONDS;
}

static int add_argument(
	struct params *ps, struct arena *a, const char *argument, struct err *e)
{
	const char *equals = strchr(argument, '=');

	if (!equals || equals == argument)
		return err_set(
			e, ERR_USAGE, "--probe: \"%s\" is not NAME=VALUE", argument);
	params_set(ps, a, arena_strndup(a, argument, (size_t)(equals - argument)),
		equals + 1);
	return OK;
}

/* An epoch from the steps seen, or the whole of a short one. */
static int measure(const struct params *ps, const struct dataset *d, struct arena *a,
	double *epoch, struct err *e)
{
	struct probe p = { 0 };
	const struct epoch_rows *rows;
	struct train *t;
	double begin;
	double batch;
	double samples;
	int rc = train_new(&t, ps, d, a, e);

	if (!rc)
		rc = params_number(ps, "train.batch", &batch, e);
	if (rc)
		return rc;
	begin = clock_seconds();
	rc = train_epoch(t, on_step, &p, &rows, e);
	*epoch = clock_seconds() - begin;
	if (rc != ERR_INTERRUPTED)
		return rc;
	samples = d->split[SPLIT_TRAIN].n +
		EVAL_SHARE * (d->split[SPLIT_VAL].n + d->split[SPLIT_TEST].n);
	*epoch = (p.last - p.begin) / p.steps / batch * samples;
	return OK;
}

static int probe(const struct params *ps, struct arena *a, struct err *e)
{
	struct dataset d;
	double epoch = 0;
	int rc = dataset_open(ps, a, &d, e);

	if (rc)
		return rc;
	rc = measure(ps, &d, a, &epoch, e);
	dataset_close(&d);
	if (!rc && (printf("seconds_per_epoch %.9g\n", epoch) < 0 || fflush(stdout)))
		rc = err_errno(e, "--probe: standard output");
	return rc;
}

int probe_main(int argc, char **argv, struct err *e)
{
	struct arena a = { 0 };
	struct params ps = { 0 };
	int rc = OK;

	for (int i = 0; i < argc && !rc; i++)
		rc = add_argument(&ps, &a, argv[i], e);
	if (!rc)
		rc = probe(&ps, &a, e);
	arena_release(&a);
	return rc;
}
