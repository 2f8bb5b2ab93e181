#include "common/catalogue.h"

#include <stdio.h>
#include <string.h>
#include "common/def_params.h"

static const struct method_info methods[] = {
#define W(id, title_, params_, summary_, source_) \
	{ .name = #id, \
		.title = title_, \
		.params = params_, \
		.summary = summary_, \
		.source = source_ },
#include "trainer-core/weighting.def"
#undef W
};

static const struct dataset_info datasets[] = {
#define D( \
	id, model_, params_, train_, val_, test_, times_, summary_, source_, install_) \
	{ .name = #id, \
		.model = model_, \
		.params = params_, \
		.train = train_, \
		.val = val_, \
		.test = test_, \
		.times = times_, \
		.summary = summary_, \
		.source = source_, \
		.install = install_ },
#include "trainer-core/dataset.def"
#undef D
};

static const struct model_info models[] = {
#define MODEL(id, params_, summary_, source_) \
	{ .name = #id, .params = params_, .summary = summary_, .source = source_ },
#include "trainer-core/model.def"
#undef MODEL
};

static const struct optimizer_info optimizers[] = {
#define O(id, params_, summary_) \
	{ .name = #id, .params = params_, .summary = summary_ },
#include "trainer-core/optimizer.def"
#undef O
};

static const struct metric_info metrics[] = {
#define HIGHER true
#define LOWER false
#define M(id, name_, kind_, higher_, title_, scale_, summary_) \
	{ .name = name_, \
		.kind = TASK_##kind_, \
		.higher = higher_, \
		.title = title_, \
		.scale = scale_, \
		.summary = summary_ },
#include "trainer-core/metric.def"
#undef M
};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

#define TABLE(type, plural, singular) \
	const struct type *catalogue_##plural(int *n) \
	{ \
		*n = COUNT(plural); \
		return plural; \
	} \
	const struct type *catalogue_##singular(const char *name) \
	{ \
		for (int i = 0; i < COUNT(plural); i++) \
			if (!strcmp(plural[i].name, name)) \
				return &plural[i]; \
		return NULL; \
	}

TABLE(method_info, methods, method)
TABLE(dataset_info, datasets, dataset)
TABLE(model_info, models, model)
TABLE(optimizer_info, optimizers, optimizer)

const struct metric_info *catalogue_metrics(int *n)
{
	*n = COUNT(metrics);
	return metrics;
}

const struct param_info *param_info_find(
	const struct param_info *params, const char *name)
{
	for (; params->name; params++)
		if (!strcmp(params->name, name))
			return params;
	return NULL;
}

/* The loss scale of every task: the list over again until each has one. */
static int synthetic_scales(
	const struct params *ps, double scale[TASKS_MAX], struct err *e)
{
	const struct dataset_info *info = catalogue_dataset("synthetic");
	const struct param_info *p = param_info_find(info->params, "scales");
	struct param deflt = { "dataset.scales", p->deflt };
	const struct params defaults = { &deflt, 1, 1 };
	const struct params *from = params_get(ps, deflt.name) ? ps : &defaults;
	int n;
	int rc = params_numbers(from, deflt.name, scale, TASKS_MAX, &n, e);

	if (rc)
		return rc;
	if (n < 1)
		return err_set(e, ERR_SPEC, "dataset.scales: at least one number");
	for (int k = 0; k < TASKS_MAX; k++) {
		if (k >= n)
			scale[k] = scale[k - n];
		/* Not `<`: a NaN must fail. */
		if (!(scale[k] >= p->min && scale[k] <= p->max))
			return err_set(e, ERR_SPEC,
				"dataset.scales: %g is not in %g to %g", scale[k],
				p->min, p->max);
	}
	return OK;
}

/* Regression, regression, classification, and again. */
static int synthetic_tasks(const struct params *ps, struct arena *a,
	struct task_info *tasks, int *n, struct err *e)
{
	double scale[TASKS_MAX];
	int count;
	int rc = params_integer(ps, "dataset.tasks", 3, &count, e);

	if (rc)
		return rc;
	if (count < 1 || count > TASKS_MAX)
		return err_set(e, ERR_SPEC, "dataset.tasks must be 1 to %d", TASKS_MAX);
	rc = synthetic_scales(ps, scale, e);
	if (rc)
		return rc;
	for (int k = 0; k < count; k++) {
		if (k % 3 == 2)
			tasks[k] =
				(struct task_info){ arena_printf(a, "cls%d", k / 3 + 1),
					TASK_CLASS, LOSS_CE, 5, scale[k] };
		else
			tasks[k] = (struct task_info){ arena_printf(a, "reg%d",
							       k - k / 3 + 1),
				TASK_REGRESS, LOSS_L1, 1, scale[k] };
	}
	*n = count;
	return OK;
}

static int overlay_tasks(struct task_info *tasks)
{
	tasks[0] = (struct task_info){ "top_left", TASK_CLASS, LOSS_CE, 10, 1 };
	tasks[1] = (struct task_info){ "bottom_right", TASK_CLASS, LOSS_CE, 10, 1 };
	return 2;
}

static int scenes_tasks(struct task_info *tasks)
{
	tasks[0] = (struct task_info){ "seg", TASK_SEG, LOSS_CE, 13, 1 };
	tasks[1] = (struct task_info){ "depth", TASK_DEPTH, LOSS_L1, 1, 1 };
	tasks[2] = (struct task_info){ "normal", TASK_NORMAL, LOSS_COSINE, 3, 1 };
	return 3;
}

static int scenes2_tasks(struct task_info *tasks)
{
	tasks[0] = (struct task_info){ "seg", TASK_SEG, LOSS_CE, 7, 1 };
	tasks[1] = (struct task_info){ "depth", TASK_DEPTH, LOSS_L1, 1, 1 };
	return 2;
}

int catalogue_tasks(const struct params *ps, struct arena *a, struct task_info *tasks,
	int *n, struct err *e)
{
	const char *name = params_get(ps, "dataset.name");

	*n = 0;
	if (!name || !catalogue_dataset(name))
		return err_set(
			e, ERR_SPEC, "unknown data set \"%s\"", name ? name : "");
	if (!strcmp(name, "synthetic"))
		return synthetic_tasks(ps, a, tasks, n, e);
	if (!strcmp(name, "scenes"))
		*n = scenes_tasks(tasks);
	else if (!strcmp(name, "scenes2"))
		*n = scenes2_tasks(tasks);
	else
		*n = overlay_tasks(tasks);
	return OK;
}
