/*
 * Methods on gradients: scalar products, weights, the combined gradient. Vectors stay in
 * float32, what is decided from them is computed in double.
 */
#include <math.h>
#include <string.h>
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/weighting/method.h"

int weighting_buffers(const struct weighting_setup *setup)
{
	return setup->ops->buffers ? setup->ops->buffers(setup) : 0;
}

size_t weighting_work(const struct weighting_setup *setup)
{
	return setup->ops->work ? setup->ops->work(setup) : 0;
}

static int fill_gram(const struct weighting_setup *setup, const struct kernels *kernels,
	struct task_gradients *g, struct err *e)
{
	bool last = setup->needs & NEEDS_LAST_LAYER;
	size_t from = last ? g->last : 0;
	size_t n = last ? g->last_n : g->n;
	int K = setup->K;

	for (int i = 0; i < K; i++)
		for (int j = 0; j <= i; j++) {
			double dot = kernels->dot(n, g->g[i] + from, g->g[j] + from);

			if (!isfinite(dot))
				return err_set(e, ERR_DIVERGED,
					"task %s: the gradient is not finite",
					setup->task[i].name);
			g->gram[i * K + j] = g->gram[j * K + i] = dot;
		}
	return OK;
}

static int check_heads(
	const struct weighting_setup *setup, const double *head, struct err *e)
{
	for (int k = 0; k < setup->K; k++)
		if (!isfinite(head[k]))
			return err_set(e, ERR_DIVERGED,
				"task %s: method %s gives its head no finite factor",
				setup->task[k].name, setup->info->name);
	return OK;
}

int weighting_combine(const struct weighting_setup *setup, double *state,
	struct weighting_step *step, const struct kernels *kernels,
	struct task_gradients *g, struct factors *f, struct err *e)
{
	const struct weighting *ops = setup->ops;
	int rc;

	if (ops->prepare)
		ops->prepare(setup, state, step, kernels, g);
	rc = fill_gram(setup, kernels, g, e);
	if (rc)
		return rc;
	step->gram = g->gram;
	rc = weighting_weigh(setup, state, step, f->weight, e);
	if (rc)
		return rc;
	memcpy(f->head, f->weight, (size_t)setup->K * sizeof(*f->head));
	if (ops->heads)
		ops->heads(setup, state, step, f->weight, f->head);
	rc = check_heads(setup, f->head, e);
	if (rc)
		return rc;
	if (ops->merge)
		ops->merge(setup, state, step, kernels, f->weight, g);
	else
		add_up(setup->K, kernels, f->weight, g);
	return OK;
}
