/*
 * Single-task learning: weight 1 for the one task that is trained. A baseline job has no
 * other head; where there are several tasks, `task` names the one that counts.
 */
#include <string.h>
#include "trainer-core/weighting/method.h"

struct stl {
	int task;
};

static int parse(struct weighting_setup *setup, const struct params *ps,
	struct arena *a, struct err *e)
{
	struct stl *stl = NEW(a, struct stl);
	const char *name = params_get(ps, "task");

	setup->options = stl;
	if (!name)
		return setup->K == 1 ? OK : err_set(e, ERR_SPEC, "names no task");
	while (stl->task < setup->K && strcmp(setup->task[stl->task].name, name) != 0)
		stl->task++;
	if (stl->task == setup->K)
		return err_set(e, ERR_SPEC, "there is no task \"%s\"", name);
	return OK;
}

static int weigh(const struct weighting_setup *setup, double *state,
	const struct weighting_step *step, double *weight, struct err *e)
{
	const struct stl *stl = setup->options;

	(void)state, (void)step, (void)e;
	for (int k = 0; k < setup->K; k++)
		weight[k] = k == stl->task;
	return OK;
}

const struct weighting weighting_stl = { .parse = parse, .weigh = weigh };
