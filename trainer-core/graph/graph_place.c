/*
 * The place of every array of a graph.
 *
 * Values live from one forward pass to the next. A node's gradient lives in a backward
 * pass from the first reader that adds to it to the node's own turn, so gradients share
 * slots; the order of turns is head 0, head 1 ..., trunk, each from its last node to its
 * first, and every pass runs a part of that order.
 */
#include "trainer-core/graph/layer.h"

#include <sys/mman.h>
#include <unistd.h>

static size_t round_up(size_t floats)
{
	return (floats + LANES - 1) / LANES * LANES;
}

/* NULL while the graph is only measured. */
static void *bytes_for(struct graph *g, size_t bytes)
{
	g->bytes += bytes;
	return g->measuring ? NULL : arena_alloc_aligned(g->arena, bytes);
}

static float *floats_for(struct graph *g, size_t floats)
{
	return bytes_for(g, round_up(floats) * sizeof(float));
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* [ shared | task 0 | ... ], in the order of declaration inside each. */
static void place_params(struct graph *g)
{
	size_t at = 0;

	for (int scope = SCOPE_SHARED; scope < g->tasks; scope++) {
		g->begin[scope + 1] = at;
		for (int i = 0; i < g->params; i++) {
			if (g->param[i].scope != scope)
				continue;
			g->param[i].offset = at;
			at += round_up(g->param[i].floats);
		}
	}
	g->begin[g->tasks + 1] = at;
	g->value = floats_for(g, at);
}

static void mark_gathered(struct graph *g)
{
	for (int id = 0; id < g->nodes; id++) {
		const struct node *v = g->node[id];
		const int param[] = { v->weight, v->bias };

		for (int i = 0; i < 2; i++)
			if (param[i] >= 0 &&
				(v->tied || g->param[param[i]].scope != v->scope))
				g->param[param[i]].gathered = true;
	}
}

/* Parameters whose gradient is the sum of several nodes'. */
static void place_pending(struct graph *g)
{
	size_t largest = 0, at = 0;

	mark_gathered(g);
	for (int i = 0; i < g->params; i++) {
		struct graph_param *p = &g->param[i];

		if (!p->gathered)
			continue;
		p->pending = at;
		at += round_up(p->floats);
		largest = larger(largest, p->floats);
	}
	g->pending = floats_for(g, at);
	g->pending_floats = at;
	for (int i = 0; i < 2; i++)
		g->part[i] = floats_for(g, largest);
}

static void place_buffers(struct graph *g)
{
	size_t at = 0;

	for (int i = 0; i < g->buffers; i++) {
		g->buffer[i].offset = at;
		at += round_up((size_t)g->buffer[i].count);
	}
	g->state = floats_for(g, at);
	g->state_floats = at;
	for (int i = 0; g->state && i < g->buffers; i++)
		for (int j = 0; j < g->buffer[i].count; j++)
			g->state[g->buffer[i].offset + (size_t)j] =
				g->buffer[i].initial;
}

/* What v keeps from the forward to the backward pass. */
static void place_values(struct graph *g, struct node *v)
{
	struct node *t = v->tail;
	size_t floats = node_floats(t, g->batch);

	if (t->half)
		t->half_y = bytes_for(g, round_up(floats) * sizeof(*t->half_y));
	else
		t->y = floats_for(g, floats);
	if (layers[t->kind]->marks)
		v->which = bytes_for(g, round_up(floats));
	if (layers[v->kind]->keep)
		v->kept = floats_for(g, layers[v->kind]->keep(v));
}

/* Predictions and seeds in rows, and what converting them takes. */
static size_t place_outputs(struct graph *g)
{
	size_t work = 0;

	for (int t = 0; t < g->tasks; t++) {
		const struct node *v = g->node[g->output[t]];
		size_t rows = node_size(v) * (size_t)g->batch;

		g->seeds[t] = floats_for(g, rows);
		if (v->layout == LAYOUT_ROW && !v->half)
			continue;
		g->prediction[t] = floats_for(g, rows);
		work = larger(work, node_floats(v, g->batch) * sizeof(float));
	}
	return work;
}

static void place_nodes(struct graph *g)
{
	size_t work = place_outputs(g), scratch = 0;

	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];

		if (v->fused)
			continue;
		place_values(g, v);
		if (layers[v->kind]->work)
			work = larger(work, layers[v->kind]->work(g, v));
		if (g->k->half)
			scratch = larger(scratch, half_scratch(g, v));
	}
	g->work = bytes_for(g, work + 64);
	g->scratch = floats_for(g, scratch);
}

/* A place that one gradient after the other uses. */
struct slot {
	size_t floats;
	int busy; /* until this turn */
	float *at;
};

/* One gradient: a node's, or that of several where one takes the place of the other. */
struct lifetime {
	int from, to; /* turns */
	size_t floats;
	int host; /* the node in whose place it lies, itself: -1 */
	int slot;
};

struct gradients {
	struct lifetime *of; /* (nodes) by the node that holds dy: a tail */
	int *turn; /* (nodes) */
	int *head; /* (tasks) the first turn of the head: its seed is there */
	int *order; /* (nodes) which has which turn */
	int turns;
	struct slot *slot;
	int slots;
};

static void take_turns(const struct graph *g, int scope, struct gradients *d)
{
	for (int id = g->nodes - 1; id >= 0; id--)
		if (g->node[id]->scope == scope) {
			d->order[d->turns] = id;
			d->turn[id] = d->turns++;
		}
}

static bool is_input(
	const struct node *v, int i, const struct node *x, const struct graph *g)
{
	return layer_in(g, v, i) == x;
}

/* Floats that hold the gradient of t. */
static size_t gradient_floats(const struct graph *g, const struct node *t)
{
	size_t floats = node_floats(t, g->batch);

	return round_up(t->half ? (floats + 1) / 2 : floats);
}

/* From its first reader's turn, or the seed of its head, to the turn of v. */
static void measure_lifetime(const struct graph *g, int id, struct gradients *d)
{
	const struct node *v = g->node[id], *t = v->tail;
	struct lifetime life = { .from = d->turn[id],
		.to = d->turn[id],
		.floats = gradient_floats(g, t),
		.host = -1,
		.slot = -1 };

	for (int r = id + 1; r < g->nodes; r++)
		for (int i = 0; !g->node[r]->fused && i < g->node[r]->inputs; i++)
			if (is_input(g->node[r], i, t, g) && d->turn[r] < life.from)
				life.from = d->turn[r];
	for (int k = 0; k < g->tasks; k++)
		if (g->node[g->output[k]] == t && d->head[k] < life.from)
			life.from = d->head[k];
	d->of[id] = life;
}

/* v's first input x can have its gradient where v has its own. */
static bool shares_place(const struct graph *g, const struct node *v, int x)
{
	const struct node *in = g->node[x];

	return layers[v->kind]->in_place && node_only_reader(g, x) == v &&
		(v->inputs < 2 || v->in[1] != x) && in->scope == v->scope &&
		in->needs_grad;
}

/* The node whose backward pass reads the gradient of x. */
static int holder(const struct graph *g, int x)
{
	int id = x;

	while (g->node[id]->fused || g->node[id]->tail != g->node[x])
		id--;
	return id;
}

/* Readers come before what they read: a host's own host is known. */
static void find_hosts(const struct graph *g, struct gradients *d)
{
	for (int i = 0; i < d->turns; i++) {
		const struct node *v = g->node[d->order[i]];
		int x;

		if (v->fused || !v->needs_grad || v->inputs < 1 ||
			!shares_place(g, v, v->in[0]))
			continue;
		x = holder(g, v->in[0]);
		d->of[x].host = d->order[i];
	}
}

/* The node that a chain of hosts ends at. */
static int root(const struct gradients *d, int id)
{
	while (d->of[id].host >= 0)
		id = d->of[id].host;
	return id;
}

/* A free slot that fits best; else the largest, which grows; else a new one. */
static int choose_slot(struct gradients *d, const struct lifetime *life)
{
	int best = -1;

	for (int i = 0; i < d->slots; i++) {
		size_t have = d->slot[i].floats;
		size_t held = best < 0 ? 0 : d->slot[best].floats;

		if (d->slot[i].busy >= life->from)
			continue;
		if (best < 0 || (held < life->floats && have > held) ||
			(have >= life->floats && have < held))
			best = i;
	}
	if (best < 0)
		best = d->slots++;
	d->slot[best].busy = life->to;
	d->slot[best].floats = larger(d->slot[best].floats, life->floats);
	return best;
}

/* Slots in the order in which they are first needed. */
static void choose_slots(const struct graph *g, struct gradients *d)
{
	for (int turn = 0; turn < d->turns; turn++)
		for (int id = 0; id < g->nodes; id++) {
			const struct node *v = g->node[id];
			struct lifetime *life = &d->of[id];

			if (!v->fused && v->needs_grad && life->host < 0 &&
				life->from == turn)
				life->slot = choose_slot(d, life);
		}
}

static void place_gradients(struct graph *g, struct arena *scratch)
{
	struct gradients d = { .of = NEW_ARRAY(scratch, struct lifetime, g->nodes),
		.turn = NEW_ARRAY(scratch, int, g->nodes),
		.order = NEW_ARRAY(scratch, int, g->nodes),
		.head = NEW_ARRAY(scratch, int, g->tasks),
		.slot = NEW_ARRAY(scratch, struct slot, g->nodes) };

	for (int k = 0; k < g->tasks; k++) {
		d.head[k] = d.turns;
		take_turns(g, k, &d);
	}
	take_turns(g, SCOPE_SHARED, &d);
	for (int id = 0; id < g->nodes; id++)
		measure_lifetime(g, id, &d);
	find_hosts(g, &d);
	for (int id = 0; id < g->nodes; id++)
		if (d.of[id].host >= 0) {
			struct lifetime *host = &d.of[root(&d, id)];

			host->to = d.of[id].to > host->to ? d.of[id].to : host->to;
		}
	choose_slots(g, &d);
	for (int i = 0; i < d.slots; i++)
		d.slot[i].at = floats_for(g, d.slot[i].floats);
	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];

		float *at;

		if (v->fused || !v->needs_grad)
			continue;
		at = d.slot[d.of[root(&d, id)].slot].at;
		if (v->tail->half)
			v->tail->half_dy = (uint16_t *)at;
		else
			v->tail->dy = at;
	}
}

static void place_all(struct graph *g)
{
	struct arena scratch = { 0 };

	g->bytes = 0;
	place_params(g);
	place_pending(g);
	place_buffers(g);
	place_nodes(g);
	place_gradients(g, &scratch);
	arena_release(&scratch);
}

/* Can the process have that much at all? An arena aborts where it cannot. */
static bool have_memory(size_t bytes)
{
	double machine =
		(double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
	void *room;

	if ((double)bytes > machine)
		return false;
	room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		-1, 0);
	if (room == MAP_FAILED)
		return false;
	munmap(room, bytes);
	return true;
}

int graph_place(struct graph *g, struct err *e)
{
	g->measuring = true;
	place_all(g);
	if (!have_memory(g->bytes))
		return err_set(e, ERR_SYS,
			"the network takes %.0f MB for %d samples at a time: more memory "
			"than there is; a smaller batch or width",
			(double)g->bytes / 1e6, g->batch);
	g->measuring = false;
	place_all(g);
	return OK;
}
