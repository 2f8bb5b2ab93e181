/*
 * Building a job from its parameters.
 */
#include <stdio.h>
#include <string.h>
#include "catalogue/setting.h"
#include "trainer-core/blas.h"
#include "trainer-core/network/initial.h"
#include "trainer-core/network/precision.h"
#include "trainer-core/train/job.h"

/* Small inputs are evaluated this many at a time: prediction does not depend on it. */
#define EVALUATION_BATCH 256
#define SMALL_INPUT 4096

static int parse_schedule(struct train *t, const struct params *ps, struct err *e)
{
	struct batch *b = &t->batch;
	double seed;
	int n = b->data->split[SPLIT_TRAIN].n;

	if (setting_whole(ps, "train.epochs", &t->epochs, e) ||
		setting_whole(ps, "train.batch", &b->size, e) ||
		params_number(ps, "seed", &seed, e) || lr_decay_parse(ps, &t->decay, e))
		return e->code;
	if (b->size > n)
		return err_set(e, ERR_SPEC, "train.batch: %d of %d training samples",
			b->size, n);
	if (!(seed >= 0) || seed > 0x1p53)
		return err_set(e, ERR_SPEC, "seed: %g", seed);
	b->seed = (uint64_t)seed;
	return OK;
}

static void add_task(
	struct batch *b, const struct task_info *info, int column, const char *asked)
{
	struct batch_task *task = &b->task[b->K++];

	task->info = *info;
	task->column = column;
	task->loss = loss_of(info);
	task->metrics = registry_metrics(
		info->kind, asked, task->metric, task->metric_name, METRICS_MAX);
}

/* The tasks of the data set that the job trains, or the one that a baseline names. */
static int choose_tasks(
	struct batch *b, const struct params *ps, struct arena *a, struct err *e)
{
	const char *only = params_get(ps, "task");
	const char *used = params_get(ps, "dataset.use");

	b->task = NEW_ARRAY(a, struct batch_task, b->data->tasks);
	for (int k = 0; k < b->data->tasks; k++) {
		const struct task_info *info = &b->data->task[k];

		if (!task_is_used(used, info->name) ||
			(only && strcmp(only, info->name) != 0))
			continue;
		add_task(b, info, k, params_get(ps, "train.metrics"));
	}
	if (b->K == 0)
		return err_set(e, ERR_SPEC, "task \"%s\" is not in the data set",
			only           ? only
				: used ? used
				       : "");
	return OK;
}

/* model.init, which must hold what the job was planned with. */
static int load_initial(struct graph *g, const struct params *ps, struct err *e)
{
	const char *folder = params_get(ps, "model.init");
	const char *planned = params_get(ps, "model.init.digest");
	char hex[33];
	int rc = folder ? initial_load(g, folder, hex, e) : OK;

	if (rc || !folder || !planned || !strcmp(planned, hex))
		return rc;
	return err_set(e, ERR_DATA,
		"%s: initial weights of digest %s, the job was planned with %s: the "
		"files have changed; run `deltam run` again",
		folder, hex, planned);
}

static int build_network(
	struct train *t, const struct params *ps, struct arena *a, struct err *e)
{
	struct batch *b = &t->batch;
	const struct dataset_field *x = &b->data->split[SPLIT_TRAIN].input;
	int rc;

	b->network = (struct network){ .task = t->step.weighting.task, .K = b->K };
	for (int k = 0; k < b->K; k++)
		b->network.column[k] = b->task[k].column;
	b->network.rotates = t->step.weighting.needs & NEEDS_ROTATION;
	rc = network_add(&b->network, ps, b->data, a, e);
	if (rc)
		return rc;
	b->graph = b->network.graph;
	b->capacity = b->size;
	if (x->c * x->h * x->w <= SMALL_INPUT && b->size < EVALUATION_BATCH &&
		!graph_is_deep(b->graph))
		b->capacity = EVALUATION_BATCH;
	rc = graph_build(b->graph, b->capacity, true, e);
	if (rc)
		return rc;
	graph_init(b->graph, b->seed);
	return load_initial(b->graph, ps, e);
}

/* What an epoch writes: nothing is allocated once training has begun. */
static void place_figures(struct train *t, struct arena *a)
{
	int K = t->batch.K;
	int metrics = DIAGNOSTICS_MAX + COST_ROWS + diagnosis_rows(&t->diagnosis);

	t->loss = NEW_ARRAY(a, double, K);
	t->labelled = NEW_ARRAY(a, int, K);
	t->weight = NEW_ARRAY(a, struct meter, K);
	t->weighted = NEW_ARRAY(a, struct meter, K);
	t->diagnostic = NEW_ARRAY(a, struct diagnostic, DIAGNOSTICS_MAX);
	for (int k = 0; k < K; k++)
		metrics += 3 + 2 * t->batch.task[k].metrics;
	t->sheet.metric = NEW_ARRAY(a, struct metric_row, metrics);
	t->sheet.weight = NEW_ARRAY(a, struct weight_row, K);
}

int train_new(struct train **out, const struct params *ps, const struct dataset *d,
	struct arena *a, struct err *e)
{
	struct train *t = NEW(a, struct train);
	struct err local;

	e = e ? e : &local;
	t->batch.data = d;
	kernels_init_fpu();
	if (precision_kernels(ps, &t->batch.kernels, e) || parse_schedule(t, ps, e) ||
		choose_tasks(&t->batch, ps, a, e) ||
		step_parse(&t->step, &t->batch, ps, a, e) ||
		build_network(t, ps, a, e) || batch_build(&t->batch, ps, a, e) ||
		step_build(&t->step, ps, a, e) ||
		diagnosis_build(&t->diagnosis, &t->step, ps, a, e))
		return e->code;
	step_ahead_build(&t->ahead, &t->step, a);
	evaluator_build(&t->evaluator, &t->batch, a);
	place_figures(t, a);
	*out = t;
	return OK;
}

const char *train_kernel_class(const struct params *ps)
{
	static char with_core[64];
	const struct kernels *k;

	if (precision_kernels(ps, &k, NULL)) /* said by train_new */
		k = kernels_get();
	if (!k->blas || !*blas_core())
		return k->name;
	snprintf(with_core, sizeof(with_core), "%s+%s", k->name, blas_core());
	return with_core;
}

struct train_passes train_passes(const struct train *t)
{
	return t->step.passes;
}

int train_epochs_done(const struct train *t)
{
	return t->epoch;
}
