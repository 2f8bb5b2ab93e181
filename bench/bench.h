/*
 * The benchmark program: every workload is a row of its table, every run prints a line
 * of JSON.
 */
#ifndef DELTAM_BENCH_BENCH_H
#define DELTAM_BENCH_BENCH_H

#include "common/arena.h"

struct bench_result {
	const char *precision; /* given: train.precision, NULL: the default */
	const char *kernels; /* of training: the class of its rows */
	int batch;
	const char *method;
	double steps_per_s; /* median of the windows, and so below */
	double gflop_per_step; /* of training, convolution and linear */
	double peak_gflops; /* measured between the windows */
	const char *unit; /* what is counted where there are no steps: "rows", "jobs" */
	double units_per_s; /* of wall time */
	double units_per_cpu_s; /* of CPU time: what is left on a busy machine; 0: unknown */
	double bound_per_h; /* what the arithmetic allows at the peak; 0: not computed */
	int processes; /* writers, workers */
	/* Of pilots. */
	double cores; /* of one processor, that deltam took; 0: not measured */
	double peak_bytes; /* of its memory */
	int gaps; /* how many pauses between segments of a slot were seen; 0: none */
	double gap_median_s, gap_99_s;
};

#define BENCH_WINDOWS 7

/*
 * GFLOP a sample of LeNet on 1x36x36 with two heads: convolutions of 9x9 and 5x5, 500 to
 * 50, two heads of 10. Training is the first layer twice, the others three times.
 */
#define LENET_FIRST (2e-9 * 10 * 784 * 81)
#define LENET_OTHERS (2e-9 * (20 * 100 * 250 + 500 * 50 + 2 * 50 * 10))
#define LENET_FORWARD (LENET_FIRST + LENET_OTHERS)
#define LENET_TRAINING (2 * LENET_FIRST + 3 * LENET_OTHERS)

double bench_median(double *v, int n); /* sorts v */
/* The value below which that share of all lies; 0 without any. Sorts v. */
double bench_share(double *v, int n, double share);

/* Each measures for about `seconds` and fills *r; all its memory comes from a. */
MUST_CHECK int bench_mlp(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
MUST_CHECK int bench_lenet(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
MUST_CHECK int bench_lenet_pcgrad(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
MUST_CHECK int bench_segnet(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
MUST_CHECK int bench_resnet18(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
MUST_CHECK int bench_store_one(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
MUST_CHECK int bench_store_two(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
/* These run the program `deltam` that lies beside this one, in a temporary folder. */
MUST_CHECK int bench_sweep(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
MUST_CHECK int bench_noop(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
/*
 * The same with pilots that a generator plays (pilots.c): 600 slots at 10 pilots, one slot at
 * each of 1,000, 64 at each of 1,000, which are more than deltam keeps busy.
 */
MUST_CHECK int bench_pilots(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
MUST_CHECK int bench_pilots_many(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
MUST_CHECK int bench_pilots_most(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
/* A real pilot of this machine: the pause of a slot between two of its segments. */
MUST_CHECK int bench_pilot_gap(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
MUST_CHECK int bench_pilot_gap_short(
	double seconds, struct bench_result *r, struct arena *a, struct err *e);
/* What trains in it: `bench segment FILE SECONDS`. */
int bench_segment(const char *file, double seconds);

#endif
