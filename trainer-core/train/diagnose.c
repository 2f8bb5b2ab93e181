#include "trainer-core/train/diagnose.h"

#include <math.h>
#include <string.h>
#include "catalogue/setting.h"
#include "common/rng.h"

#define STATS 4
static const char *const stat_names[STATS] = { "mean", "std", "p2.5", "p97.5" };
static const char *const magnitude_names[MAGNITUDES] = {
	[MAGNITUDE_GRADIENT] = "gradient", [MAGNITUDE_UPDATE] = "update"
};
static const char *const sign_names[SIGN_SHARES] = { [SHARE_POSITIVE] =
							     "positive_share",
	[SHARE_NEGATIVE] = "negative_share",
	[SHARE_ZERO] = "zero_share" };

static int pairs_of(int n)
{
	return n * (n - 1) / 2;
}

static int most_tasks(const struct diagnosis *d)
{
	return d->batch->K < d->sample ? d->batch->K : d->sample;
}

int diagnosis_rows(const struct diagnosis *d)
{
	if (!d->every)
		return 0;
	return (1 + d->batch->K) *
		(COMPARISON_FIGURES * STATS + 2 + MAGNITUDES * STATS +
			SIGN_SHARES * STATS);
}

static const char **names_of(const char *const *figure, int n, struct arena *a)
{
	const char **names = NEW_ARRAY(a, const char *, n *STATS);

	for (int i = 0; i < n * STATS; i++)
		names[i] = arena_printf(
			a, "%s_%s", figure[i / STATS], stat_names[i % STATS]);
	return names;
}

static void place(struct diagnosis *d, struct arena *a)
{
	const struct batch *b = d->batch;
	const struct graph *g = b->graph;
	size_t trunk = graph_scope_floats(g, SCOPE_SHARED) * sizeof(float);
	int due = b->data->split[SPLIT_TRAIN].n / b->size / d->every + 2;

	d->grad = NEW_ARRAY(a, float *, d->sample);
	for (int i = 0; i < d->sample; i++)
		d->grad[i] = arena_alloc_aligned(a, trunk);
	d->scratch = arena_alloc_aligned(a, graph_floats(g) * sizeof(float));
	d->pick = NEW_ARRAY(a, int, b->K);
	d->compare_name = names_of(comparison_names, COMPARISON_FIGURES, a);
	d->magnitude_name = names_of(magnitude_names, MAGNITUDES, a);
	d->sign_name = names_of(sign_names, SIGN_SHARES, a);
	comparison_place(&d->tasks, due * d->sample * pairs_of(most_tasks(d)), a);
	d->samples = NEW_ARRAY(a, struct comparison, b->K);
	d->magnitude = NEW_ARRAY(a, struct series, (b->K + 1) * MAGNITUDES);
	d->signs = NEW_ARRAY(a, struct series, b->K * SIGN_SHARES);
	for (int k = 0; k < b->K; k++)
		comparison_place(&d->samples[k], due * pairs_of(d->sample), a);
	for (int i = 0; i < b->K * SIGN_SHARES; i++)
		series_place(&d->signs[i], due * d->sample, a);
	for (int k = 0; k <= b->K; k++)
		for (int m = 0; m < MAGNITUDES; m++)
			series_place(&d->magnitude[k * MAGNITUDES + m], due, a);
	for (int i = 0; i < graph_params(g); i++)
		if (graph_param(g, i)->scope == SCOPE_SHARED)
			d->coordinates += graph_param(g, i)->count;
}

int diagnosis_build(struct diagnosis *d, struct step *s, const struct params *ps,
	struct arena *a, struct err *e)
{
	d->step = s;
	d->batch = s->batch;
	if (!params_get(ps, "diagnose.gradients.every"))
		return OK;
	if (setting_whole(ps, "diagnose.gradients.every", &d->every, e) ||
		setting_whole(ps, "diagnose.gradients.sample", &d->sample, e))
		return e->code;
	ASSERT(d->sample <= DIAGNOSE_SAMPLE_MAX);
	place(d, a);
	return OK;
}

static bool due(const struct diagnosis *d)
{
	return d->every && d->step->done % d->every == 0;
}

void diagnosis_begin(struct diagnosis *d)
{
	if (!d->every)
		return;
	comparison_clear(&d->tasks);
	for (int k = 0; k < d->batch->K; k++)
		comparison_clear(&d->samples[k]);
	for (int k = 0; k <= d->batch->K; k++)
		for (int m = 0; m < MAGNITUDES; m++)
			d->magnitude[k * MAGNITUDES + m].n = 0;
	for (int i = 0; i < d->batch->K * SIGN_SHARES; i++)
		d->signs[i].n = 0;
}

/* The sample at place `at` of the epoch's order goes through the network alone. */
static void observe(const struct diagnosis *d, int at)
{
	batch_load_training(d->batch, at, 1);
	graph_forward(d->batch->graph);
	for (int k = 0; k < d->batch->K; k++)
		(void)batch_loss(d->batch, k, true);
}

/* Of task k on the sample observed last, with respect to the trunk. */
static void gradient_of(const struct diagnosis *d, int k, float *out)
{
	struct graph *g = d->batch->graph;

	graph_backward_begin(g);
	graph_backward_head(g, k, d->batch->task[k].info.loss_scale, d->scratch);
	graph_backward_trunk(g, out);
}

static void compare_all(const struct diagnosis *d, int n, struct comparison *c)
{
	const struct kernels *kernels = d->batch->kernels;
	size_t floats = graph_scope_floats(d->batch->graph, SCOPE_SHARED);
	double square[DIAGNOSE_SAMPLE_MAX];

	for (int i = 0; i < n; i++) {
		const float *g = d->grad[i];

		square[i] = kernels->dot(floats, g, g);
		for (int j = 0; j < i; j++)
			comparison_add(c, square[i], square[j],
				kernels->dot(floats, g, d->grad[j]),
				(double)similarity_conflicts(floats, g, d->grad[j]) /
					(double)d->coordinates);
	}
}

/* Padding is 0 and no coordinate, so what is neither above nor below counts by the rest. */
static void add_signs(struct diagnosis *d, int k, const float *g)
{
	struct signs s = signs_of(graph_scope_floats(d->batch->graph, SCOPE_SHARED), g);
	double n = (double)d->coordinates;
	struct series *of = d->signs + (size_t)k * SIGN_SHARES;

	series_add(&of[SHARE_POSITIVE], (double)s.above / n);
	series_add(&of[SHARE_NEGATIVE], (double)s.below / n);
	series_add(&of[SHARE_ZERO], (double)(d->coordinates - s.above - s.below) / n);
}

void diagnosis_pairs(struct diagnosis *d, int at, int n)
{
	struct batch *b = d->batch;
	int samples = n < d->sample ? n : d->sample;
	int tasks;

	if (!due(d) || !d->coordinates)
		return;
	graph_evaluate(b->graph); /* what training keeps stays as it is */
	tasks = most_tasks(d);
	rng_permutation(b->seed, RNG_DIAGNOSE, (uint64_t)d->step->done, b->K, d->pick);
	for (int i = 0; i < samples; i++) {
		observe(d, at + i);
		for (int k = 0; k < tasks; k++)
			gradient_of(d, d->pick[k], d->grad[k]);
		compare_all(d, tasks, &d->tasks);
	}
	for (int k = 0; k < tasks; k++) {
		for (int i = 0; i < samples; i++) {
			observe(d, at + i);
			gradient_of(d, d->pick[k], d->grad[i]);
			add_signs(d, d->pick[k], d->grad[i]);
		}
		compare_all(d, samples, &d->samples[d->pick[k]]);
	}
}

/* Of the trunk (k 0) or head k - 1: with an optimizer a task, of their gradients' sum. */
static double gradient_length(const struct step *s, int k)
{
	const struct batch *b = s->batch;
	int scope = k ? k - 1 : SCOPE_SHARED;
	size_t from = graph_scope_begin(b->graph, scope);
	size_t floats = graph_scope_floats(b->graph, scope);
	int arrays = s->per_task && !k ? b->K : 1;
	double square = 0;

	for (int i = 0; i < arrays; i++)
		for (int j = 0; j < arrays; j++) {
			int own = s->per_task && k ? k - 1 : 0;

			square += b->kernels->dot(floats, s->grad[own + i] + from,
				s->grad[own + j] + from);
		}
	return sqrt(fmax(square, 0));
}

void diagnosis_before(struct diagnosis *d)
{
	const struct batch *b = d->batch;

	if (!due(d))
		return;
	memcpy(d->scratch, graph_values(b->graph),
		graph_floats(b->graph) * sizeof(float));
	for (int k = 0; k <= b->K; k++)
		series_add(&d->magnitude[k * MAGNITUDES + MAGNITUDE_GRADIENT],
			gradient_length(d->step, k));
}

void diagnosis_after(struct diagnosis *d)
{
	const struct batch *b = d->batch;

	if (!due(d))
		return;
	b->kernels->axpy(
		graph_floats(b->graph), -1, graph_values(b->graph), d->scratch);
	for (int k = 0; k <= b->K; k++) {
		int scope = k ? k - 1 : SCOPE_SHARED;
		const float *moved = d->scratch + graph_scope_begin(b->graph, scope);

		series_add(&d->magnitude[k * MAGNITUDES + MAGNITUDE_UPDATE],
			sqrt(b->kernels->dot(
				graph_scope_floats(b->graph, scope), moved, moved)));
	}
}

static int put_series(struct row_sheet *rows, const char *split, const char *task,
	const char *const *name, struct series *s, struct err *e)
{
	struct spread spread = s->n ? spread_of(s->v, s->n) : (struct spread){ 0 };
	const double v[STATS] = { spread.mean, spread.std, spread.low, spread.high };
	int rc = OK;

	for (int i = 0; !rc && s->n && i < STATS; i++)
		rc = rows_put(rows, split, task, name[i], v[i], e);
	return rc;
}

static int put_comparison(const struct diagnosis *d, struct row_sheet *rows,
	const char *split, const char *task, struct comparison *c, struct err *e)
{
	int rc = OK;

	for (int i = 0; i < COMPARISON_FIGURES && !rc; i++)
		rc = put_series(rows, split, task, d->compare_name + i * STATS,
			&c->figure[i], e);
	if (rc || !c->figure[COMPARE_DOT].n)
		return rc;
	rc = rows_put(rows, split, task, "positive_pairs", c->above, e);
	return rc ? rc : rows_put(rows, split, task, "negative_pairs", c->below, e);
}

int diagnosis_put(struct diagnosis *d, struct row_sheet *rows, struct err *e)
{
	int rc = OK;

	if (!d->every)
		return OK;
	rc = put_comparison(d, rows, "between_tasks", "", &d->tasks, e);
	for (int k = 0; k < d->batch->K && !rc; k++)
		rc = put_comparison(d, rows, "between_samples",
			d->batch->task[k].info.name, &d->samples[k], e);
	for (int k = 0; k < d->batch->K && !rc; k++)
		for (int i = 0; i < SIGN_SHARES && !rc; i++)
			rc = put_series(rows, "signs", d->batch->task[k].info.name,
				d->sign_name + i * STATS,
				&d->signs[k * SIGN_SHARES + i], e);
	for (int k = 0; k <= d->batch->K && !rc; k++)
		for (int m = 0; m < MAGNITUDES && !rc; m++)
			rc = put_series(rows, "magnitude",
				k ? d->batch->task[k - 1].info.name : "",
				d->magnitude_name + m * STATS,
				&d->magnitude[k * MAGNITUDES + m], e);
	return rc;
}
