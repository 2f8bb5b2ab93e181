/*
 * Whole training steps through the trainer's own interface: gathering, forward, losses,
 * weights, backward, optimizer, meters. Thread CPU time, for the core may be shared.
 */
#include <stdint.h>
#include "bench/bench.h"
#include "bench/peak.h"
#include "common/rng.h"
#include "trainer-core/train/train.h"

#define WARM_UP 5 /* steps */

struct network {
	const char *model, *method, *batch_text;
	const char *extra[4][2]; /* more parameters */
	int batch, samples; /* a multiple of the batch; val and test have one batch */
	int c, h, w;
	enum element element;
	struct task_info task[3];
	int tasks;
	int attributes; /* as many binary tasks instead */
	double gflop; /* a step */
};

static const struct network mlp = {
	.model = "mlp",
	.method = "uw",
	.extra = { { "model.hidden", "256 256" } },
	.batch = 64,
	.batch_text = "64",
	.samples = 64 * 500,
	.c = 64,
	.h = 1,
	.w = 1,
	.element = ELEMENT_F32,
	.task = { { "one", TASK_REGRESS, LOSS_L1, 1, 1 },
		{ "four", TASK_REGRESS, LOSS_L1, 4, 1 },
		{ "class", TASK_CLASS, LOSS_CE, 10, 1 } },
	.tasks = 3,
	/* 64 samples; first layer twice, the others three times; two operations */
	.gflop = 64 * 2e-9 * (2 * 64 * 256 + 3 * (256 * 256 + 256 * 15)),
};

/* What every row on LeNet trains: two images in one, 256 at a time. */
#define LENET_DATA \
	.model = "lenet", .batch = 256, .batch_text = "256", .samples = 256 * 78, \
	.c = 1, .h = 36, .w = 36, .element = ELEMENT_U8, \
	.task = { { "left", TASK_CLASS, LOSS_CE, 10, 1 }, \
		{ "right", TASK_CLASS, LOSS_CE, 10, 1 } }, \
	.tasks = 2

static const struct network lenet = {
	.method = "uw_so",
	.extra = { { "T", "5" } },
	LENET_DATA,
	.gflop = 256 * LENET_TRAINING,
};

/* The lenet of above with a backward pass of the trunk for each task. */
static const struct network lenet_pcgrad = {
	.method = "pcgrad",
	.extra = { { "reduction", "sum" } },
	LENET_DATA,
	/* The first layer three times, the others five, the heads three. */
	.gflop = 256 * 2e-9 *
		(3 * 10 * 784 * 81 + 5 * (20 * 100 * 250 + 500 * 50) + 3 * 2 * 50 * 10),
};

/*
 * Multiplications of a sample: encoder and decoder of four levels, each as two layers, and
 * three heads of 3x3 and 1x1.
 */
#define SEGNET_FIRST (6144.0 * 27 * 16)
#define SEGNET_FORWARD \
	(9.0 * \
			(6144 * (3 * 16 + 16 * 16) + 1536 * (16 * 32 + 32 * 32) + \
				384 * (32 * 64 + 64 * 64) + \
				96 * (64 * 128 + 128 * 128) + \
				96 * (128 * 64 + 64 * 64) + \
				384 * (64 * 32 + 32 * 32) + \
				1536 * (32 * 16 + 16 * 16) + 6144 * (2 * 16 * 16) + \
				6144 * 3 * 16 * 16) + \
		6144.0 * 16 * 17)

static const struct network segnet = {
	.model = "segnet",
	.method = "ew",
	.extra = { { "model.filters", "16 32 64 128" }, { "model.layers", "2" },
		{ "model.head_relu", "true" } },
	.batch = 8,
	.batch_text = "8",
	.samples = 8 * 20,
	.c = 3,
	.h = 64,
	.w = 96,
	.element = ELEMENT_U8,
	.task = { { "seg", TASK_SEG, LOSS_CE, 13, 1 },
		{ "depth", TASK_DEPTH, LOSS_L1, 1, 1 },
		{ "normal", TASK_NORMAL, LOSS_COSINE, 3, 1 } },
	.tasks = 3,
	.gflop = 8 * 2e-9 * (3 * SEGNET_FORWARD - SEGNET_FIRST),
};

/* The same of ResNet-18 on 3x64x64: stem, four stages, the steps between them, heads. */
#define RESNET_FIRST (1024.0 * 147 * 64)
#define RESNET_FORWARD \
	(RESNET_FIRST + \
		9.0 * \
			(256 * 4 * 64 * 64 + 64 * (64 * 128 + 3 * 128 * 128) + \
				16 * (128 * 256 + 3 * 256 * 256) + \
				4 * (256 * 512 + 3 * 512 * 512)) + \
		64.0 * 64 * 128 + 16.0 * 128 * 256 + 4.0 * 256 * 512 + 40 * 512)

static const struct network resnet18 = {
	.model = "resnet",
	.method = "ew",
	.batch = 128,
	.batch_text = "128",
	.samples = 128 * 4,
	.c = 3,
	.h = 64,
	.w = 64,
	.element = ELEMENT_U8,
	.tasks = 40,
	.attributes = 40,
	.gflop = 128 * 2e-9 * (3 * RESNET_FORWARD - RESNET_FIRST),
};

static struct dataset_field fill_target(const struct network *net,
	const struct task_info *t, int n, uint64_t stream, struct arena *a)
{
	bool map = task_is_map(t->kind),
	     labels = t->kind != TASK_REGRESS && t->kind != TASK_DEPTH &&
		t->kind != TASK_NORMAL;
	int c = labels ? 1 : t->outputs, h = map ? net->h : 1, w = map ? net->w : 1;
	int classes = t->kind == TASK_BINARY ? 2 : t->outputs;
	size_t values = (size_t)n * c * h * w;
	float *y = arena_alloc_aligned(a, values * sizeof(float));

	for (size_t i = 0; i < values; i++) {
		uint64_t bits = rng_bits(2, RNG_DATA, stream, i);

		if (labels)
			((uint8_t *)y)[i] = (uint8_t)(bits % classes);
		else
			y[i] = (float)(bits % 1000) / 500 - 1;
	}
	return (struct dataset_field){ y, labels ? ELEMENT_U8 : ELEMENT_F32, 1, c, h, w,
		0 };
}

static void fill_split(const struct network *net, int n, uint64_t stream,
	const struct task_info *task, struct split_data *s, struct arena *a)
{
	size_t F = (size_t)net->c * net->h * net->w;
	float *x = arena_alloc_aligned(a, (size_t)n * F * sizeof(float));
	uint8_t *bytes = (uint8_t *)x;

	for (size_t i = 0; i < (size_t)n * F; i++) {
		uint64_t bits = rng_bits(1, RNG_DATA, stream, i);

		if (net->element == ELEMENT_U8)
			bytes[i] = (uint8_t)bits;
		else
			x[i] = (float)(int32_t)bits / 2147483648.0f;
	}
	s->n = n;
	s->input = (struct dataset_field){ x, net->element,
		net->element == ELEMENT_U8 ? 1.0f / 255 : 1, net->c, net->h, net->w,
		0 };
	for (int k = 0; k < net->tasks; k++)
		s->target[k] = fill_target(net, &task[k], n, stream + k, a);
}

static struct dataset *data_of(const struct network *net, struct arena *a)
{
	struct dataset *d = NEW(a, struct dataset);

	d->tasks = net->tasks;
	for (int k = 0; k < net->tasks; k++)
		d->task[k] = net->attributes
			? (struct task_info){ arena_printf(a, "attribute%d", k),
				  TASK_BINARY, LOSS_BCE, 1, 1 }
			: net->task[k];
	fill_split(net, net->samples, 0, d->task, &d->split[SPLIT_TRAIN], a);
	fill_split(net, net->batch, 100, d->task, &d->split[SPLIT_VAL], a);
	fill_split(net, net->batch, 200, d->task, &d->split[SPLIT_TEST], a);
	return d;
}

static struct params *params_of(
	const struct network *net, const char *precision, struct arena *a)
{
	const char *const list[][2] = { { "lr", "0.001" }, { "wd", "0" },
		{ "seed", "0" }, { "method", net->method },
		{ "model.name", net->model }, { "train.epochs", "100000" },
		{ "train.batch", net->batch_text }, { "train.optimizer", "adam" } };
	struct params *ps = NEW(a, struct params);

	for (int i = 0; i < COUNT(list); i++)
		params_set(ps, a, list[i][0], list[i][1]);
	for (int i = 0; i < 4 && net->extra[i][0]; i++)
		params_set(ps, a, net->extra[i][0], net->extra[i][1]);
	if (precision)
		params_set(ps, a, "train.precision", precision);
	return ps;
}

/* Windows of steps, with the peak measured between them. */
struct watch {
	double window; /* seconds of each */
	double last; /* CPU time when the last step ended; 0: not known */
	double spent;
	int steps, warm, windows;
	double rate[BENCH_WINDOWS], peak[BENCH_WINDOWS];
};

static int on_step(void *arg)
{
	struct watch *w = arg;
	double now = bench_cpu_seconds();

	if (w->warm < WARM_UP) {
		w->warm++;
	} else if (w->last > 0) {
		w->spent += now - w->last;
		w->steps++;
	}
	w->last = now;
	if (w->spent < w->window)
		return 0;
	w->rate[w->windows] = w->steps / w->spent;
	w->peak[w->windows] = bench_peak_gflops(0.05);
	w->spent = 0;
	w->steps = 0;
	w->last = bench_cpu_seconds();
	return ++w->windows == BENCH_WINDOWS;
}

static int measure(const struct network *net, double seconds, struct bench_result *r,
	struct arena *a, struct err *e)
{
	struct watch w = { .window = seconds / BENCH_WINDOWS };
	struct train *t;
	const struct epoch_rows *rows;
	struct params *ps = params_of(net, r->precision, a);
	int rc = train_new(&t, ps, data_of(net, a), a, e);

	while (!rc) {
		w.last = 0;
		rc = train_epoch(t, on_step, &w, &rows, e);
	}
	if (rc != ERR_INTERRUPTED)
		return rc;
	r->kernels = train_kernel_class(ps);
	r->batch = net->batch;
	r->method = net->method;
	r->gflop_per_step = net->gflop;
	r->steps_per_s = bench_median(w.rate, w.windows);
	r->peak_gflops = bench_median(w.peak, w.windows);
	return OK;
}

int bench_mlp(double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	return measure(&mlp, seconds, r, a, e);
}

int bench_lenet(double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	return measure(&lenet, seconds, r, a, e);
}

int bench_lenet_pcgrad(
	double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	return measure(&lenet_pcgrad, seconds, r, a, e);
}

int bench_segnet(double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	return measure(&segnet, seconds, r, a, e);
}

int bench_resnet18(
	double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	return measure(&resnet18, seconds, r, a, e);
}
