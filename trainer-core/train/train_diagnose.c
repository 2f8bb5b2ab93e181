/*
 * diagnose.gradients: every so many steps some samples of the batch are passed alone, with
 * the parameters that the step starts from. Gradients of the trunk are compared between
 * the tasks of a sample and between the samples of a task; gradients and updates of the
 * step itself are measured. Nothing that training reads is changed.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/train/train_job.h"

#define STATS 4
static const char *const stat_names[STATS] = { "mean", "std", "p2.5", "p97.5" };
static const char *const magnitude_names[MAGNITUDES] = {
	[MAGNITUDE_GRADIENT] = "gradient", [MAGNITUDE_UPDATE] = "update"
};

static int pairs_of(int n)
{
	return n * (n - 1) / 2;
}

static int most_tasks(const struct train *t)
{
	return t->K < t->diagnosis.sample ? t->K : t->diagnosis.sample;
}

int train_diagnose_rows(const struct train *t)
{
	if (!t->diagnosis.every)
		return 0;
	return (1 + t->K) * (COMPARISON_FIGURES * STATS + 2 + MAGNITUDES * STATS);
}

static const char **names_of(const char *const *figure, int n, struct arena *a)
{
	const char **names = NEW_ARRAY(a, const char *, n *STATS);

	for (int i = 0; i < n * STATS; i++)
		names[i] = arena_printf(
			a, "%s_%s", figure[i / STATS], stat_names[i % STATS]);
	return names;
}

static void place(struct train *t, struct arena *a)
{
	struct diagnosis *d = &t->diagnosis;
	size_t trunk = graph_scope_floats(t->graph, SCOPE_SHARED) * sizeof(float);
	int due = t->data->split[SPLIT_TRAIN].n / t->batch / d->every + 2;

	d->grad = NEW_ARRAY(a, float *, d->sample);
	for (int i = 0; i < d->sample; i++)
		d->grad[i] = arena_alloc_aligned(a, trunk);
	d->scratch = arena_alloc_aligned(a, graph_floats(t->graph) * sizeof(float));
	d->pick = NEW_ARRAY(a, int, t->K);
	d->compare_name = names_of(comparison_names, COMPARISON_FIGURES, a);
	d->magnitude_name = names_of(magnitude_names, MAGNITUDES, a);
	comparison_place(&d->tasks, due * d->sample * pairs_of(most_tasks(t)), a);
	d->samples = NEW_ARRAY(a, struct comparison, t->K);
	d->magnitude = NEW_ARRAY(a, struct series, (t->K + 1) * MAGNITUDES);
	for (int k = 0; k < t->K; k++)
		comparison_place(&d->samples[k], due * pairs_of(d->sample), a);
	for (int k = 0; k <= t->K; k++)
		for (int m = 0; m < MAGNITUDES; m++)
			series_place(&d->magnitude[k * MAGNITUDES + m], due, a);
	for (int i = 0; i < graph_params(t->graph); i++)
		if (graph_param(t->graph, i)->scope == SCOPE_SHARED)
			d->coordinates += graph_param(t->graph, i)->count;
}

int train_diagnose_new(
	struct train *t, const struct params *ps, struct arena *a, struct err *e)
{
	struct diagnosis *d = &t->diagnosis;

	if (params_integer(ps, "diagnose.gradients.every", 0, &d->every, e) ||
		params_integer(ps, "diagnose.gradients.sample", 8, &d->sample, e))
		return e->code;
	if (d->every < 0 || d->sample < 2 || d->sample > DIAGNOSE_SAMPLE_MAX)
		return err_set(e, ERR_SPEC, "diagnose.gradients: every %d, sample %d",
			d->every, d->sample);
	if (d->every)
		place(t, a);
	return OK;
}

static bool due(const struct train *t)
{
	return t->diagnosis.every && t->step % t->diagnosis.every == 0;
}

void train_diagnose_begin(struct train *t)
{
	struct diagnosis *d = &t->diagnosis;

	if (!d->every)
		return;
	comparison_clear(&d->tasks);
	for (int k = 0; k < t->K; k++)
		comparison_clear(&d->samples[k]);
	for (int k = 0; k <= t->K; k++)
		for (int m = 0; m < MAGNITUDES; m++)
			d->magnitude[k * MAGNITUDES + m].n = 0;
}

/* The sample at place `at` of the epoch's order through the network, its loss gradients
 * seeded. */
static void observe(struct train *t, int at)
{
	train_pick_training(t, at);
	train_feed(t, 1);
	graph_forward(t->graph);
	for (int k = 0; k < t->K; k++)
		(void)train_task_loss(t, k, 1);
}

/* Of task k on the sample observed last, with respect to the trunk. */
static void gradient_of(struct train *t, int k, float *out)
{
	graph_backward_begin(t->graph);
	graph_backward_head(
		t->graph, k, t->task[k].info.loss_scale, t->diagnosis.scratch);
	graph_backward_trunk(t->graph, out);
}

static void compare_all(struct train *t, int n, struct comparison *c)
{
	const struct diagnosis *d = &t->diagnosis;
	size_t floats = graph_scope_floats(t->graph, SCOPE_SHARED);
	double square[DIAGNOSE_SAMPLE_MAX];

	for (int i = 0; i < n; i++) {
		const float *g = d->grad[i];

		square[i] = t->kernels->dot(floats, g, g);
		for (int j = 0; j < i; j++)
			comparison_add(c, square[i], square[j],
				t->kernels->dot(floats, g, d->grad[j]),
				(double)similarity_conflicts(floats, g, d->grad[j]) /
					(double)d->coordinates);
	}
}

void train_diagnose_pairs(struct train *t, int at, int n)
{
	struct diagnosis *d = &t->diagnosis;
	int samples = n < d->sample ? n : d->sample;
	int tasks;

	if (!due(t) || !d->coordinates)
		return;
	graph_evaluate(t->graph); /* what training keeps stays as it is */
	tasks = most_tasks(t);
	rng_permutation(t->seed, RNG_DIAGNOSE, (uint64_t)t->step, t->K, d->pick);
	for (int i = 0; i < samples; i++) {
		observe(t, at + i);
		for (int k = 0; k < tasks; k++)
			gradient_of(t, d->pick[k], d->grad[k]);
		compare_all(t, tasks, &d->tasks);
	}
	for (int k = 0; k < tasks; k++) {
		for (int i = 0; i < samples; i++) {
			observe(t, at + i);
			gradient_of(t, d->pick[k], d->grad[i]);
		}
		compare_all(t, samples, &d->samples[d->pick[k]]);
	}
}

/* Of the trunk (k 0) or head k - 1: with an optimizer a task, of their gradients' sum. */
static double gradient_length(const struct train *t, int k)
{
	int scope = k ? k - 1 : SCOPE_SHARED;
	size_t from = graph_scope_begin(t->graph, scope);
	size_t floats = graph_scope_floats(t->graph, scope);
	int arrays = t->per_task && !k ? t->K : 1;
	double square = 0;

	for (int i = 0; i < arrays; i++)
		for (int j = 0; j < arrays; j++) {
			int own = t->per_task && k ? k - 1 : 0;

			square += t->kernels->dot(floats, t->grad[own + i] + from,
				t->grad[own + j] + from);
		}
	return sqrt(fmax(square, 0));
}

void train_diagnose_before(struct train *t)
{
	struct diagnosis *d = &t->diagnosis;

	if (!due(t))
		return;
	memcpy(d->scratch, graph_values(t->graph),
		graph_floats(t->graph) * sizeof(float));
	for (int k = 0; k <= t->K; k++)
		series_add(&d->magnitude[k * MAGNITUDES + MAGNITUDE_GRADIENT],
			gradient_length(t, k));
}

void train_diagnose_after(struct train *t)
{
	struct diagnosis *d = &t->diagnosis;

	if (!due(t))
		return;
	t->kernels->axpy(
		graph_floats(t->graph), -1, graph_values(t->graph), d->scratch);
	for (int k = 0; k <= t->K; k++) {
		int scope = k ? k - 1 : SCOPE_SHARED;
		const float *moved = d->scratch + graph_scope_begin(t->graph, scope);

		series_add(&d->magnitude[k * MAGNITUDES + MAGNITUDE_UPDATE],
			sqrt(t->kernels->dot(
				graph_scope_floats(t->graph, scope), moved, moved)));
	}
}

static int put_series(struct train *t, const char *split, const char *task,
	const char *const *name, struct series *s, struct err *e)
{
	struct spread spread;
	int rc;

	if (!s->n)
		return OK;
	spread = spread_of(s->v, s->n);
	rc = train_put_row(t, split, task, name[0], spread.mean, e);
	if (!rc)
		rc = train_put_row(t, split, task, name[1], spread.std, e);
	if (!rc)
		rc = train_put_row(t, split, task, name[2], spread.low, e);
	if (!rc)
		rc = train_put_row(t, split, task, name[3], spread.high, e);
	return rc;
}

static int put_comparison(struct train *t, const char *split, const char *task,
	struct comparison *c, struct err *e)
{
	int rc = OK;

	for (int i = 0; i < COMPARISON_FIGURES && !rc; i++)
		rc = put_series(t, split, task, t->diagnosis.compare_name + i * STATS,
			&c->figure[i], e);
	if (rc || !c->figure[COMPARE_DOT].n)
		return rc;
	rc = train_put_row(t, split, task, "positive_pairs", c->above, e);
	return rc ? rc : train_put_row(t, split, task, "negative_pairs", c->below, e);
}

int train_diagnose_put(struct train *t, struct err *e)
{
	struct diagnosis *d = &t->diagnosis;
	int rc = OK;

	if (!d->every)
		return OK;
	rc = put_comparison(t, "between_tasks", "", &d->tasks, e);
	for (int k = 0; k < t->K && !rc; k++)
		rc = put_comparison(
			t, "between_samples", t->task[k].info.name, &d->samples[k], e);
	for (int k = 0; k <= t->K && !rc; k++)
		for (int m = 0; m < MAGNITUDES && !rc; m++)
			rc = put_series(t, "magnitude",
				k ? t->task[k - 1].info.name : "",
				d->magnitude_name + m * STATS,
				&d->magnitude[k * MAGNITUDES + m], e);
	return rc;
}
