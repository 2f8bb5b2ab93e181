/*
 * Networks as their papers' published code has them: parameters, shapes, node for node.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include "orchestrator/json/json.h"
#include "tests/lib/modelled.h"
#include "trainer-core/graph/layer.h"

static struct arena arena;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
}

static void teardown(void)
{
	arena_release(&arena);
}

/* A network, its input and its tasks as the reference has them. */
struct row {
	const char *what;
	const char *params[MODELLED_PARAMS]; /* name, value ... behind model. */
	int c, h, w;
	struct task_info task[3];
	int times; /* the first task so many times; 0: the list as it stands */
	bool own_inputs;
	int64_t total, shared;
	int64_t head[3];
};

#define NYUV2 3, 288, 384, { SEG(13), DEPTH, NORMAL }, 0, false
#define CITYSCAPES 3, 128, 256, { SEG(7), DEPTH }, 0, false
#define ATTRIBUTES(n) 3, 64, 64, { CLASS("a", n) }, 40, false

/* The table of parameter counts of the networks' published code. */
static const struct row rows[] = {
	{ "mlp", { "name", "mlp", "hidden", "32 24" }, 12, 1, 1,
		{ { "a", TASK_REGRESS, LOSS_L1, 2, 1 } }, 0, false, 1258, 1208,
		{ 50 } },
	{ "mlp with a hidden layer a head",
		{ "name", "mlp", "hidden", "32 24", "head_hidden", "16" }, 12, 1, 1,
		{ CLASS("a", 5) }, 0, false, 1208 + 485, 1208, { 485 } },
	{ "lenet", { "name", "lenet" }, 1, 36, 36, { CLASS("a", 10), CLASS("b", 10) },
		0, false, 31910, 30890, { 510, 510 } },
	{ "resnet18 of ParetoMTL", { "name", "resnet", "fc", "100" }, 1, 36, 36,
		{ CLASS("a", 10), CLASS("b", 10) }, 0, false, 11223560, 11221540,
		{ 1010, 1010 } },
	{ "segnet", { "name", "segnet" }, NYUV2, 25055185, 24943296,
		{ 37773, 36993, 37123 } },
	{ "segnet wide", { "name", "segnet", "type", "wide" }, NYUV2, 43934161,
		43822272, { 37773, 36993, 37123 } },
	{ "segnet deep", { "name", "segnet", "type", "deep" }, NYUV2, 50807761,
		50695872, { 37773, 36993, 37123 } },
	{ "segnet of cityscapes", { "name", "segnet" }, CITYSCAPES, 25017672, 24943296,
		{ 37383, 36993 } },
	{ "segnet 1/2", { "name", "segnet", "width", "0.5" }, NYUV2, 6269937, 6241632,
		{ 9677, 9281, 9347 } },
	{ "segnet 1/4", { "name", "segnet", "width", "0.25" }, NYUV2, 1570561, 1563312,
		{ 2541, 2337, 2371 } },
	{ "segnet 1/8", { "name", "segnet", "width", "0.125" }, NYUV2, 394185, 392280,
		{ 701, 593, 611 } },
	{ "mtan", { "name", "mtan" }, NYUV2, 44229073, 35163456,
		{ 3022349, 3021569, 3021699 } },
	{ "mtan of cityscapes", { "name", "mtan" }, CITYSCAPES, 41206984, 35163456,
		{ 3021959, 3021569 } },
	{ "mtan 1/4", { "name", "mtan", "width", "0.25" }, NYUV2, 2779009, 2203728,
		{ 191885, 191681, 191715 } },
	{ "resnet18", { "name", "resnet" }, 3, 224, 224, { CLASS("a", 1000) }, 0, false,
		11689512, 11176512, { 513000 } },
	{ "resnet50", { "name", "resnet", "depth", "50" }, 3, 224, 224,
		{ CLASS("a", 1000) }, 0, false, 25557032, 23508032, { 2049000 } },
	{ "resnet101", { "name", "resnet", "depth", "101" }, 3, 224, 224,
		{ CLASS("a", 1000) }, 0, false, 44549160, 42500160, { 2049000 } },
	{ "resnet18 of CIFAR", { "name", "resnet", "stem", "cifar" }, 3, 32, 32,
		{ CLASS("a", 10) }, 0, false, 11173962, 11168832, { 5130 } },
	{ "resnet18 1/2", { "name", "resnet", "stem", "cifar", "width", "0.5" },
		ATTRIBUTES(1), 2805320, 2795040, { 257 } },
	{ "resnet18 1/4", { "name", "resnet", "stem", "cifar", "width", "0.25" },
		ATTRIBUTES(1), 705336, 700176, { 129 } },
	{ "deeplabv3", { "name", "deeplab", "depth", "50" }, NYUV2, 71888721, 23508032,
		{ 16128781, 16125697, 16126211 } },
	{ "deeplabv3 on resnet101", { "name", "deeplab", "depth", "101" }, NYUV2,
		90880849, 42500160, { 16128781, 16125697, 16126211 } },
	{ "mtan on resnet101", { "name", "mtan_deeplab", "depth", "101" }, NYUV2,
		111340049, 50431552, { 20304717, 20301633, 20302147 } },
	{ "deeplabv3 of cityscapes", { "name", "deeplab", "depth", "50" }, CITYSCAPES,
		55760968, 23508032, { 16127239, 16125697 } },
	{ "deeplabv3 on resnet18", { "name", "deeplab", "channels", "128" }, NYUV2,
		17573841, 11176512, { 2133389, 2131841, 2132099 } },
	{ "deeplabv3+",
		{ "name", "deeplab", "depth", "50", "plus", "true", "output_stride",
			"16" },
		NYUV2, 74028657, 23508032, { 16842093, 16839009, 16839523 } },
	{ "celeba of MGDA", { "name", "resnet", "stem", "cifar", "pool", "4" },
		ATTRIBUTES(2), 11332752, 11168832, { 4098 } },
	{ "celeba resnet18", { "name", "resnet" }, ATTRIBUTES(1), 11197032, 11176512,
		{ 513 } },
	{ "celeba of FAMO", { "name", "celeba_cnn" }, ATTRIBUTES(1), 5197160, 5176640,
		{ 513 } },
	{ "vgg16", { "name", "vgg16" }, 3, 32, 32, { CLASS("a", 5) }, 20, true,
		14934948, 14714688, { 11013 } },
};

static struct dataset *data_of(const struct row *r)
{
	struct dataset *d = NEW(&arena, struct dataset);
	const struct dataset_field x = { .c = r->c, .h = r->h, .w = r->w };

	for (int k = 0; k < 3 && r->task[k].name; k++)
		d->task[d->tasks++] = r->task[k];
	for (int k = 1; k < r->times; k++) {
		d->task[k] = r->task[0];
		d->task[k].name = arena_printf(&arena, "a%d", k);
		d->tasks = k + 1;
	}
	d->own_inputs = r->own_inputs;
	d->split[SPLIT_TRAIN].n = 8;
	d->split[SPLIT_TRAIN].input = x;
	for (int k = 0; k < d->tasks; k++)
		d->split[SPLIT_TRAIN].own_input[k] = x;
	return d;
}

START_TEST(parameters_are_as_many_as_in_the_published_code)
{
	const struct row *r = &rows[_i];
	const struct dataset *d = data_of(r);
	struct network n = modelled(modelled_params(r->params, &arena), d, &arena);
	struct network_size size;

	network_measure(&n, &size);
	ck_assert_msg(size.shared == r->shared, "%s: %lld shared", r->what,
		(long long)size.shared);
	for (int k = 0; k < size.heads; k++)
		ck_assert_msg(size.head[k].params == r->head[r->times ? 0 : k],
			"%s, task %d: %lld", r->what, k,
			(long long)size.head[k].params);
	ck_assert_int_eq(network_size_total(&size), r->total);
}
END_TEST

/* A map a task of the input's size, or a row of the task's outputs. */
START_TEST(outputs_have_the_shape_of_the_tasks)
{
	const struct row *r = &rows[_i];
	const struct dataset *d = data_of(r);
	struct network n = modelled(modelled_params(r->params, &arena), d, &arena);

	for (int k = 0; k < n.K; k++) {
		const struct node *y =
			graph_node(n.graph, graph_find(n.graph, d->task[k].name));
		bool map = task_is_map(d->task[k].kind);

		ck_assert_int_eq(y->scope, k);
		ck_assert_int_eq(y->C, d->task[k].outputs);
		ck_assert_int_eq(y->H, map ? r->h : 1);
		ck_assert_int_eq(y->W, map ? r->w : 1);
	}
}
END_TEST

/* What one task trains alone is what it has beside the others. */
START_TEST(a_baseline_has_the_trunk_and_its_own_head)
{
	const struct row *r = &rows[_i];
	const struct dataset *d = data_of(r);
	const struct params *ps = modelled_params(r->params, &arena);
	const int last = d->tasks - 1;
	struct network n = { .task = &d->task[last], .column = { last }, .K = 1 };
	struct network_size size;

	ck_assert_int_eq(network_add(&n, ps, d, &arena, NULL), OK);
	network_measure(&n, &size);
	ck_assert_int_eq(size.shared, r->shared);
	ck_assert_int_eq(size.head[0].params, r->head[r->times ? 0 : last]);
}
END_TEST

/* Convolutions of DeepLab that carry what the strides of the trunk became. */
static const struct {
	const char *depth, *output_stride, *node;
	int stride, dilation;
} dilated[] = {
	{ "50", "8", "layer2.0.conv2", 2, 1 },
	{ "50", "8", "layer3.0.conv2", 1, 1 },
	{ "50", "8", "layer3.1.conv2", 1, 2 },
	{ "50", "8", "layer4.0.conv2", 1, 2 },
	{ "50", "8", "layer4.2.conv2", 1, 4 },
	{ "50", "8", "layer4.0.downsample.0", 1, 1 },
	{ "50", "8", "seg.aspp1.conv", 1, 12 },
	{ "50", "8", "seg.aspp3.conv", 1, 36 },
	{ "101", "8", "layer3.22.conv2", 1, 2 },
	{ "101", "8", "layer4.0.conv2", 1, 2 },
	{ "101", "8", "layer4.2.conv2", 1, 4 },
	{ "50", "16", "layer3.0.conv2", 2, 1 },
	{ "50", "16", "layer4.0.conv2", 1, 1 },
	{ "50", "16", "layer4.1.conv2", 1, 2 },
	{ "50", "16", "seg.aspp2.conv", 1, 12 },
	{ "18", "8", "layer3.0.conv1", 1, 1 },
	{ "18", "8", "layer3.0.conv2", 1, 2 },
	{ "18", "8", "layer3.1.conv1", 1, 2 },
	{ "18", "8", "layer4.0.conv1", 1, 2 },
	{ "18", "8", "layer4.0.conv2", 1, 4 },
	{ "18", "16", "layer3.0.conv1", 2, 1 },
};

START_TEST(strides_beyond_the_output_stride_become_dilation)
{
	static const struct row nyuv2 = { "", { NULL }, NYUV2, 0, 0, { 0 } };
	const struct dataset *d = data_of(&nyuv2);

	for (int i = 0; i < COUNT(dilated); i++) {
		const char *params[MODELLED_PARAMS] = { "name", "deeplab", "depth",
			dilated[i].depth, "output_stride", dilated[i].output_stride };
		struct network n = modelled(modelled_params(params, &arena), d, &arena);
		int id = graph_find(n.graph, dilated[i].node);
		const struct node *v = graph_node(n.graph, id < 0 ? 0 : id);

		ck_assert_msg(id > 0 && v->stride == dilated[i].stride &&
				v->dilation == dilated[i].dilation &&
				v->pad == v->dilation * (v->kernel - 1) / 2,
			"%d: %s: stride %d, dilation %d, padding %d", i,
			dilated[i].node, v->stride, v->dilation, v->pad);
	}
}
END_TEST

/* Reference graphs that a setting of ours must equal, node for node. */
static const struct reference {
	const char *fixture;
	const char *params[MODELLED_PARAMS];
	struct row row; /* input and tasks */
} references[] = {
	{ "segnet_small", { "name", "segnet", "filters", "8 16 16" },
		{ "", { NULL }, 3, 32, 48, { SEG(7), DEPTH, NORMAL }, 0, false, 0, 0,
			{ 0 } } },
	{ "mtan_small", { "name", "mtan", "filters", "8 16 16" },
		{ "", { NULL }, 3, 32, 48, { SEG(7), DEPTH, NORMAL }, 0, false, 0, 0,
			{ 0 } } },
	{ "resnet18_small", { "name", "resnet", "stem", "cifar", "width", "0.125" },
		{ "", { NULL }, 3, 32, 32,
			{ CLASS("a", 1), CLASS("b", 1), CLASS("c", 1) }, 0, false, 0, 0,
			{ 0 } } },
};

static const struct json *manifest(const char *fixture)
{
	const char *path =
		arena_printf(&arena, "tests/fixtures/parity/%s/manifest.json", fixture);
	char *text = arena_alloc(&arena, JSON_BYTES_MAX, 1);
	struct diag d = { .arena = &arena, .path = path, .text = text };
	FILE *f = fopen(path, "rb");
	const struct json *root;

	ck_assert_ptr_nonnull(f);
	d.n = fread(text, 1, JSON_BYTES_MAX - 1, f);
	fclose(f);
	root = json_parse(&arena, &d);
	ck_assert_ptr_nonnull(root);
	return json_get(root, "model");
}

static const struct json *named(
	const struct json *list, const char *key, const char *name)
{
	for (const struct json *m = list->child; m; m = m->next)
		if (!strcmp(json_get(m, key)->string, name))
			return m;
	ck_abort_msg("no %s", name);
}

/* What we leave to the loss. */
static const struct json *skip_outputs(const struct json *nodes, const struct json *v)
{
	const char *op = json_get(v, "op")->string;

	if (!strcmp(op, "log_softmax") || !strcmp(op, "l2_normalize"))
		return named(nodes, "id", json_get(v, "in")->child->string);
	return v;
}

static void attribute(const struct json *v, const char *key, int ours, const char *name)
{
	const struct json *attrs = json_get(v, "attrs");
	const struct json *theirs = attrs ? json_get(attrs, key) : NULL;

	ck_assert_msg(!theirs || theirs->number == ours, "%s: %s %d, theirs %g", name,
		key, ours, theirs ? theirs->number : 0);
}

/* The node and all that it reads; seen[id] names the one it equals. */
static void compare(const struct graph *g, int id, const struct json *nodes,
	const struct json *theirs, const char **seen)
{
	const struct node *v = graph_node(g, id);
	const struct json *shape = json_get(theirs, "shape")->child;
	const char *op = json_get(theirs, "op")->string;
	const char *name = json_get(theirs, "id")->string;
	int i = 0;

	ck_assert_msg(!seen[id] || !strcmp(seen[id], name), "%s is %s and %s", v->name,
		seen[id] ? seen[id] : "", name);
	if (seen[id])
		return;
	seen[id] = name;
	ck_assert_msg(
		!strncmp(op, layers[v->kind]->name, strlen(layers[v->kind]->name)),
		"%s is a %s, theirs a %s", v->name, layers[v->kind]->name, op);
	ck_assert_msg(
		shape->number == v->C && (!shape->next || shape->next->number == v->H),
		"%s has %d channels", v->name, v->C);
	attribute(theirs, "kernel", v->kernel, v->name);
	attribute(theirs, "stride", v->stride, v->name);
	attribute(theirs, "padding", v->pad, v->name);
	attribute(theirs, "dilation", v->dilation, v->name);
	for (const struct json *in = json_get(theirs, "in")->child; in; in = in->next)
		compare(g, v->in[i++], nodes, named(nodes, "id", in->string), seen);
	ck_assert_int_eq(i, v->inputs);
}

START_TEST(every_node_is_that_of_the_reference_graph)
{
	const struct reference *r = &references[_i];
	const struct dataset *d = data_of(&r->row);
	struct network n = modelled(modelled_params(r->params, &arena), d, &arena);
	const struct json *model = manifest(r->fixture);
	const struct json *nodes = json_get(model, "nodes");
	const struct json *task = json_get(model, "tasks")->child;
	const char **seen = NEW_ARRAY(&arena, const char *, graph_nodes(n.graph));

	for (int k = 0; k < n.K; k++, task = task->next)
		compare(n.graph, graph_find(n.graph, d->task[k].name), nodes,
			skip_outputs(nodes,
				named(nodes, "id", json_get(task, "output")->string)),
			seen);
	for (int id = 0; id < graph_nodes(n.graph); id++)
		ck_assert_msg(seen[id], "%s", graph_node(n.graph, id)->name);
}
END_TEST

Suite *suite_model(void);

Suite *suite_model(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("model");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
		t, parameters_are_as_many_as_in_the_published_code, 0, COUNT(rows));
	tcase_add_test(t, strides_beyond_the_output_stride_become_dilation);
	tcase_add_loop_test(
		t, every_node_is_that_of_the_reference_graph, 0, COUNT(references));
	tcase_add_loop_test(t, outputs_have_the_shape_of_the_tasks, 0, COUNT(rows));
	tcase_add_loop_test(
		t, a_baseline_has_the_trunk_and_its_own_head, 0, COUNT(rows));
	suite_add_tcase(s, t);
	return s;
}
