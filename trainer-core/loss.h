/*
 * Losses: value and gradient on rows of predictions, float32 with sums in double.
 *
 *	prediction (N, C, S)  row-major; S pixels of a sample, 1 for labels and vectors
 *	target     (N, C, S)  for ce (N, S): class ids stored as floats
 *	gradient   (N, C, S)  out: d mean / d prediction; may not alias the others
 *
 * Every loss is sum / count over what is valid: elements for L1, smooth L1 (beta 1), L2
 * and BCE with logits; pixels for cross-entropy and edges (label -1 is ignored), for
 * cosine, for shares of classes and for L1 under a mask (summed over channels).
 * Edges: BCE with logits, times 0.95 on an edge and 0.05 elsewhere. Nothing valid: sum 0,
 * count 0, gradient 0. Nothing is allocated. Values are pinned by the golden fixtures.
 */
#ifndef DELTAM_LOSS_H
#define DELTAM_LOSS_H

#include "catalogue/catalogue.h"

/* Which pixels of a dense target count. */
enum loss_mask {
	MASK_NONE,
	MASK_ZERO, /* those whose channels are not all 0 */
	MASK_MINUS_ONE, /* those whose channels are not all -1 */
};

struct loss {
	enum loss_kind kind;
	enum loss_mask mask; /* L1, cosine and shares */
	bool normalise; /* cosine: divide the prediction by its length first */
};

struct loss_shape {
	int N, C, S;
};

struct loss_sum {
	double sum, count;
};

/* The loss of a task, with the mask of its kind. */
struct loss loss_of(const struct task_info *task);

/* Values of a target for each sample: S for ce, C S otherwise. */
int loss_target_floats(const struct loss *l, int C, int S);

struct loss_sum loss_compute(const struct loss *l, const struct loss_shape *s,
	const float *prediction, const float *target, float *gradient);

/*
 * The loss alone, the same to the bit. room (N, C, S) may be written to; what it holds
 * afterwards means nothing.
 */
struct loss_sum loss_value(const struct loss *l, const struct loss_shape *s,
	const float *prediction, const float *target, float *room);

/*
 * Returns sum / count; 0 where nothing counted, because such a batch teaches nothing.
 */
double loss_mean(struct loss_sum s);

#endif
