#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "orchestrator/json.h"
#include "trainer-core/layer.h"
#include "trainer-core/loss.h"
#include "trainer-core/network.h"
#include "trainer-core/rng.h"
#include "trainer-core/train.h"

static struct arena arena;

static void setup(void)
{
	memset(&arena, 0, sizeof(arena));
}

static void teardown(void)
{
	arena_release(&arena);
}

#define PARAMS_MAX 14

/* A network, its input and its tasks as the reference has them. */
struct row {
	const char *what;
	const char *params[PARAMS_MAX]; /* name, value ... behind model. */
	int c, h, w;
	struct task_info task[3];
	int times; /* the first task so many times; 0: the list as it stands */
	bool own_inputs;
	int64_t total, shared;
	int64_t head[3];
};

#define SEG(n) \
	{ \
		"seg", TASK_SEG, LOSS_CE, n, 1 \
	}
#define DEPTH \
	{ \
		"depth", TASK_DEPTH, LOSS_L1, 1, 1 \
	}
#define NORMAL \
	{ \
		"normal", TASK_NORMAL, LOSS_COSINE, 3, 1 \
	}
#define CLASS(name, n) \
	{ \
		name, TASK_CLASS, LOSS_CE, n, 1 \
	}
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
	{ "resnet18 of CIFAR", { "name", "resnet", "stem", "cifar" }, 3, 32, 32,
		{ CLASS("a", 10) }, 0, false, 11173962, 11168832, { 5130 } },
	{ "resnet18 1/2", { "name", "resnet", "stem", "cifar", "width", "0.5" },
		ATTRIBUTES(1), 2805320, 2795040, { 257 } },
	{ "resnet18 1/4", { "name", "resnet", "stem", "cifar", "width", "0.25" },
		ATTRIBUTES(1), 705336, 700176, { 129 } },
	{ "deeplabv3", { "name", "deeplab", "depth", "50" }, NYUV2, 71888721, 23508032,
		{ 16128781, 16125697, 16126211 } },
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
#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))

static struct params *params_of(const char *const *pair)
{
	struct params *ps = NEW(&arena, struct params);

	for (int i = 0; i < PARAMS_MAX && pair[i]; i += 2)
		params_set(ps, &arena, arena_printf(&arena, "model.%s", pair[i]),
			pair[i + 1]);
	params_set(ps, &arena, "train.batch", "8");
	return ps;
}

static struct dataset *data_of(const struct row *r)
{
	struct dataset *d = NEW(&arena, struct dataset);
	const struct field x = { .c = r->c, .h = r->h, .w = r->w };

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

static struct network network_of(const struct params *ps, const struct dataset *d)
{
	struct network n = { .task = d->task, .K = d->tasks };
	struct err e = { 0 };

	for (int k = 0; k < n.K; k++)
		n.column[k] = k;
	ck_assert_msg(network_add(&n, ps, d, &arena, &e) == OK, "%s", e.msg);
	return n;
}

START_TEST(parameters_are_as_many_as_in_the_published_code)
{
	const struct row *r = &rows[_i];
	const struct dataset *d = data_of(r);
	struct network n = network_of(params_of(r->params), d);
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
	struct network n = network_of(params_of(r->params), d);

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
	const struct params *ps = params_of(r->params);
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

	for (size_t i = 0; i < sizeof(dilated) / sizeof(dilated[0]); i++) {
		const char *params[PARAMS_MAX] = { "name", "deeplab", "depth",
			dilated[i].depth, "output_stride", dilated[i].output_stride };
		struct network n = network_of(params_of(params), d);
		int id = graph_find(n.graph, dilated[i].node);
		const struct node *v = graph_node(n.graph, id < 0 ? 0 : id);

		ck_assert_msg(id > 0 && v->stride == dilated[i].stride &&
				v->dilation == dilated[i].dilation &&
				v->pad == v->dilation * (v->kernel - 1) / 2,
			"%zu: %s: stride %d, dilation %d, padding %d", i,
			dilated[i].node, v->stride, v->dilation, v->pad);
	}
}
END_TEST

/* Reference graphs that a setting of ours must equal, node for node. */
static const struct reference {
	const char *fixture;
	const char *params[PARAMS_MAX];
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
	struct network n = network_of(params_of(r->params), d);
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

/* A tiny instance of every network: 3x16x16 (mlp: flat), of the reference's shape. */
static const struct tiny {
	const char *params[PARAMS_MAX];
	bool maps, own_inputs;
} tinies[] = {
	{ { "name", "mlp", "hidden", "6" }, false, false },
	{ { "name", "segnet", "filters", "4 6", "layers", "2" }, true, false },
	{ { "name", "segnet", "filters", "4 6", "layers", "1", "type", "deep", "head",
		  "6", "head_relu", "true" },
		true, false },
	{ { "name", "mtan", "filters", "4 6", "layers", "2" }, true, false },
	{ { "name", "resnet", "stem", "cifar", "width", "0.06" }, false, false },
	{ { "name", "resnet", "stem", "s2", "width", "0.06", "depth", "50", "fc", "5" },
		false, false },
	{ { "name", "resnet", "stem", "s2", "width", "0.06", "pool", "1" }, false,
		false },
	{ { "name", "deeplab", "stem", "cifar", "width", "0.06", "channels", "4",
		  "dropout", "0" },
		true, false },
	{ { "name", "deeplab", "stem", "s2", "width", "0.06", "channels", "4", "plus",
		  "true", "output_stride", "16" },
		true, false },
	{ { "name", "mtan_deeplab", "stem", "s2", "width", "0.06", "channels", "4" },
		true, false },
	{ { "name", "vgg16", "width", "0.05" }, false, true },
	{ { "name", "vgg16", "width", "0.05", "norm", "shared" }, false, true },
	{ { "name", "vgg16", "width", "0.05", "norm", "shared" }, false, false },
	{ { "name", "celeba_cnn", "width", "0.05" }, false, false },
};
#define TINIES ((int)(sizeof(tinies) / sizeof(tinies[0])))
#define SIDE 16
#define SAMPLES 24

static const struct task_info map_tasks[] = { SEG(4), DEPTH, NORMAL };
static const struct task_info flat_tasks[] = { CLASS("kind", 4),
	{ "size", TASK_REGRESS, LOSS_L1, 1, 1 },
	{ "bit", TASK_BINARY, LOSS_BCE, 1, 1 } };

/* Of sample i: which corner is bright (its class), and how bright. */
static int corner(int i)
{
	return (i * 7 + i / 5) % 4;
}

static double level(int i)
{
	return 0.4 + 0.6 * (i * 5 % 9) / 9.0;
}

/* Is pixel (y, x) of sample i in the bright corner? */
static bool bright(int i, int y, int x)
{
	return y / (SIDE / 2) * 2 + x / (SIDE / 2) == corner(i);
}

static float noise(int i, int at)
{
	return (float)rng_normal(3, RNG_DATA, (uint64_t)i, (uint64_t)at);
}

static struct field images(int side)
{
	const int plane = side * side;
	float *x = arena_alloc_aligned(
		&arena, (size_t)SAMPLES * 3 * (size_t)plane * sizeof(float));

	for (int i = 0; i < SAMPLES * 3 * plane; i++) {
		int sample = i / (3 * plane), y = i % plane / side, column = i % side;
		int step = SIDE / side;

		x[i] = 0.1f * noise(sample, i % (3 * plane)) +
			(bright(sample, y * step, column * step) ? (float)level(sample)
								 : 0);
	}
	return (struct field){ x, ELEMENT_F32, 1, 3, side, side, 0 };
}

/* Value c at pixel (y, x) of sample i of a task. */
static double target(const struct task_info *t, int i, int c, int y, int x)
{
	switch (t->kind) {
	case TASK_CLASS:
		return corner(i);
	case TASK_REGRESS:
		return level(i);
	case TASK_BINARY:
		return corner(i) > 1;
	case TASK_SEG:
		return bright(i, y, x) ? corner(i) : -(i % 2);
	case TASK_DEPTH:
		return bright(i, y, x) ? 2 : (i + x) % 5 ? 1 : 0;
	case TASK_NORMAL:
		return c == (bright(i, y, x) ? 0 : 2);
	}
	BUG("a task of no kind");
}

static struct field targets(const struct task_info *t)
{
	const int side = task_is_map(t->kind) ? SIDE : 1;
	const int C = t->kind == TASK_NORMAL ? 3 : 1;
	const int floats = C * side * side;
	float *y = arena_alloc_aligned(
		&arena, (size_t)SAMPLES * (size_t)floats * sizeof(float));

	for (int i = 0; i < SAMPLES * floats; i++) {
		int at = i % (side * side);

		y[i] = (float)target(t, i / floats, i % floats / (side * side),
			at / side, at % side);
	}
	return (struct field){ y, ELEMENT_F32, 1, C, side, side, 0 };
}

static struct dataset *tiny_data(const struct tiny *t)
{
	const bool flat = !strcmp(t->params[1], "mlp");
	const struct task_info *task = t->maps ? map_tasks : flat_tasks;
	struct dataset *d = NEW(&arena, struct dataset);

	d->tasks = 3;
	d->own_inputs = t->own_inputs;
	for (int s = 0; s < SPLIT_COUNT; s++) {
		struct split_data *split = &d->split[s];

		split->n = SAMPLES;
		split->input = images(flat ? 4 : SIDE);
		for (int k = 0; k < 3; k++) {
			d->task[k] = task[k];
			split->own_input[k] = split->input;
			split->target[k] = targets(&task[k]);
		}
	}
	return d;
}

/* A built network with eight samples fed, and its losses. */
struct probe {
	struct network net;
	struct graph *g;
	const struct dataset *d;
	float *y[3]; /* targets of the samples */
};
#define FED 8
#define TOLERANCE 0.05
#define TENSORS 40 /* that are tried */

/* Biases of 0 leave values on the kink of a ReLU, and vectors without a direction. */
static void unsettle(struct graph *g)
{
	for (int i = 0; i < graph_params(g); i++) {
		size_t n = graph_param(g, i)->count;
		float *v = NEW_ARRAY(&arena, float, (int)n);

		graph_param_get(g, i, graph_values(g), v);
		for (size_t j = 0; j < n; j++)
			v[j] += 0.02f * (float)((j + (size_t)i) % 5) - 0.03f;
		graph_param_set(g, i, graph_values(g), v);
	}
}

static struct probe probe_of(const struct tiny *t)
{
	static const int index[FED] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	struct probe p = { .d = tiny_data(t) };
	const struct split_data *s = &p.d->split[SPLIT_TRAIN];

	p.net = network_of(params_of(t->params), p.d);
	p.g = p.net.graph;
	ck_assert_int_eq(graph_build(p.g, FED, true, NULL), OK);
	graph_init(p.g, 5);
	unsettle(p.g);
	for (int i = 0; i < p.net.inputs; i++)
		graph_feed(p.g, p.net.input[i],
			t->own_inputs ? &s->own_input[i] : &s->input, index, FED);
	for (int k = 0; k < 3; k++) {
		const struct field *f = &s->target[k];

		p.y[k] = arena_alloc_aligned(&arena,
			(size_t)FED * (size_t)(f->c * f->h * f->w) * sizeof(float));
		memcpy(p.y[k], f->data,
			(size_t)FED * (size_t)(f->c * f->h * f->w) * sizeof(float));
	}
	return p;
}

/* Sum of the losses of what the network says now; their gradients go to the seeds. */
static double objective(const struct probe *p)
{
	double sum = 0;

	graph_forward(p->g);
	for (int k = 0; k < 3; k++) {
		const struct loss loss = loss_of(&p->d->task[k]);
		const int C = p->d->task[k].outputs;
		const struct loss_shape shape = { FED, C,
			graph_prediction_floats(p->g, k) / C };

		sum += loss_mean(loss_compute(&loss, &shape, graph_prediction(p->g, k),
			p->y[k], graph_seed(p->g, k)));
	}
	return sum;
}

/* Where a tensor is moved to: against its gradient and in a direction of chance. */
static void direction(
	const struct probe *p, int i, const float *grad, float *step, double *slope)
{
	const struct graph_param *q = graph_param(p->g, i);
	double g2 = 0, r2 = 0;

	graph_param_get(p->g, i, grad, step);
	for (size_t j = 0; j < q->count; j++)
		g2 += (double)step[j] * (double)step[j];
	for (size_t j = 0; j < q->count; j++)
		r2 += pow(rng_normal(9, RNG_DATA, (uint64_t)i, j), 2);
	*slope = 0;
	for (size_t j = 0; j < q->count; j++) {
		double g = (double)step[j];
		double v = rng_normal(9, RNG_DATA, (uint64_t)i, j) / sqrt(r2) +
			(g2 > 0 ? g / sqrt(g2) : 0);

		step[j] = (float)v;
		*slope += v * g;
	}
}

static void move(
	const struct probe *p, int i, const float *from, const float *step, float h)
{
	const struct graph_param *q = graph_param(p->g, i);
	float *to = NEW_ARRAY(&arena, float, (int)q->count);

	for (size_t j = 0; j < q->count; j++)
		to[j] = from[j] + h * step[j];
	graph_param_set(p->g, i, graph_values(p->g), to);
}

/* The slope of the objective along a step of one tensor, by differences. */
static double difference(const struct probe *p, int i, const float *step, float h)
{
	float *from = NEW_ARRAY(&arena, float, (int)graph_param(p->g, i)->count);
	double up, down;

	graph_param_get(p->g, i, graph_values(p->g), from);
	move(p, i, from, step, h);
	up = objective(p);
	move(p, i, from, step, -h);
	down = objective(p);
	graph_param_set(p->g, i, graph_values(p->g), from);
	return (up - down) / (2 * (double)h);
}

/*
 * How far a slope is from the differences, as a share. Kinks of ReLU lie between any two
 * points of a deep network and a short step drowns in rounding: the best of some lengths.
 */
static double distance(const struct probe *p, int i, const float *grad)
{
	static const int length[] = { 12, 10, 14, 16, 8 };
	float *step = NEW_ARRAY(&arena, float, (int)graph_param(p->g, i)->count);
	double slope, least = 1e9;

	direction(p, i, grad, step, &slope);
	for (size_t n = 0; n < sizeof(length) / sizeof(length[0]); n++) {
		double want = difference(p, i, step, ldexpf(1, -length[n]));
		double off = fabs(slope - want) / (fabs(want) + 0.05);

		least = fmin(least, off);
		if (least < TOLERANCE)
			return least;
	}
	return least;
}

/* The gradient takes the places of an unpooling as given; a step may move them. */
static bool moves_places(const struct tiny *t, const char *param)
{
	return t->maps && !strncmp(param, "enc", 3);
}

START_TEST(the_gradient_of_all_losses_is_the_slope_of_every_tensor)
{
	const double weight[] = { 1, 1, 1 };
	struct probe p = probe_of(&tinies[_i]);
	float *grad = arena_alloc_aligned(&arena, graph_floats(p.g) * sizeof(float));
	int checked = 0, every = 1 + graph_params(p.g) / TENSORS;

	(void)objective(&p);
	graph_backward(p.g, weight, grad);
	for (int i = 0; i < graph_params(p.g); i++) {
		const char *name = graph_param(p.g, i)->name;
		double off;

		if (i % every || moves_places(&tinies[_i], name))
			continue;
		off = distance(&p, i, grad);
		ck_assert_msg(off < TOLERANCE, "network %d, %s: %g", _i, name, off);
		checked++;
	}
	ck_assert_int_ge(checked, 5);
}
END_TEST

static double figure(const struct epoch_rows *r, const char *split, const char *task,
	const char *name)
{
	for (int i = 0; i < r->metrics; i++)
		if (!strcmp(r->metric[i].split, split) &&
			!strcmp(r->metric[i].task, task) &&
			!strcmp(r->metric[i].name, name))
			return r->metric[i].value;
	ck_abort_msg("no row %s %s/%s", split, task, name);
}

#define EPOCHS 30

/* Training jumps about at this rate: the best epoch of each task is what counts. */
START_TEST(every_network_learns_all_tasks)
{
	static const char *const pairs[][2] = { { "lr", "0.01" }, { "wd", "0" },
		{ "seed", "1" }, { "method", "ew" }, { "train.epochs", "30" },
		{ "train.optimizer", "adam" } };
	const struct dataset *d = tiny_data(&tinies[_i]);
	struct params *ps = params_of(tinies[_i].params);
	const struct epoch_rows *epoch = NULL;
	double first[3], train[3], val[3];
	struct train *t;
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		params_set(ps, &arena, pairs[i][0], pairs[i][1]);
	ck_assert_msg(train_new(&t, ps, d, &arena, &e) == OK, "%s", e.msg);
	for (int n = 0; n < EPOCHS; n++) {
		ck_assert_msg(
			train_epoch(t, NULL, NULL, &epoch, &e) == OK, "%s", e.msg);
		for (int k = 0; k < 3; k++) {
			const char *task = d->task[k].name;
			double now = figure(epoch, "train", task, "loss");

			first[k] = n ? first[k] : now;
			train[k] = n ? fmin(train[k], now) : now;
			now = figure(epoch, "val", task, "loss");
			val[k] = n ? fmin(val[k], now) : now;
		}
	}
	for (int k = 0; k < 3; k++)
		ck_assert_msg(train[k] < 0.5 * first[k] && val[k] < 0.5 * first[k],
			"network %d, %s: from %g to %g, val %g", _i, d->task[k].name,
			first[k], train[k], val[k]);
}
END_TEST

Suite *suite_model(void);

Suite *suite_model(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("model");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(
		t, parameters_are_as_many_as_in_the_published_code, 0, ROWS);
	tcase_add_test(t, strides_beyond_the_output_stride_become_dilation);
	tcase_add_loop_test(t, every_node_is_that_of_the_reference_graph, 0,
		(int)(sizeof(references) / sizeof(references[0])));
	tcase_add_loop_test(t, outputs_have_the_shape_of_the_tasks, 0, ROWS);
	tcase_add_loop_test(t, a_baseline_has_the_trunk_and_its_own_head, 0, ROWS);
	tcase_add_loop_test(
		t, the_gradient_of_all_losses_is_the_slope_of_every_tensor, 0, TINIES);
	tcase_add_loop_test(t, every_network_learns_all_tasks, 0, TINIES);
	suite_add_tcase(s, t);
	return s;
}
