/*
 * Gradients of the weights of convolutions and linear layers in bf16. Included by bf16.c
 * alone; all static.
 */
#ifndef DELTAM_KERNEL_BF16_GRADIENT_H
#define DELTAM_KERNEL_BF16_GRADIENT_H

#include "trainer-core/kernel/bf16_image.h"
#include "trainer-core/kernel/bf16_weights.h"
#include "trainer-core/kernel/half_flat.h"
#include "trainer-core/kernel/half_layout.h"

/* Chunks of 32 positions that are summed before a tile of sums is put away. */
#define SPAN 16

/*
 * The depth is positions: line by line, in a line column by column with the images of a
 * column side by side, zeros behind the last of a line up to a whole chunk. Sums of the
 * bias are taken chunk by chunk.
 */
struct bf16_gradient {
	const struct conv_shape *s;
	struct bf16_view v; /* of x */
	enum bf16_lie lie; /* of dy */
	const void *dy; /* float where s->wide */
	int groups; /* of 32 outputs */
	uint16_t *turned; /* (groups, SPAN, 32 outputs, 32 positions) of dy */
	const uint16_t **b; /* (chunks, SPAN) where the pairs of x are */
	float *sums; /* (groups, chunks, 32, 32) */
	float *bias; /* (groups, 32) */
	struct bf16_rows span[SPAN];
};

static struct bf16_gradient gradient_make(const struct conv_shape *s,
	enum bf16_lie from, enum bf16_lie to, struct bf16_room *r)
{
	struct bf16_gradient g = { .s = s,
		.v = view_make(s, USE_PAIRS, from, r),
		.lie = to,
		.groups = ceil_div(s->O, BLOCK) };
	size_t values = CHUNK_VALUES * sizeof(uint16_t);

	g.turned = room_take(r, values * g.groups * SPAN);
	g.b = room_take(r, sizeof(*g.b) * g.v.chunks * SPAN);
	g.sums = room_take(r, sizeof(float) * BLOCK * BLOCK * g.groups * g.v.chunks);
	g.bias = room_take(r, sizeof(float) * BLOCK * g.groups);
	return g;
}

/* The place of dy of output o at the first position of r. */
static size_t gradient_at(
	const struct bf16_gradient *g, const struct bf16_rows *r, int o)
{
	const struct conv_shape *s = g->s;
	size_t line = (size_t)o / LANES * s->OH + r->y;

	if (g->lie == LIE_ROWS)
		return (size_t)r->sample[0] * s->O + o;
	return ((line * s->OW + r->x[0]) * s->N + r->sample[0]) * LANES;
}

/* The positions of r of up to sixteen outputs from o on; zeros behind the last. */
static void gradient_rows(const struct bf16_gradient *g, const struct bf16_rows *r,
	int o, uint16_t rows[BLOCK * LANES])
{
	size_t next = g->lie == LIE_ROWS ? (size_t)g->s->O : LANES;
	size_t at = gradient_at(g, r, o);
	int live = g->lie == LIE_ROWS ? min_int(LANES, g->s->O - o) : LANES;

	memset(rows, 0, sizeof(*rows) * BLOCK * LANES);
	for (int i = 0; i < r->n; i++, at += next, rows += LANES)
		if (g->s->wide)
			narrow((size_t)live, (const float *)g->dy + at, rows);
		else
			memcpy(rows, (const uint16_t *)g->dy + at,
				sizeof(*rows) * live);
}

/* Sixteen outputs from o on at 32 positions: turned, in rows of 32, and summed. */
static void gradient_turn(const struct bf16_gradient *g, const struct bf16_rows *r,
	int o, uint16_t *to, float *bias)
{
	uint16_t t[BLOCK * LANES] __attribute__((aligned(64)));
	float sum[LANES] __attribute__((aligned(64))) = { 0 };
	const uint16_t *from = t;

	if (g->lie == LIE_ROWS || g->s->wide || r->n < BLOCK)
		gradient_rows(g, r, o, t);
	else
		from = (const uint16_t *)g->dy + gradient_at(g, r, o);
	for (int i = 0; i < r->n; i++)
		for (int l = 0; l < LANES; l += WIDTH)
			store(sum + l, load(sum + l) + load_half(from + i * LANES + l));
	turn_to_planes(from, to);
	for (int l = 0; l < LANES; l++)
		bias[l] += sum[l];
}

/* A group of 32 outputs from o on. */
static void gradient_group(const struct bf16_gradient *g, const struct bf16_rows *r,
	int o, uint16_t *to, float *bias)
{
	gradient_turn(g, r, o, to, bias);
	if (o + TILE < g->s->O)
		gradient_turn(g, r, o + TILE, to + TILE_VALUES, bias + TILE);
}

/* Adds the products of a span with one chunk of the forward depth. */
static void gradient_add(struct bf16_gradient *g, int chunk, int n, bool first)
{
	const struct bf16_view *v = &g->v;
	int depth = v->channels - chunk / v->taps * v->step;
	const uint16_t *a[SPAN];
	struct tile_product p = { .chunks = n,
		.depth = DEPTH,
		.a = a,
		.b = g->b + (size_t)chunk * SPAN,
		.a_row = DEPTH,
		.a_below = TILE_VALUES,
		.b_right = v->plane,
		.wide = min_int(depth, v->step) > TILE,
		.add = !first };

	for (int group = 0; group < g->groups; group++) {
		size_t sums = (size_t)group * v->chunks + chunk;

		for (int i = 0; i < n; i++)
			a[i] = g->turned + ((size_t)group * SPAN + i) * CHUNK_VALUES;
		p.tall = g->s->O - group * BLOCK > TILE;
		tile_sum(&p, g->sums + sums * BLOCK * BLOCK);
	}
}

/* The n chunks of positions of g->span. */
static void gradient_span(struct bf16_gradient *g, int n, bool first)
{
	for (int group = 0; group < g->groups; group++)
		for (int i = 0; i < n; i++)
			gradient_group(g, &g->span[i], group * BLOCK,
				g->turned + ((size_t)group * SPAN + i) * CHUNK_VALUES,
				g->bias + group * BLOCK);
	for (int i = 0; i < n; i++)
		view_strip(&g->v, &g->span[i], g->b + i, SPAN);
	for (int k = 0; k < g->v.chunks; k++)
		gradient_add(g, k, n, first);
}

static void gradient_run(struct bf16_gradient *g)
{
	const struct bf16_view *v = &g->v;
	bool first = true;
	int n = 0;

	memset(g->bias, 0, sizeof(float) * BLOCK * g->groups);
	tile_begin(DEPTH);
	for (int y = 0; y < v->OH; y++)
		for (int at = 0; at < v->OW * v->N; at += BLOCK) {
			rows_take(v, y, 0, at, &g->span[n++]);
			if (n < SPAN)
				continue;
			gradient_span(g, n, first);
			first = false;
			n = 0;
		}
	if (n)
		gradient_span(g, n, first);
	tile_end();
}

#endif
