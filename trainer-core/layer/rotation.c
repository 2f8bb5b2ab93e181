/*
 * A task's rotation of the features that it reads, for methods that turn heads towards
 * each other (RotoGrad). Channels are mixed at every place alike.
 */
#include <string.h>
#include "trainer-core/graph/layer.h"

static int shape(struct graph *g, struct node *v, struct err *e)
{
	const struct node *x = layer_in(g, v, 0);
	size_t C = (size_t)x->C;

	(void)e;
	v->C = x->C;
	v->H = x->H;
	v->W = x->W;
	v->matrix = arena_alloc_aligned(g->arena, 2 * C * C * sizeof(float));
	for (size_t i = 0; i < C; i++)
		v->matrix[i * C + i] = v->matrix[C * C + i * C + i] = 1;
	return OK;
}

/*
 * to (C, S) += M from (C, S), block by block of values that lie side by side: an image's
 * plane, or sixteen of them. M (C, C) is v's matrix or its transpose.
 */
static void turn_blocks(const struct graph *g, const struct node *v, const float *M,
	size_t S, const float *from, float *to)
{
	size_t C = (size_t)v->C;
	const float *T = M == v->matrix ? M + C * C : v->matrix;
	size_t values = node_size(v) * (size_t)g->n;
	size_t blocks =
		(v->layout == LAYOUT_N16 ? node_floats(v, g->n) : values) / (C * S);

	for (size_t b = 0; b < blocks; b++, from += C * S, to += C * S) {
		for (size_t j = 0; S == 1 && j < C; j++)
			g->k->axpy(C, from[j], T + j * C, to);
		for (size_t c = 0; S > 1 && c < C; c++)
			for (size_t j = 0; j < C; j++)
				g->k->axpy(S, M[c * C + j], from + j * S, to + c * S);
	}
}

/* Layouts that part the channels of a place go through rows, three of them. */
static size_t work(struct graph *g, struct node *v)
{
	return v->layout == LAYOUT_C16 ? 3 * node_floats(v, g->n) * sizeof(float) : 0;
}

/* to += M from in v's layout; M is v's matrix or its transpose. */
static void turn(const struct graph *g, const struct node *v, const float *M,
	const float *from, float *to)
{
	size_t plane = (size_t)v->H * (size_t)v->W;
	size_t n = node_floats(v, g->n);
	float *rows = g->work;

	if (v->layout != LAYOUT_C16) {
		size_t S = plane * (v->layout == LAYOUT_N16 ? LANES : 1);

		turn_blocks(g, v, M, S, from, to);
		return;
	}
	node_to_rows(g, v, from, rows);
	memset(rows + n, 0, n * sizeof(*rows));
	turn_blocks(g, v, M, plane, rows, rows + n);
	memset(rows + 2 * n, 0, n * sizeof(*rows));
	node_from_rows(g, v, rows + n, rows + 2 * n);
	g->k->axpy(n, 1, rows + 2 * n, to);
}

static void forward(struct graph *g, struct node *v)
{
	memset(v->y, 0, node_floats(v, g->n) * sizeof(*v->y));
	turn(g, v, v->matrix, layer_in(g, v, 0)->y, v->y);
}

static void backward(struct graph *g, struct node *v, float *grad)
{
	size_t C = (size_t)v->C;
	int add;
	float *dx = layer_input_grad(g, v, 0, &add);

	(void)grad;
	if (!dx)
		return;
	if (!add)
		memset(dx, 0, node_floats(v, g->n) * sizeof(*dx));
	turn(g, v, v->matrix + C * C, v->dy, dx);
}

void graph_rotate(struct graph *g)
{
	g->rotates = true;
}

int graph_rotation_channels(const struct graph *g)
{
	int source = -1;

	for (int i = 0; i < g->nodes; i++) {
		const struct node *v = g->node[i];

		if (v->kind != LAYER_ROTATION)
			continue;
		if (source >= 0 && v->in[0] != source)
			return 0;
		source = v->in[0];
	}
	return source >= 0 ? g->node[source]->C : 0;
}

void graph_set_rotation(struct graph *g, int task, const double *R)
{
	for (int id = 0; id < g->nodes; id++) {
		struct node *v = g->node[id];
		size_t C = (size_t)v->C;

		if (v->kind != LAYER_ROTATION || v->scope != task)
			continue;
		for (size_t i = 0; i < C; i++)
			for (size_t j = 0; j < C; j++)
				v->matrix[i * C + j] = v->matrix[C * C + j * C + i] =
					(float)R[i * C + j];
	}
}

const struct layer layer_rotation = { .name = "rotation",
	.inputs = 1,
	.rule = LAYOUT_OF_INPUT,
	.shape = shape,
	.work = work,
	.forward = forward,
	.backward = backward };
