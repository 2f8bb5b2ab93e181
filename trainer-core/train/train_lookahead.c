/* The look ahead on the job's network and data (lookahead.h). */
#include "trainer-core/train/lookahead.h"

#include <string.h>
#include "trainer-core/train/train_job.h"

/* A step's batch and the one of a second shuffle that stands against it. */
struct batches {
	struct train *t;
	int at, n;
};

static void losses(void *arg, enum lookahead_batch batch, double *loss)
{
	const struct batches *b = arg;

	train_hold(b->t);
	if (batch == BATCH_OWN)
		train_pick_training(b->t, b->at);
	else
		train_pick(b->t, b->t->other + b->at);
	train_feed(b->t, b->n);
	train_losses(b->t, b->n, loss);
}

static void slope(void *arg, const double *weight, float *gradient)
{
	const struct batches *b = arg;

	train_backward(b->t, weight, gradient);
	train_freeze(b->t, gradient);
}

void train_look_ahead(struct train *t, struct weighting_step *s, int at, int n)
{
	struct batches b = { t, at, n };
	const struct lookahead l = { .n = graph_floats(t->graph),
		.value = graph_values(t->graph),
		.kept = t->kept,
		.gradient = t->grad[0],
		.kernels = t->kernels,
		.optim = t->optim,
		.lr = t->optim_info.lr * s->lr_factor,
		.K = t->K,
		.arg = &b,
		.losses = losses,
		.slope = slope };
	size_t bytes;

	if (!t->weighting.ops->lookahead(
		    &t->weighting, t->weighting_state, s, t->weight, t->head))
		return;
	bytes = graph_state_floats(t->graph) * sizeof(float);
	memcpy(t->kept_state, graph_state(t->graph), bytes);
	lookahead_slope(&l, t->weight, t->head, t->ahead);
	s->ahead = t->ahead;
	losses(&b, BATCH_OWN, t->loss);
	/* Running statistics as the step's own first pass left them. */
	memcpy(graph_state(t->graph), t->kept_state, bytes);
}
