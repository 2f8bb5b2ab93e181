#include "trainer-core/weighting/weighting.h"

#include <math.h>
#include <string.h>
#include "trainer-core/weighting/method.h"

#define P(...)
#define W(id, title, params, summary, source) \
	extern const struct weighting weighting_##id;
#include "catalogue/weighting.def"
#undef W

static const struct {
	const char *name;
	const struct weighting *ops;
} methods[] = {
#define W(id, title, params, summary, source) { #id, &weighting_##id },
#include "catalogue/weighting.def"
#undef W
};

static int read_seed(const struct params *ps, uint64_t *seed, struct err *e)
{
	double v;
	int rc = params_number(ps, "seed", &v, e);

	if (rc)
		return rc;
	if (!(v >= 0 && v <= 0x1p53))
		return err_set(e, ERR_SPEC, "seed: %g", v);
	*seed = (uint64_t)v;
	return OK;
}

int weighting_init(struct weighting_setup *setup, const struct params *ps, int K,
	const struct task_info *task, const struct optim_info *optim, struct arena *a,
	struct err *e)
{
	const char *name = params_get(ps, "method");
	int rc;

	if (!name)
		name = params_get(ps, "task") ? "stl" : "";
	*setup = (struct weighting_setup){ .K = K, .task = task, .optim = optim };
	for (int i = 0; i < COUNT(methods); i++)
		if (!strcmp(methods[i].name, name))
			setup->ops = methods[i].ops;
	if (!setup->ops)
		return err_set(e, ERR_SPEC, "unknown method \"%s\"", name);
	if (K < 1 || K > TASKS_MAX)
		return err_set(
			e, ERR_SPEC, "%d tasks; 1 to %d can be weighted", K, TASKS_MAX);
	setup->info = catalogue_method(name);
	setup->needs = setup->ops->needs;
	rc = read_seed(ps, &setup->seed, e);
	if (!rc && setup->ops->parse)
		rc = setup->ops->parse(setup, ps, a, e);
	return rc ? err_wrap(e, "method %s", name) : OK;
}

size_t weighting_state_size(const struct weighting_setup *setup)
{
	return setup->ops->state_size ? setup->ops->state_size(setup) : 0;
}

void weighting_state_init(const struct weighting_setup *setup, double *state)
{
	memset(state, 0, weighting_state_size(setup) * sizeof(*state));
	if (setup->ops->init)
		setup->ops->init(setup, state);
}

static int check_losses(
	const struct weighting_setup *setup, const double *loss, struct err *e)
{
	for (int k = 0; k < setup->K; k++)
		if (!isfinite(loss[k]))
			return err_set(e, ERR_DIVERGED, "task %s: the loss is %g",
				setup->task[k].name, loss[k]);
	return OK;
}

int weighting_weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	int rc = check_losses(setup, step->loss, e);

	if (rc)
		return rc;
	rc = setup->ops->weigh(setup, state, step, weight, e);
	if (rc)
		return rc;
	for (int k = 0; k < setup->K; k++)
		if (!isfinite(weight[k]))
			return err_set(e, ERR_DIVERGED,
				"task %s: method %s gives no finite weight for a loss "
				"of %g",
				setup->task[k].name, setup->info->name, step->loss[k]);
	return OK;
}

void weighting_update(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step)
{
	if (setup->ops->update)
		setup->ops->update(setup, state, step);
}

int weighting_diagnose(const struct weighting_setup *setup, const double *state,
	const double *mean_loss, struct diagnostic *d)
{
	int n = setup->ops->diagnose ? setup->ops->diagnose(setup, state, mean_loss, d)
				     : 0;
	int kept = 0;

	ASSERT(n <= DIAGNOSTICS_MAX);
	for (int i = 0; i < n; i++)
		if (isfinite(d[i].value))
			d[kept++] = d[i];
	return kept;
}

void weighting_end_epoch(
	const struct weighting_setup *setup, double *state, const double *mean_loss)
{
	if (setup->ops->end_epoch)
		setup->ops->end_epoch(setup, state, mean_loss);
}
