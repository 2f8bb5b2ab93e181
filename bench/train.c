/*
 * Whole training steps through the trainer's own interface: gathering, forward, losses,
 * weights, backward, optimizer, meters. Thread CPU time, for the core may be shared.
 */
#include <stdint.h>
#include "bench/bench.h"
#include "bench/peak.h"
#include "trainer-core/rng.h"
#include "trainer-core/train.h"

#define WARM_UP 5 /* steps */
#define EVALUATED 256 /* samples of val and test; not measured */

struct network {
	const char *model, *method, *batch_text;
	const char *extra[2]; /* one more parameter */
	int batch, samples; /* a multiple of the batch */
	int c, h, w;
	enum element element;
	struct task_info task[3];
	int tasks;
	double gflop; /* a step */
};

static const struct network mlp = {
	.model = "mlp",
	.method = "uw",
	.extra = { "model.hidden", "256 256" },
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
	.extra = { "T", "5" },
	LENET_DATA,
	.gflop = 256 * LENET_TRAINING,
};

/* The lenet of above with a backward pass of the trunk for each task. */
static const struct network lenet_pcgrad = {
	.method = "pcgrad",
	.extra = { "reduction", "sum" },
	LENET_DATA,
	/* The first layer three times, the others five, the heads three. */
	.gflop = 256 * 2e-9 *
		(3 * 10 * 784 * 81 + 5 * (20 * 100 * 250 + 500 * 50) + 3 * 2 * 50 * 10),
};

/* Labels say something about the input, so that training has something to do. */
static void fill_split(const struct network *net, int n, uint64_t stream,
	struct split_data *s, struct arena *a)
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
	s->input = (struct field){ x, net->element,
		net->element == ELEMENT_U8 ? 1.0f / 255 : 1, net->c, net->h, net->w,
		0 };
	for (int k = 0; k < net->tasks; k++) {
		const struct task_info *t = &net->task[k];
		size_t values = (size_t)n * (t->kind == TASK_CLASS ? 1 : t->outputs);
		float *y = arena_alloc_aligned(a, values * sizeof(float));

		for (size_t i = 0; i < values; i++) {
			uint64_t bits = rng_bits(2, RNG_DATA, stream + k, i);

			if (t->kind == TASK_CLASS)
				((uint8_t *)y)[i] = (uint8_t)(bits % t->outputs);
			else
				y[i] = (float)(bits % 1000) / 500 - 1;
		}
		s->target[k] = (struct field){ y,
			t->kind == TASK_CLASS ? ELEMENT_U8 : ELEMENT_F32, 1,
			t->kind == TASK_CLASS ? 1 : t->outputs, 1, 1, 0 };
	}
}

static struct dataset *data_of(const struct network *net, struct arena *a)
{
	struct dataset *d = NEW(a, struct dataset);

	d->tasks = net->tasks;
	for (int k = 0; k < net->tasks; k++)
		d->task[k] = net->task[k];
	fill_split(net, net->samples, 0, &d->split[SPLIT_TRAIN], a);
	fill_split(net, EVALUATED, 10, &d->split[SPLIT_VAL], a);
	fill_split(net, EVALUATED, 20, &d->split[SPLIT_TEST], a);
	return d;
}

static struct params *params_of(const struct network *net, struct arena *a)
{
	const char *const list[][2] = { { "lr", "0.001" }, { "wd", "0" },
		{ "seed", "0" }, { "method", net->method },
		{ "model.name", net->model }, { "train.epochs", "100000" },
		{ "train.batch", net->batch_text }, { "train.optimizer", "adam" } };
	struct params *ps = NEW(a, struct params);

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		params_set(ps, a, list[i][0], list[i][1]);
	params_set(ps, a, net->extra[0], net->extra[1]);
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
	int rc = train_new(&t, params_of(net, a), data_of(net, a), a, e);

	while (!rc) {
		w.last = 0;
		rc = train_epoch(t, on_step, &w, &rows, e);
	}
	if (rc != ERR_INTERRUPTED)
		return rc;
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
