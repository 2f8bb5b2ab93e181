#include "trainer-core/train/fit.h"

int method_fits(const struct weighting_setup *w, const struct graph *g,
	const struct optim_info *optim, struct err *e)
{
	const char *name = w->info->name;

	if (w->needs & NEEDS_ROTATION && !graph_rotation_channels(g))
		return err_set(e, ERR_SPEC,
			"method %s turns the features that heads read; here they read "
			"none, or several nodes",
			name);
	if (optim->per_task && w->needs & (NEEDS_GRADIENTS | NEEDS_LOOKAHEAD))
		return err_set(e, ERR_SPEC,
			"method %s makes one gradient of all tasks': no optimizer a "
			"task",
			name);
	if (w->needs & NEEDS_FEATURE_GRADIENTS && !graph_shares_features(g))
		return err_set(e, ERR_SPEC,
			"method %s combines gradients of features that the tasks "
			"share: this network has none",
			name);
	return OK;
}

int method_read(struct weighting_setup *w, struct optim_info *optim,
	const struct params *ps, const struct task_info *task, int K, struct arena *a,
	struct err *e)
{
	static const char *const needed[] = { "lr", "wd", "seed" };
	struct params *job = NEW(a, struct params);
	int rc;

	*job = params_copy(a, ps);
	for (int i = 0; i < 3; i++)
		if (!params_get(job, needed[i]))
			params_set(job, a, needed[i], "0");
	rc = optim_parse(job, optim, e);
	return rc ? rc : weighting_init(w, job, K, task, optim, a, e);
}
