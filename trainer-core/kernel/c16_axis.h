/*
 * Which taps of a convolution reach an output along one axis, for any stride, padding and
 * dilation, forward or transposed. With these lists no kernel needs a border. Included by
 * conv_c16.h alone; all static.
 */
#ifndef DELTAM_KERNEL_C16_AXIS_H
#define DELTAM_KERNEL_C16_AXIS_H

#include <stddef.h>

struct c16_axis_rule {
	int outs, ins; /* positions */
	int kernel, stride, pad, dilation;
	int transposed; /* outputs are the positions of a convolution's input */
};

struct c16_axis_tap {
	int k; /* along the kernel */
	int in; /* position that the first output of the run reads */
};

/* Outputs first, first + step, ... that are reached by the same taps. */
struct c16_axis_run {
	int first, count;
	int taps;
	const struct c16_axis_tap *tap;
};

struct c16_axis {
	int step; /* between the outputs of a run */
	int in_step; /* and between the inputs that they read through one tap */
	int runs;
	const struct c16_axis_run *run;
};

/* Bytes behind an axis. */
static size_t axis_bytes(int outs, int kernel)
{
	return (size_t)outs *
		(sizeof(struct c16_axis_run) + kernel * sizeof(struct c16_axis_tap));
}

/* The input that output q reads through tap k, or -1. */
static int axis_input(const struct c16_axis_rule *r, int q, int k)
{
	int at = r->transposed ? q + r->pad - k * r->dilation
			       : q * r->stride - r->pad + k * r->dilation;

	if (r->transposed) {
		if (at < 0 || at % r->stride)
			return -1;
		at /= r->stride;
	}
	return at >= 0 && at < r->ins ? at : -1;
}

static int axis_taps(const struct c16_axis_rule *r, int q, struct c16_axis_tap *tap)
{
	int n = 0;

	for (int k = 0; k < r->kernel; k++) {
		int in = axis_input(r, q, k);

		if (in >= 0)
			tap[n++] = (struct c16_axis_tap){ k, in };
	}
	return n;
}

static int same_taps(
	const struct c16_axis_run *run, const struct c16_axis_tap *tap, int n)
{
	int same = run->taps == n;

	for (int i = 0; i < n && same; i++)
		same = run->tap[i].k == tap[i].k;
	return same;
}

/* Lists every output once; with `merge` neighbours of equal taps form one run. */
static struct c16_axis axis_of(const struct c16_axis_rule *r, int merge, void *memory)
{
	struct c16_axis_run *run = memory;
	struct c16_axis_tap *tap = (struct c16_axis_tap *)(run + r->outs);
	int step = r->transposed ? r->stride : 1, runs = 0;

	for (int residue = 0; residue < step; residue++)
		for (int q = residue; q < r->outs; q += step) {
			int n = axis_taps(r, q, tap);

			if (merge && q != residue &&
				same_taps(&run[runs - 1], tap, n)) {
				run[runs - 1].count++;
				continue;
			}
			run[runs++] = (struct c16_axis_run){ q, 1, n, tap };
			tap += n;
		}
	return (struct c16_axis){ step, r->transposed ? 1 : r->stride, runs, run };
}

#endif
