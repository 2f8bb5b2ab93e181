#include "trainer-core/network/network.h"

#include "catalogue/setting.h"
#include "trainer-core/network/precision.h"
#include "trainer-core/registry.h"

static int find_model(const struct params *ps, const struct model **model,
	const char **name, struct err *e)
{
	*name = catalogue_model_name(ps);
	*model = *name ? registry_model(*name) : NULL;
	if (!*model)
		return err_set(
			e, ERR_SPEC, "unknown network \"%s\"", *name ? *name : "");
	return OK;
}

static int add_input(
	struct network *n, const char *name, int scope, const struct dataset_field *x)
{
	return graph_add(n->graph,
		(struct node){ .kind = LAYER_INPUT,
			.name = name,
			.scope = scope,
			.C = x->c,
			.H = x->h,
			.W = x->w });
}

static void add_inputs(struct network *n, const struct dataset *d, struct arena *a)
{
	const struct split_data *s = &d->split[SPLIT_TRAIN];

	n->inputs = d->own_inputs ? n->K : 1;
	if (!d->own_inputs)
		n->input[0] = add_input(n, "x", SCOPE_SHARED, &s->input);
	for (int k = 0; d->own_inputs && k < n->K; k++)
		n->input[k] = add_input(n, arena_printf(a, "%s.x", n->task[k].name), k,
			&s->own_input[n->column[k]]);
}

/*
 * The last batch of an epoch may be the smallest. No samples: the data set takes all rows of
 * its files, which nobody has looked at yet, and a whole batch is all that is known.
 */
static int smallest_batch(
	const struct params *ps, int samples, int *batch, struct err *e)
{
	int rc = setting_whole(ps, "train.batch", batch, e);

	if (rc || !samples)
		return rc;
	if (*batch > samples)
		*batch = samples;
	if (samples % *batch)
		*batch = samples % *batch;
	return OK;
}

/* Numbers without an order have no neighbours, though padding would make them fit. */
static int check_images(const struct graph *g, struct err *e)
{
	for (int id = 0; id < graph_nodes(g); id++) {
		const struct node *v = graph_node(g, id);
		const struct node *x = graph_node(g, v->in[0]);

		if (v->kind == LAYER_CONV2D && x->kind == LAYER_INPUT &&
			v->kernel > 1 && x->H * x->W == 1)
			return err_set(e, ERR_SPEC,
				"node %s: wants images, not %d numbers a sample",
				v->name, x->C);
	}
	return OK;
}

static int check_batch(
	const struct graph *g, const struct params *ps, int samples, struct err *e)
{
	int batch;
	int rc = smallest_batch(ps, samples, &batch, e);

	if (rc || !graph_check_batch(g, batch, e))
		return rc;
	return err_wrap(
		e, "the last batch of %d training samples holds %d", samples, batch);
}

int network_add(struct network *n, const struct params *ps, const struct dataset *d,
	struct arena *a, struct err *e)
{
	const struct kernels *kernels;
	const struct model *model;
	const char *name;
	struct model_io io = { .task = n->task, .K = n->K };
	int rc = find_model(ps, &model, &name, e);

	if (rc)
		return rc;
	if (d->own_inputs && !catalogue_model(name)->own_inputs)
		return err_set(e, ERR_SPEC,
			"network %s takes one input for all tasks, but every task of "
			"this data set has inputs of its own",
			name);
	rc = precision_kernels(ps, &kernels, e);
	if (rc)
		return rc;
	n->graph = graph_new(a, n->K, kernels);
	if (n->rotates)
		graph_rotate(n->graph);
	add_inputs(n, d, a);
	io.input = n->input[0];
	io.own_input = d->own_inputs ? n->input : NULL;
	rc = model->build(n->graph, &io, ps, e);
	if (!rc)
		rc = graph_check(n->graph, e);
	if (!rc)
		rc = check_images(n->graph, e);
	if (!rc)
		rc = check_batch(n->graph, ps, d->split[SPLIT_TRAIN].n, e);
	return rc ? err_wrap(e, "network %s", name) : OK;
}

void network_measure(const struct network *n, struct network_size *s)
{
	*s = (struct network_size){ .heads = n->K };
	for (int k = 0; k < n->K; k++)
		s->head[k].task = n->task[k].name;
	for (int i = 0; i < graph_params(n->graph); i++) {
		const struct graph_param *p = graph_param(n->graph, i);
		int64_t count = (int64_t)p->count;

		if (p->scope == SCOPE_SHARED)
			s->shared += count;
		else
			s->head[p->scope].params += count;
	}
}
