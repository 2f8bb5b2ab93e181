#include "trainer-core/train/step_ahead.h"

#include <string.h>
#include "trainer-core/train/lookahead.h"

void step_ahead_build(struct step_ahead *l, struct step *s, struct arena *a)
{
	struct batch *b = s->batch;

	l->step = s;
	if (!(s->weighting.needs & NEEDS_LOOKAHEAD))
		return;
	b->other = NEW_ARRAY(a, int, b->data->split[SPLIT_TRAIN].n);
	l->kept = arena_alloc_aligned(a, graph_floats(b->graph) * sizeof(float));
	l->kept_state = arena_alloc_aligned(
		a, graph_state_floats(b->graph) * sizeof(float) + 1);
	l->slope = NEW_ARRAY(a, double, b->K);
}

/* A step's batch and the one of a second shuffle that stands against it. */
struct batches {
	struct step *step;
	int at, n;
};

static void losses(void *arg, enum lookahead_batch batch, double *loss)
{
	const struct batches *b = arg;
	struct step *s = b->step;

	freeze_hold(&s->freeze);
	if (batch == BATCH_OWN)
		batch_load_training(s->batch, b->at, b->n);
	else
		batch_load_other(s->batch, b->at, b->n);
	step_losses(s, batch == BATCH_OTHER, loss);
}

static void slope(void *arg, const double *weight, float *gradient)
{
	const struct batches *b = arg;

	step_backward(b->step, weight, gradient);
	freeze_gradient(&b->step->freeze, gradient);
}

static void look(struct step_ahead *ahead, int at, int n)
{
	struct step *s = ahead->step;
	struct graph *g = s->batch->graph;
	struct batches b = { s, at, n };
	size_t bytes = graph_state_floats(g) * sizeof(float);
	const struct lookahead l = { .n = graph_floats(g),
		.value = graph_values(g),
		.kept = ahead->kept,
		.gradient = s->grad[0],
		.kernels = s->batch->kernels,
		.optim = s->optim,
		.lr = s->optim_info.lr * s->now.lr_factor,
		.K = s->batch->K,
		.arg = &b,
		.losses = losses,
		.slope = slope };

	memcpy(ahead->kept_state, graph_state(g), bytes);
	lookahead_slope(&l, s->weight, s->head, ahead->slope);
	s->now.ahead = ahead->slope;
	/* The step's own batch again, and the running statistics of its first pass. */
	freeze_hold(&s->freeze);
	batch_load_training(s->batch, at, n);
	step_losses(s, true, s->loss);
	memcpy(graph_state(g), ahead->kept_state, bytes);
}

void step_ahead(struct step_ahead *l, int at, int n)
{
	struct step *s = l->step;

	if (s->weighting.needs & NEEDS_LOOKAHEAD &&
		s->weighting.ops->lookahead(
			&s->weighting, s->state, &s->now, s->weight, s->head))
		look(l, at, n);
}
