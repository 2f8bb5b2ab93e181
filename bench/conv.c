#include "bench/conv.h"
#include <stdio.h>
#include <string.h>
#include "bench/bench.h"
#include "bench/peak.h"
#include "trainer-core/kernel/kernel.h"

#define WINDOWS 40
#define WINDOW 0.004 /* seconds */

static const struct layer {
	const char *name;
	struct conv_shape s;
} layers[] = {
#define CONV(N, C, H, W, O, kernel, stride, pad, dilation, c4) \
	{ \
		N, C, H, W, O, \
			(H + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1, \
			(W + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1, \
			kernel, kernel, stride, pad, dilation, 0, 0, c4, 0 \
	}
	{ "segnet_3_16", CONV(8, 3, 64, 96, 16, 3, 1, 1, 1, 1) },
	{ "segnet_16_64x96", CONV(8, 16, 64, 96, 16, 3, 1, 1, 1, 0) },
	{ "t_16_8x12", CONV(8, 16, 8, 12, 16, 3, 1, 1, 1, 0) },
	{ "t_16_16x24", CONV(8, 16, 16, 24, 16, 3, 1, 1, 1, 0) },
	{ "t_16_32x48", CONV(8, 16, 32, 48, 16, 3, 1, 1, 1, 0) },
	{ "t_16_64x96", CONV(8, 16, 64, 96, 16, 3, 1, 1, 1, 0) },
	{ "segnet_16_13", CONV(8, 16, 64, 96, 13, 1, 1, 0, 1, 0) },
	{ "segnet_16_32", CONV(8, 16, 32, 48, 32, 3, 1, 1, 1, 0) },
	{ "segnet_32_16", CONV(8, 32, 32, 48, 16, 3, 1, 1, 1, 0) },
	{ "segnet_32_32x48", CONV(8, 32, 32, 48, 32, 3, 1, 1, 1, 0) },
	{ "segnet_64_16x24", CONV(8, 64, 16, 24, 64, 3, 1, 1, 1, 0) },
	{ "segnet_128_8x12", CONV(8, 128, 8, 12, 128, 3, 1, 1, 1, 0) },
	{ "resnet_stem", CONV(128, 3, 64, 64, 64, 7, 2, 3, 1, 1) },
	{ "resnet_64_16x16", CONV(128, 64, 16, 16, 64, 3, 1, 1, 1, 0) },
	{ "resnet_64_128_s2", CONV(128, 64, 16, 16, 128, 3, 2, 1, 1, 0) },
	{ "resnet_64_128_1x1", CONV(128, 64, 16, 16, 128, 1, 2, 0, 1, 0) },
	{ "resnet_128_8x8", CONV(128, 128, 8, 8, 128, 3, 1, 1, 1, 0) },
	{ "resnet_256_4x4", CONV(128, 256, 4, 4, 256, 3, 1, 1, 1, 0) },
	{ "resnet_512_2x2", CONV(128, 512, 2, 2, 512, 3, 1, 1, 1, 0) },
	{ "bottleneck_256_64", CONV(8, 256, 16, 16, 64, 1, 1, 0, 1, 0) },
	{ "bottleneck_64_256", CONV(8, 64, 16, 16, 256, 1, 1, 0, 1, 0) },
	{ "nyu_64_36x48", CONV(2, 64, 36, 48, 64, 3, 1, 1, 1, 0) },
	{ "nyu_256_9x12", CONV(2, 256, 9, 12, 256, 3, 1, 1, 1, 0) },
	{ "aspp_256_d12", CONV(2, 256, 18, 24, 64, 3, 1, 12, 12, 0) },
	{ "dilated_s2_2", CONV(2, 64, 36, 48, 128, 3, 2, 1, 1, 0) },
};

struct arrays {
	const struct kernels *k;
	const struct conv_shape *s;
	float *x, *w, *b, *y, *dw, *db;
	void *work;
};

static void forward(const struct arrays *a)
{
	a->k->conv_c16_forward(a->s, a->x, a->w, a->b, a->y, a->work);
}

static void weights(const struct arrays *a)
{
	a->k->conv_c16_backward_weights(a->s, a->x, a->y, a->dw, a->db, a->work);
}

static void data(const struct arrays *a)
{
	a->k->conv_c16_backward_data(a->s, a->w, a->y, a->x, 0, a->work);
}

static const struct pass {
	const char *name;
	void (*run)(const struct arrays *a);
} passes[] = {
	{ "forward", forward },
	{ "weights", weights },
	{ "data", data },
};

static double rate(const struct pass *p, const struct arrays *a)
{
	double start = bench_cpu_seconds(), spent;
	int calls = 0;

	do {
		p->run(a);
		calls++;
		spent = bench_cpu_seconds() - start;
	} while (spent < WINDOW);
	return calls / spent;
}

static void measure(const struct layer *l, const struct pass *p, const struct arrays *a)
{
	const struct conv_shape *s = &l->s;
	double flop = 2.0 * s->N * s->OH * s->OW * s->O * s->C * s->kh * s->kw;
	double best = 0, peak = 0;

	p->run(a);
	for (int i = 0; i < WINDOWS; i++) {
		double now = rate(p, a) * flop * 1e-9;
		double top = i % 8 ? 0 : bench_peak_gflops(0.01);

		best = now > best ? now : best;
		peak = top > peak ? top : peak;
	}
	printf("{\"layer\":\"%s\",\"pass\":\"%s\",\"gflops\":%.1f,\"peak_gflops\":%.1f,"
	       "\"peak_fraction\":%.3f,\"simd\":\"%s\"}\n",
		l->name, p->name, best, peak, best / peak, a->k->name);
	fflush(stdout);
}

static float *values(struct arena *a, size_t n, float scale)
{
	float *p = arena_alloc_aligned(a, n * sizeof(float));

	for (size_t i = 0; i < n; i++)
		p[i] = scale * (float)((int)(i * 7919 % 201) - 100);
	return p;
}

static size_t lanes(int channels)
{
	return (size_t)(channels + LANES - 1) / LANES * LANES;
}

static void measure_layer(const struct layer *l)
{
	struct arena a = { 0 };
	const struct conv_shape *s = &l->s;
	struct arrays v = { .k = kernels_get(), .s = s };

	v.x = values(&a, (s->c4 ? 4 : lanes(s->C)) * s->H * s->W * s->N, 1e-2f);
	v.y = values(&a, lanes(s->O) * s->OH * s->OW * s->N, 1e-2f);
	v.w = values(&a, conv_c16_floats(s), 1e-4f);
	v.dw = values(&a, conv_c16_floats(s), 0);
	v.b = values(&a, lanes(s->O), 1e-2f);
	v.db = values(&a, lanes(s->O), 0);
	v.work = arena_alloc_aligned(&a, v.k->conv_c16_work(s) + 64);
	for (int i = 0; i < (s->c4 ? 2 : 3); i++)
		measure(l, &passes[i], &v);
	arena_release(&a);
}

int bench_conv(const char *prefix)
{
	int found = 0;

	kernels_init_fpu();
	for (int i = 0; i < COUNT(layers); i++)
		if (!prefix || !strncmp(layers[i].name, prefix, strlen(prefix))) {
			measure_layer(&layers[i]);
			found++;
		}
	return found;
}
