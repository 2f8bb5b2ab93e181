/*
 * A job's state, and its result, as bytes.
 */
#include <string.h>
#include "common/rng.h"
#include "trainer-core/train/job.h"

/*
 * State: this header, then parameters and optimizer state in float, the method's in
 * double, its buffers and the running statistics in float. The layout digest covers what
 * decides where each number lies. A result is the part of it that the network's figures
 * depend on.
 */
struct state_header {
	char magic[8];
	uint64_t layout;
	int64_t epoch, step, optim_steps;
};

static const char state_magic[8] = "deltam1";
static const char result_magic[8] = "deltamR";

struct span {
	void *data;
	size_t bytes;
};

#define SPANS 5
struct spans {
	struct span span[SPANS];
	int n;
};

static void add_span(struct spans *s, void *data, size_t bytes)
{
	if (bytes)
		s->span[s->n++] = (struct span){ data, bytes };
}

/*
 * Of the state, or of the result. The method's state is part of both: a method may turn
 * what the heads read.
 */
static struct spans spans_of(const struct train *t, const char magic[8])
{
	struct graph *g = t->batch.graph;
	const struct step *s = &t->step;
	bool whole = magic == state_magic;
	struct spans out = { .n = 0 };

	add_span(&out, graph_values(g), graph_floats(g) * sizeof(float));
	if (whole)
		add_span(&out, optim_state(s->optim),
			optim_state_floats(s->optim) * sizeof(float));
	add_span(&out, s->state, s->state_doubles * sizeof(double));
	if (whole)
		add_span(&out, s->shared.buffer, s->buffer_floats * sizeof(float));
	add_span(&out, graph_state(g), graph_state_floats(g) * sizeof(float));
	return out;
}

static uint64_t layout_digest(const struct train *t)
{
	uint64_t digest =
		rng_hash(t->step.weighting.info->name) + t->step.optim_info.kind;

	for (int i = 0; i < graph_params(t->batch.graph); i++) {
		const struct graph_param *p = graph_param(t->batch.graph, i);

		digest = digest * 0x100000001b3u ^ rng_hash(p->name) ^ p->offset ^
			p->count << 32;
	}
	for (int i = 0; i < graph_buffers(t->batch.graph); i++)
		digest = digest * 0x100000001b3u ^
			rng_hash(graph_buffer(t->batch.graph, i)->name);
	return digest;
}

static size_t image_size(const struct train *t, const char magic[8])
{
	const struct spans s = spans_of(t, magic);
	size_t bytes = sizeof(struct state_header);

	for (int i = 0; i < s.n; i++)
		bytes += s.span[i].bytes;
	return bytes;
}

static void image_write(const struct train *t, const char magic[8], char *at)
{
	const struct spans s = spans_of(t, magic);
	struct state_header h = { .layout = layout_digest(t),
		.epoch = t->epoch,
		.step = t->step.done,
		.optim_steps = *optim_steps(t->step.optim) };

	memcpy(h.magic, magic, sizeof(h.magic));
	memcpy(at, &h, sizeof(h));
	at += sizeof(h);
	for (int i = 0; i < s.n; at += s.span[i++].bytes)
		memcpy(at, s.span[i].data, s.span[i].bytes);
}

/* Counts go on from here, and are read as doubles by optimizers. */
static bool is_count(int64_t n)
{
	return n >= 0 && n <= (int64_t)1 << 53;
}

static int image_read(
	struct train *t, const char magic[8], const char *at, size_t n, struct err *e)
{
	const struct spans s = spans_of(t, magic);
	struct state_header h;

	if (n != image_size(t, magic))
		return err_set(
			e, ERR_CHECKPOINT, "the state of a network of another size");
	memcpy(&h, at, sizeof(h));
	at += sizeof(h);
	if (memcmp(h.magic, magic, sizeof(h.magic)) != 0 ||
		h.layout != layout_digest(t))
		return err_set(e, ERR_CHECKPOINT, "the state of another network");
	if (h.epoch < 0 || h.epoch > t->epochs)
		return err_set(e, ERR_CHECKPOINT, "epoch %lld of %d",
			(long long)h.epoch, t->epochs);
	if (!is_count(h.step) || !is_count(h.optim_steps))
		return err_set(e, ERR_CHECKPOINT, "steps that no training has");
	t->epoch = (int)h.epoch;
	t->step.done = h.step;
	*optim_steps(t->step.optim) = h.optim_steps;
	for (int i = 0; i < s.n; at += s.span[i++].bytes)
		memcpy(s.span[i].data, at, s.span[i].bytes);
	step_turn(&t->step);
	return OK;
}

size_t train_state_size(const struct train *t)
{
	return image_size(t, state_magic);
}

void train_state_save(const struct train *t, void *bytes)
{
	image_write(t, state_magic, bytes);
}

int train_state_load(struct train *t, const void *bytes, size_t n, struct err *e)
{
	return image_read(t, state_magic, bytes, n, e);
}

size_t train_result_size(const struct train *t)
{
	return image_size(t, result_magic);
}

void train_result_save(const struct train *t, void *bytes)
{
	image_write(t, result_magic, bytes);
}

int train_result_load(struct train *t, const void *bytes, size_t n, struct err *e)
{
	return image_read(t, result_magic, bytes, n, e);
}
