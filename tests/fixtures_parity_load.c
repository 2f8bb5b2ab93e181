/* Parity cases: from the manifest to a graph, an optimizer and a weighting method. */
#include "tests/fixtures_parity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const cJSON *parity_member(const cJSON *j, const char *path)
{
	char name[64];

	while (j && *path) {
		size_t n = strcspn(path, ".");

		ASSERT(n < sizeof(name));
		memcpy(name, path, n);
		name[n] = '\0';
		j = cJSON_GetObjectItemCaseSensitive(j, name);
		path += n + (path[n] == '.');
	}
	return j;
}

static const char *text(const cJSON *j, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, name);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static double number(const cJSON *j, const char *path, double deflt)
{
	const cJSON *v = parity_member(j, path);

	return v ? json_number(v) : deflt;
}

static enum outcome read_arrays(struct parity *p)
{
	const char *path = arena_printf(p->f->arena, "%s/arrays.f32", p->f->directory);
	FILE *file = fopen(path, "rb");
	size_t got;

	if (!file)
		return fixture_fail(p->f, "cannot open arrays.f32");
	p->array_floats = (size_t)number(p->manifest, "array_floats", 0);
	p->arrays = arena_alloc_aligned(p->f->arena, p->array_floats * sizeof(float));
	got = fread(p->arrays, sizeof(float), p->array_floats, file);
	fclose(file);
	return got == p->array_floats ? PASSED
				      : fixture_fail(p->f, "arrays.f32 is too short");
}

static double at(const cJSON *list, int i)
{
	return json_number(cJSON_GetArrayItem(list, i));
}

static size_t product(const cJSON *shape, int from)
{
	size_t n = 1;

	for (int i = from; i < cJSON_GetArraySize(shape); i++)
		n *= (size_t)cJSON_GetArrayItem(shape, i)->valuedouble;
	return n;
}

static const cJSON *find(const cJSON *list, const char *key, const char *name)
{
	const cJSON *j;

	cJSON_ArrayForEach(j, list)
	{
		if (!strcmp(text(j, key), name))
			return j;
	}
	return NULL;
}

const float *parity_array(const struct parity *p, const char *name, size_t *count)
{
	const cJSON *j = find(parity_member(p->manifest, "arrays"), "name", name);
	size_t offset, n;

	if (!j)
		return NULL;
	n = product(parity_member(j, "shape"), 0);
	offset = (size_t)number(j, "offset_floats", 0);
	if (offset > p->array_floats || n > p->array_floats - offset)
		return NULL;
	if (count)
		*count = n;
	return p->arrays + offset;
}

static bool known_layer(const char *op, enum layer_kind *kind)
{
	static const char *const names[] = {
#define LAYER(kind, id) [LAYER_##kind] = #id,
#include "trainer-core/graph/layer.def"
#undef LAYER
	};

	if (!strcmp(op, "resize_bilinear"))
		op = "resize";

	for (int i = 0; i < LAYER_COUNT; i++)
		if (!strcmp(op, names[i])) {
			*kind = (enum layer_kind)i;
			return true;
		}
	return false;
}

static enum outcome check_nodes(struct parity *p)
{
	const cJSON *j;
	enum layer_kind kind;

	cJSON_ArrayForEach(j, parity_member(p->manifest, "model.nodes"))
	{
		if (!known_layer(text(j, "op"), &kind))
			return fixture_skip(
				p->f, "this build has no node %s", text(j, "op"));
		if (number(j, "attrs.groups", 1) != 1)
			return fixture_skip(p->f, "this build has no groups");
	}
	return PASSED;
}

static const struct {
	const char *name;
	struct loss loss;
	enum task_kind kind;
} losses[] = {
	{ "ce", { .kind = LOSS_CE }, TASK_CLASS },
	/* The log-softmax of log-probabilities is what they are. */
	{ "nll", { .kind = LOSS_CE }, TASK_SEG },
	{ "mse", { .kind = LOSS_L2 }, TASK_REGRESS },
	{ "l1", { .kind = LOSS_L1 }, TASK_REGRESS },
	{ "l1_masked", { .kind = LOSS_L1, .mask = MASK_ZERO }, TASK_DEPTH },
	{ "cos_masked", { .kind = LOSS_COSINE, .mask = MASK_ZERO }, TASK_NORMAL },
	{ "bce_logits", { .kind = LOSS_BCE }, TASK_BINARY },
};

static enum outcome load_task(struct parity *p, const cJSON *j)
{
	struct parity_task *t = &p->task[p->K];
	const char *type = text(parity_member(j, "loss"), "type");
	const cJSON *node = find(
		parity_member(p->manifest, "model.nodes"), "id", text(j, "output"));
	const cJSON *name = parity_member(
		parity_member(p->manifest, "batches.targets"), text(j, "target"));
	size_t count = 0;
	int i = 0, n = COUNT(losses);

	while (i < n && strcmp(losses[i].name, type) != 0)
		i++;
	if (i == n)
		return fixture_skip(p->f, "this build has no loss %s", type);
	t->output = text(j, "output");
	t->loss = losses[i].loss;
	t->shape.N = 1;
	t->shape.C = (int)json_number(parity_member(node, "shape")->child);
	t->shape.S = (int)product(parity_member(node, "shape"), 1);
	t->floats = loss_target_floats(&t->loss, t->shape.C, t->shape.S);
	t->target = name ? parity_array(p, name->valuestring, &count) : NULL;
	if (!t->target || count != (size_t)p->batches * p->batch * t->floats)
		return fixture_fail(p->f, "the target of task %s", text(j, "name"));
	p->info[p->K++] = (struct task_info){ .name = text(j, "name"),
		.kind = losses[i].kind,
		.loss = t->loss.kind,
		.outputs = t->shape.C,
		.loss_scale = 1 };
	return PASSED;
}

static enum outcome load_tasks(struct parity *p)
{
	const cJSON *j;

	cJSON_ArrayForEach(j, parity_member(p->manifest, "model.tasks"))
	{
		enum outcome o = load_task(p, j);

		if (o != PASSED)
			return o;
	}
	return p->K ? PASSED : fixture_fail(p->f, "no tasks");
}

/* Every figure of the object, under a parameter's name. */
static void set_numbers(
	struct parity *p, const cJSON *object, const char *const (*names)[2])
{
	for (; (*names)[0]; names++) {
		const cJSON *j = cJSON_GetObjectItemCaseSensitive(object, (*names)[0]);

		if (cJSON_IsNumber(j))
			params_set_number(
				&p->params, p->f->arena, (*names)[1], j->valuedouble);
		else if (cJSON_IsBool(j))
			params_set(&p->params, p->f->arena, (*names)[1],
				cJSON_IsTrue(j) ? "true" : "false");
	}
}

static enum outcome load_optimizer(struct parity *p)
{
	static const char *const names[][2] = { { "lr", "lr" },
		{ "weight_decay", "wd" }, { "eps", "train.optimizer.eps" },
		{ "momentum", "train.optimizer.momentum" },
		{ "dampening", "train.optimizer.dampening" },
		{ "nesterov", "train.optimizer.nesterov" }, { NULL, NULL } };
	const cJSON *o = parity_member(p->manifest, "optimizer");
	const cJSON *betas = parity_member(o, "betas");
	struct str list = { .arena = p->f->arena };
	struct err e = { 0 };

	params_set(&p->params, p->f->arena, "wd", "0");
	params_set(&p->params, p->f->arena, "seed", "0");
	params_set(&p->params, p->f->arena, "train.optimizer", text(o, "type"));
	set_numbers(p, o, names);
	if (betas) {
		str_printf(&list, "%.17g %.17g", betas->child->valuedouble,
			betas->child->next->valuedouble);
		params_set(&p->params, p->f->arena, "train.optimizer.betas",
			str_get(&list));
	}
	return optim_parse(&p->params, &p->optim_info, &e)
		? fixture_skip(p->f, "%s", e.msg)
		: PASSED;
}

/* Chen et al.'s form unless the manifest says another; its weights start at 1. */
static enum outcome load_gradnorm(struct parity *p, const cJSON *w)
{
	const char *variant = text(w, "variant");
	struct arena *a = p->f->arena;

	if (number(w, "weight_init", 1) != 1 || number(w, "logit_init", 1) != 1 ||
		number(w, "init", 1) != 1)
		return fixture_skip(p->f, "GradNorm's weights start at 1 here");
	if (!strncmp(variant, "softmax", 7))
		params_set(&p->params, a, "form", "softmax");
	if (*text(w, "layers"))
		params_set(&p->params, a, "layers", text(w, "layers"));
	if (*text(w, "heads"))
		params_set(&p->params, a, "heads", text(w, "heads"));
	return PASSED;
}

/* What ew multiplies the losses by, and the orders in which PCGrad projects. */
static enum outcome load_lists(struct parity *p, const cJSON *w)
{
	const cJSON *weights = parity_member(w, "weights");
	const cJSON *order = parity_member(w, "order");
	int n = p->K, others = p->K * (p->K - 1);
	const double *v = json_numbers(p->f->arena, order, &others);
	int *ids = NEW_ARRAY(p->f->arena, int, others + 1);

	if (weights)
		p->factor = json_numbers(p->f->arena, weights, &n);
	if (n != p->K)
		return fixture_fail(p->f, "%d weights for %d tasks", n, p->K);
	for (int i = 0; i < others; i++)
		ids[i] = (int)v[i];
	if (order)
		p->order = ids;
	if (order && others != p->K * (p->K - 1))
		return fixture_fail(p->f, "order: %d numbers", others);
	return PASSED;
}

/* The manifests' names of methods, and what they mean by them. */
static enum outcome load_method(struct parity *p)
{
	static const char *const names[][2] = { { "T", "T" }, { "init", "init" },
		{ "lr", "weight_lr" }, { "weight_lr", "weight_lr" },
		{ "weight_decay", "weight_wd" }, { "eps", "eps" }, { "alpha", "alpha" },
		{ NULL, NULL } };
	static const char *const methods[][2] = { { "ew", "ew" }, { "uw", "uw" },
		{ "uwso", "uw_so" }, { "imtl_l", "imtl_l" }, { "pcgrad", "pcgrad" },
		{ "gradnorm", "gradnorm" } };
	const cJSON *w = parity_member(p->manifest, "weighting");
	const char *method = text(w, "method");
	const char *ours = NULL;

	for (int i = 0; i < COUNT(methods); i++)
		if (!strcmp(methods[i][0], method))
			ours = methods[i][1];
	if (!ours)
		return fixture_skip(p->f, "this build has no method %s", method);
	params_set(&p->params, p->f->arena, "method", ours);
	set_numbers(p, w, names);
	if (!strcmp(ours, "uw")) /* L / (2 exp(s)) + s / 2 for every loss */
		params_set(&p->params, p->f->arena, "form", "l2");
	if (!strcmp(ours, "gradnorm"))
		return load_gradnorm(p, w);
	return load_lists(p, w);
}

static enum outcome load_inputs(struct parity *p)
{
	const cJSON *batches = parity_member(p->manifest, "batches.inputs"), *j;

	cJSON_ArrayForEach(j, parity_member(p->manifest, "model.inputs"))
	{
		struct parity_input *in = &p->input[p->inputs++];
		const cJSON *shape = parity_member(j, "shape");
		bool image = cJSON_GetArraySize(shape) == 3;
		const cJSON *array;

		if (p->inputs > TASKS_MAX)
			return fixture_fail(p->f, "too many inputs");
		in->name = text(j, "id");
		array = cJSON_GetObjectItemCaseSensitive(batches, in->name);
		in->x = (struct dataset_field){ .element = ELEMENT_F32, .scale = 1 };
		in->x.data = array ? parity_array(p, array->valuestring, NULL) : NULL;
		in->x.c = (int)at(shape, 0);
		in->x.h = image ? (int)at(shape, 1) : 1;
		in->x.w = image ? (int)at(shape, 2) : 1;
		if (!in->x.data)
			return fixture_fail(p->f, "no batches of %s", in->name);
	}
	return PASSED;
}

enum outcome parity_load(struct parity *p)
{
	enum outcome o;

	p->steps = (int)number(p->manifest, "steps", 0);
	p->batch = (int)number(p->manifest, "batches.batch_size", 0);
	p->batches = (int)number(p->manifest, "batches.count", 0);
	o = check_nodes(p);
	if (o == PASSED)
		o = read_arrays(p);
	if (o == PASSED)
		o = load_tasks(p);
	if (o == PASSED)
		o = load_optimizer(p);
	if (o == PASSED)
		o = load_method(p);
	if (o == PASSED)
		o = load_inputs(p);
	return o;
}

static int scope_of(const char *scope)
{
	if (strncmp(scope, "task", 4) != 0)
		return SCOPE_SHARED;
	return (int)strtol(scope + 4, NULL, 10);
}

/*
 * A manifest calls a node shared whose parameters are; here it belongs to the task whose
 * values it reads.
 */
static void set_scope(const struct parity *p, const cJSON *j, struct node *n)
{
	int declared = scope_of(text(j, "scope"));

	n->scope = declared;
	for (int i = 0; i < n->inputs; i++)
		if (graph_node(p->g, n->in[i])->scope != SCOPE_SHARED)
			n->scope = graph_node(p->g, n->in[i])->scope;
	n->shares = declared == SCOPE_SHARED;
}

/* Parameters have names of their own; whoever names them again is tied. */
static void set_params(const struct parity *p, const cJSON *j, struct node *n)
{
	const char *weight = text(parity_member(j, "params"), "weight");
	size_t prefix = strlen(weight) - strlen(".weight");

	if (!*weight)
		return;
	n->params = arena_strndup(p->f->arena, weight, prefix);
	for (int id = 0; id < graph_nodes(p->g) && !n->tied; id++)
		if (graph_node(p->g, id)->weight >= 0 &&
			!strcmp(graph_node(p->g, id)->params, n->params))
			n->tied = id;
}

static void set_attributes(const cJSON *j, struct node *n)
{
	n->units = (int)number(
		j, "attrs.out_features", number(j, "attrs.out_channels", 0));
	n->kernel = (int)number(j, "attrs.kernel", 0);
	n->stride = (int)number(j, "attrs.stride", 1);
	n->pad = (int)number(j, "attrs.padding", 0);
	n->dilation = (int)number(j, "attrs.dilation", 1);
	n->rate = (float)number(j, "attrs.p", 0);
	n->no_bias = !parity_member(j, "params.bias");
	if (n->kind == LAYER_RESIZE) {
		n->H = (int)at(parity_member(j, "attrs.out_size"), 0);
		n->W = (int)at(parity_member(j, "attrs.out_size"), 1);
		n->align_corners =
			cJSON_IsTrue(parity_member(j, "attrs.align_corners"));
	}
}

static void add_input(struct parity *p, const char *name)
{
	for (int i = 0; i < p->inputs; i++) {
		struct parity_input *in = &p->input[i];

		if (!strcmp(in->name, name))
			in->node = graph_add(p->g,
				(struct node){ .kind = LAYER_INPUT,
					.name = name,
					.scope = SCOPE_SHARED,
					.C = in->x.c,
					.H = in->x.h,
					.W = in->x.w });
	}
}

static void add_node(struct parity *p, const cJSON *j)
{
	struct node n = { .name = text(j, "id") };
	const cJSON *in = parity_member(j, "in");

	if (!known_layer(text(j, "op"), &n.kind))
		BUG("check_nodes let an unknown node pass");
	if (n.kind == LAYER_INPUT) {
		add_input(p, n.name);
		return;
	}
	n.inputs = cJSON_GetArraySize(in);
	for (int i = 0; i < n.inputs && i < NODE_INPUTS; i++)
		n.in[i] = graph_find(p->g, cJSON_GetArrayItem(in, i)->valuestring);
	set_attributes(j, &n);
	set_scope(p, j, &n);
	set_params(p, j, &n);
	(void)graph_add(p->g, n);
}

float *parity_values(
	const struct parity *p, const char *name, const float *flat, size_t *count)
{
	const struct graph *g = p->g;

	for (int i = 0; i < graph_params(g); i++)
		if (!strcmp(graph_param(g, i)->name, name)) {
			float *v;

			*count = graph_param(g, i)->count;
			v = NEW_ARRAY(p->f->arena, float, *count);
			graph_param_get(g, i, flat, v);
			return v;
		}
	for (int i = 0; i < graph_buffers(g); i++)
		if (!strcmp(graph_buffer(g, i)->name, name)) {
			*count = (size_t)graph_buffer(g, i)->count;
			return graph_state(g) + graph_buffer(g, i)->offset;
		}
	return NULL;
}

enum outcome parity_set(struct parity *p, const char *which)
{
	struct graph *g = p->g;
	size_t count = 0;

	for (int i = 0; i < graph_params(g); i++) {
		const struct graph_param *param = graph_param(g, i);
		const char *name =
			arena_printf(p->f->arena, "%s/%s", which, param->name);
		const float *values = parity_array(p, name, &count);

		if (!values || count != param->count)
			return fixture_fail(p->f, "no array %s of its shape", name);
		graph_param_set(g, i, graph_values(g), values);
	}
	for (int i = 0; i < graph_buffers(g); i++) {
		const struct graph_buffer *b = graph_buffer(g, i);
		const char *name = arena_printf(p->f->arena, "%s/%s", which, b->name);
		const float *values = parity_array(p, name, &count);

		if (!values || count != (size_t)b->count)
			return fixture_fail(p->f, "no array %s of its shape", name);
		memcpy(graph_state(g) + b->offset, values, count * sizeof(float));
	}
	return PASSED;
}

enum outcome parity_build(struct parity *p, bool fuse)
{
	struct arena *a = p->f->arena;
	struct err e = { 0 };
	const cJSON *j;

	p->g = graph_new(a, p->K, kernels_get());
	cJSON_ArrayForEach(j, parity_member(p->manifest, "model.nodes")) add_node(p, j);
	for (int k = 0; k < p->K; k++) {
		int id = graph_find(p->g, p->task[k].output);

		if (id < 0)
			return fixture_fail(p->f, "no node %s", p->task[k].output);
		graph_output(p->g, k, id);
	}
	if (graph_build(p->g, p->batch, fuse, &e))
		return fixture_fail(p->f, "%s", e.msg);
	if (weighting_init(
		    &p->weighting, &p->params, p->K, p->info, &p->optim_info, a, &e))
		return fixture_fail(p->f, "%s", e.msg);
	p->weighting_state =
		NEW_ARRAY(a, double, weighting_state_size(&p->weighting) + 1);
	weighting_state_init(&p->weighting, p->weighting_state);
	p->optim = optim_new(&p->optim_info, p->g, kernels_get(), a);
	return parity_set(p, "init");
}
