/*
 * Shapes of nodes, and where each of their values lies.
 */
#include "trainer-core/graph/layer.h"

#include <string.h>

int layer_same_shape(struct graph *g, struct node *v, struct err *e)
{
	const struct node *x = layer_in(g, v, 0);

	(void)e;
	v->C = x->C;
	v->H = x->H;
	v->W = x->W;
	return OK;
}

int layer_window(struct graph *g, struct node *v, struct err *e)
{
	const struct node *x = layer_in(g, v, 0);

	if (v->kernel < 1 || v->kernel > 15 || 2 * v->pad > v->kernel)
		return err_set(e, ERR_SPEC, "a window of %d with padding %d", v->kernel,
			v->pad);
	v->C = x->C;
	v->H = (x->H + 2 * v->pad - v->kernel) / v->stride + 1;
	v->W = (x->W + 2 * v->pad - v->kernel) / v->stride + 1;
	if (x->H + 2 * v->pad < v->kernel || x->W + 2 * v->pad < v->kernel)
		return err_set(e, ERR_SPEC, "a window of %d does not fit into %dx%d",
			v->kernel, x->H, x->W);
	return OK;
}

struct window_shape layer_window_shape(const struct graph *g, const struct node *v)
{
	const struct node *x = layer_in(g, v, 0);

	return (struct window_shape){ .N = g->n,
		.C = x->C,
		.H = x->H,
		.W = x->W,
		.OH = v->H,
		.OW = v->W,
		.kernel = v->kernel,
		.stride = v->stride,
		.pad = v->pad };
}

size_t node_size(const struct node *v)
{
	return (size_t)v->C * (size_t)v->H * (size_t)v->W;
}

size_t node_floats(const struct node *v, int n)
{
	size_t plane = (size_t)v->H * (size_t)v->W * (size_t)n;

	if (v->layout == LAYOUT_N16)
		return node_size(v) * (size_t)((n + LANES - 1) / LANES * LANES);
	if (v->layout == LAYOUT_C16)
		return plane * (size_t)((v->C + LANES - 1) / LANES * LANES);
	return plane * (size_t)(v->layout == LAYOUT_C4 ? 4 : v->C);
}

size_t node_place(const struct node *v, int n, int i, int c, size_t p)
{
	size_t plane = (size_t)v->H * (size_t)v->W;
	size_t column = (size_t)(c / LANES) * plane + p;
	size_t f = (size_t)c * plane + p;

	switch (v->layout) {
	case LAYOUT_ROW:
		return (size_t)i * node_size(v) + f;
	case LAYOUT_N16:
		return ((size_t)(i / LANES) * node_size(v) + f) * LANES +
			(size_t)(i % LANES);
	case LAYOUT_C16:
		return (column * (size_t)n + (size_t)i) * LANES + (size_t)(c % LANES);
	case LAYOUT_C4:
		return (p * (size_t)n + (size_t)i) * 4 + (size_t)c;
	}
	BUG("an unknown layout");
}

/* An input that nobody but a reader of the graph wants in rows. */
static void c4_to_rows(
	const struct graph *g, const struct node *v, const float *from, float *rows)
{
	size_t plane = (size_t)v->H * (size_t)v->W;

	for (int i = 0; i < g->n; i++)
		for (int c = 0; c < v->C; c++)
			for (size_t p = 0; p < plane; p++)
				*rows++ = from[node_place(v, g->n, i, c, p)];
}

void node_to_rows(
	const struct graph *g, const struct node *v, const float *from, float *rows)
{
	if (v->layout == LAYOUT_ROW)
		memcpy(rows, from, node_floats(v, g->n) * sizeof(float));
	if (v->layout == LAYOUT_N16)
		g->k->n16_to_rows(g->n, (int)node_size(v), from, rows);
	if (v->layout == LAYOUT_C16)
		g->k->c16_to_rows(g->n, v->C, v->H * v->W, from, rows);
	if (v->layout == LAYOUT_C4)
		c4_to_rows(g, v, from, rows);
}

void node_from_rows(
	const struct graph *g, const struct node *v, const float *rows, float *to)
{
	ASSERT(v->layout != LAYOUT_C4);
	if (v->layout == LAYOUT_ROW)
		memcpy(to, rows, node_floats(v, g->n) * sizeof(float));
	if (v->layout == LAYOUT_N16)
		g->k->rows_to_n16(g->n, (int)node_size(v), rows, to);
	if (v->layout == LAYOUT_C16)
		g->k->rows_to_c16(g->n, v->C, v->H * v->W, rows, to);
}

/* bytes: of a value. */
static void clear_tail(
	const struct graph *g, const struct node *v, void *x, size_t bytes)
{
	size_t n = (size_t)v->H * (size_t)v->W * (size_t)g->n;
	size_t live = (size_t)(v->C % LANES);
	char *at = (char *)x + (size_t)(v->C / LANES) * n * LANES * bytes;

	if (v->layout != LAYOUT_C16 || !live)
		return;
	for (size_t i = 0; i < n; i++)
		memset(at + (i * LANES + live) * bytes, 0, (LANES - live) * bytes);
}

void layer_clear_tail(const struct graph *g, const struct node *v, float *x)
{
	clear_tail(g, v, x, sizeof(*x));
}

void layer_half_clear_tail(const struct graph *g, const struct node *v, uint16_t *x)
{
	clear_tail(g, v, x, sizeof(*x));
}
