/*
 * bench WORKLOAD [--seconds S] [--precision P]: one JSON line on stdout. Without
 * arguments: the list.
 * bench conv [NAME]: single convolution kernels (conv.h).
 * bench generate ROWS FILE [EPOCHS]: a database of that size (generate.h).
 * bench curves CURVES FILE: a database with the figures of another program (curves.h).
 * bench segment FILE SECONDS: what pilot_gap.c has as a trainer.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/bench.h"
#include "bench/conv.h"
#include "bench/curves.h"
#include "bench/generate.h"
#include "bench/peak.h"
#include "trainer-core/train/train.h"

static const struct workload {
	const char *name;
	int (*run)(
		double seconds, struct bench_result *r, struct arena *a, struct err *e);
	const char *what;
	bool trains; /* steps in one process: they have a precision */
} workloads[] = {
	{ "mlp", bench_mlp, "64-256-256, heads 1, 4 and 10, batch 64, UW, Adam", true },
	{ "lenet", bench_lenet, "LeNet on 1x36x36, two heads, batch 256, UW-SO, Adam",
		true },
	{ "lenet_pcgrad", bench_lenet_pcgrad,
		"the same with PCGrad: a backward pass of the trunk for each task",
		true },
	{ "segnet", bench_segnet,
		"SegNet 16-32-64-128 on 3x64x96, three tasks, batch 8, EW, Adam",
		true },
	{ "resnet18", bench_resnet18,
		"ResNet-18 on 3x64x64, 40 binary heads, batch 128, EW, Adam", true },
	{ "sweep", bench_sweep, "16 LeNet jobs of 2 epochs through deltam run", false },
	{ "noop", bench_noop, "jobs with next to no training through deltam run",
		false },
	{ "pilots", bench_pilots,
		"segments of 30 s on 600 slots of 10 pilots: deltam's own time",
		false },
	{ "pilots_many", bench_pilots_many, "the same on one slot of each of 1,000",
		false },
	{ "pilots_most", bench_pilots_most,
		"the same on 64 slots of each of 1,000: more than deltam keeps busy",
		false },
	{ "pilot_gap", bench_pilot_gap,
		"the pause between two segments of a slot of a real pilot", false },
	{ "pilot_gap_short", bench_pilot_gap_short,
		"the same where a segment lasts half a second", false },
	{ "store", bench_store_one, "metric rows, 100 a transaction, one writer",
		false },
	{ "store2", bench_store_two, "the same with two writers", false },
};

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *v, int n)
{
	qsort(v, n, sizeof(*v), ascending);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

double bench_share(double *v, int n, double share)
{
	int at = (int)((double)n * share);

	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), ascending);
	return v[at < n ? at : n - 1];
}

static void print_training(const struct workload *w, const struct bench_result *r)
{
	const char *kernels = r->kernels, *plus = strchr(kernels, '+');
	double gflops = r->steps_per_s * r->gflop_per_step;

	printf("{\"workload\":\"%s\",\"batch\":%d,\"method\":\"%s\",\"steps_per_s\":%."
	       "1f,"
	       "\"samples_per_s\":%.0f,\"gflops\":%.1f,\"peak_gflops\":%.1f,"
	       "\"peak_fraction\":%.3f,\"blas_core\":\"%s\",\"simd\":\"%.*s\"}\n",
		w->name, r->batch, r->method, r->steps_per_s, r->steps_per_s * r->batch,
		gflops, r->peak_gflops, gflops / r->peak_gflops, plus ? plus + 1 : "",
		(int)strcspn(kernels, "+"), kernels);
}

static void print_rate(const struct workload *w, const struct bench_result *r)
{
	printf("{\"workload\":\"%s\",\"processes\":%d,\"%s_per_s\":%.1f,"
	       "\"%s_per_h\":%.0f",
		w->name, r->processes, r->unit, r->units_per_s, r->unit,
		r->units_per_s * 3600);
	if (r->units_per_cpu_s > 0)
		printf(",\"%s_per_cpu_s\":%.1f", r->unit, r->units_per_cpu_s);
	if (r->bound_per_h > 0)
		printf(",\"peak_gflops\":%.1f,\"bound_per_h\":%.0f,\"fraction\":%.3f,"
		       "\"cpu_fraction\":%.3f",
			r->peak_gflops, r->bound_per_h,
			r->units_per_s * 3600 / r->bound_per_h,
			r->units_per_cpu_s * r->processes * 3600 / r->bound_per_h);
	if (r->cores > 0)
		printf(",\"cores\":%.3f,\"peak_mb\":%.1f", r->cores,
			r->peak_bytes / 1e6);
	if (r->gaps > 0)
		printf(",\"gaps\":%d,\"gap_median_ms\":%.1f,\"gap_99_ms\":%.1f",
			r->gaps, 1e3 * r->gap_median_s, 1e3 * r->gap_99_s);
	printf("}\n");
}

static int usage(void)
{
	fprintf(stderr,
		"usage: bench WORKLOAD [--seconds S] [--precision float32|bf16]\n"
		"       bench conv [NAME]\n"
		"       bench generate ROWS FILE [EPOCHS]\n"
		"       bench curves CURVES FILE\n");
	for (int i = 0; i < COUNT(workloads); i++)
		fprintf(stderr, "  %-8s %s\n", workloads[i].name, workloads[i].what);
	return 2;
}

static int make(
	int (*database)(int argc, char **argv, struct err *e), int argc, char **argv)
{
	struct err e = { 0 };
	int rc = database(argc, argv, &e);

	if (rc)
		fprintf(stderr, "bench: %s\n", e.msg);
	return err_exit_status(rc);
}

int main(int argc, char **argv)
{
	struct bench_result r = { 0 };
	struct arena a = { 0 };
	struct err e = { 0 };
	double seconds = 3;
	const struct workload *w = NULL;

	if (argc > 1 && !strcmp(argv[1], "generate"))
		return make(generate_main, argc - 2, argv + 2);
	if (argc > 1 && argc < 4 && !strcmp(argv[1], "conv"))
		return bench_conv(argv[2]) ? 0 : usage();
	if (argc > 1 && !strcmp(argv[1], "curves"))
		return make(curves_main, argc - 2, argv + 2);
	if (argc == 4 && !strcmp(argv[1], "segment"))
		return bench_segment(argv[2], atof(argv[3]));
	for (int i = 0; argc > 1 && i < COUNT(workloads); i++)
		if (!strcmp(argv[1], workloads[i].name))
			w = &workloads[i];
	for (int i = 2; i + 1 < argc; i += 2)
		if (!strcmp(argv[i], "--seconds"))
			seconds = atof(argv[i + 1]);
		else if (!strcmp(argv[i], "--precision"))
			r.precision = argv[i + 1];
		else
			return usage();
	if (!w || argc % 2 || !(seconds > 0) || (r.precision && !w->trains))
		return usage();
	if (w->run(seconds, &r, &a, &e)) {
		fprintf(stderr, "bench: %s: %s\n", w->name, e.msg);
		arena_release(&a);
		return err_exit_status(e.code);
	}
	if (r.unit)
		print_rate(w, &r);
	else
		print_training(w, &r);
	arena_release(&a);
	return 0;
}
