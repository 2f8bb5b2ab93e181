/*
 * Passes of convolutions and linear layers in bf16 from one side to the other. Every
 * product is tile_sum; what differs is where its rows come from and where its sums go.
 * Values and gradients are stored in bf16, but for predictions (`wide`). Included by
 * bf16.c alone; all static.
 */
#ifndef DELTAM_KERNEL_BF16_CONV_H
#define DELTAM_KERNEL_BF16_CONV_H

#include "trainer-core/kernel/bf16_gradient.h"

/* Strips of 32 rows that share a walk through the weights, for the sake of the cache. */
#define STRIPS 8

/* A pass from one side to the other. */
struct bf16_pass {
	const struct conv_shape *s;
	struct bf16_view v;
	int columns; /* channels of the other side */
	enum bf16_lie lie; /* of the other side */
	const float *bias; /* or NULL */
	bool relu, add, wide;
	void *to; /* float where `wide` */
	uint16_t *weights;
	const uint16_t **a; /* (strips, chunks) where the rows of a strip are */
	const uint16_t **b; /* (chunks) the same of a group of weights */
};

static struct bf16_pass pass_make(const struct conv_shape *s, bool back,
	enum bf16_lie from, enum bf16_lie to, struct bf16_room *r)
{
	struct bf16_pass p = { .s = s,
		.v = view_make(s, back ? USE_BACK : USE_FORWARD, from, r),
		.columns = back ? s->C : s->O,
		.lie = to };

	p.a = room_take(r, sizeof(*p.a) * p.v.chunks * STRIPS);
	p.b = room_take(r, sizeof(*p.b) * p.v.chunks);
	p.weights = room_take(r, weight_tiles(&p.v, p.columns));
	return p;
}

/* Sixteen sums of one row with what follows a product, to the at-th value of `to`. */
INLINE void finish_lanes(const struct bf16_pass *p, const float *sum, const float *bias,
	void *to, size_t at)
{
	UNROLL for (int l = 0; l < LANES; l += WIDTH)
	{
		vec v = load(sum + l) + load(bias + l);
		uint16_t *half = (uint16_t *)to + at + l;

		v = p->relu ? relu(v) : v;
		if (p->wide) {
			store((float *)to + at + l, v);
			continue;
		}
		v = p->add ? load_half(half) + v : v;
		store_half(half, v);
	}
}

/* The same to a place for n of them. */
static void put_lanes(const struct bf16_pass *p, const float *sum, const float *bias,
	int n, size_t at)
{
	size_t bytes = p->wide ? sizeof(float) : sizeof(uint16_t);
	float t[LANES] __attribute__((aligned(64))) = { 0 };

	if (n == LANES) {
		finish_lanes(p, sum, bias, p->to, at);
		return;
	}
	memcpy(t, (char *)p->to + at * bytes, n * bytes);
	finish_lanes(p, sum, bias, t, 0);
	memcpy((char *)p->to + at * bytes, t, n * bytes);
}

/* The sums of 32 rows and columns, the first of which is `column`. */
static void put_sums(const struct bf16_pass *p, const struct bf16_rows *r, int column,
	const float sums[BLOCK * BLOCK])
{
	const struct bf16_view *v = &p->v;
	bool rows = p->lie == LIE_ROWS;
	size_t next = rows ? (size_t)p->columns : LANES;

	for (int c = 0; c < BLOCK && column + c < p->columns; c += LANES) {
		int at = column + c;
		int live = rows ? min_int(LANES, p->columns - at) : LANES;
		size_t line = ((size_t)at / LANES * v->OH + r->y) * v->OW * v->N;
		size_t first = rows ? (size_t)at : line * LANES;
		float bias[LANES] __attribute__((aligned(64))) = { 0 };

		if (p->bias)
			memcpy(bias, p->bias + at, sizeof(float) * live);
		for (int i = 0; i < r->n; i++)
			put_lanes(p, sums + i * BLOCK + c, bias, live,
				first + r->place[i] * next);
	}
}

/* Some strips of a run of a line times all weights. */
static void pass_strips(const struct bf16_pass *p, const struct bf16_rows *r, int n)
{
	struct tile_product product = { .chunks = p->v.chunks,
		.depth = p->v.step,
		.b = p->b,
		.a_row = p->v.step,
		.a_below = tile_values(&p->v),
		.b_right = tile_values(&p->v) };

	for (int column = 0; column < p->columns; column += BLOCK) {
		for (int k = 0; k < p->v.chunks; k++)
			p->b[k] = tiles_at(
				&p->v, p->weights, column / BLOCK, k * p->v.step);
		product.wide = p->columns - column > TILE;
		for (int i = 0; i < n; i++) {
			float sums[BLOCK * BLOCK] __attribute__((aligned(64)));

			product.a = p->a + (size_t)i * p->v.chunks;
			product.tall = r[i].n > TILE;
			tile_sum(&product, sums);
			put_sums(p, &r[i], column, sums);
		}
	}
}

static void pass_run_line(const struct bf16_pass *p, int y, int run)
{
	const struct bf16_view *v = &p->v;
	int rows = run_positions(v, run) * v->N;
	struct bf16_rows r[STRIPS];

	for (int at = 0; at < rows;) {
		int n = 0;

		for (; n < STRIPS && at < rows; n++, at += BLOCK) {
			rows_take(v, y, run, at, &r[n]);
			view_strip(v, &r[n], p->a + (size_t)n * v->chunks, 1);
		}
		pass_strips(p, r, n);
	}
}

static void pass_run(const struct bf16_pass *p)
{
	tile_begin(p->v.step);
	for (int y = 0; y < p->v.OH; y++)
		for (int run = 0; run < p->v.runs; run++)
			pass_run_line(p, y, run);
	tile_end();
}

/* ---- what the table has ---- */

/* Scratch of all three passes, which follow each other. */
static size_t bf16_work(
	const struct conv_shape *s, enum bf16_lie from, enum bf16_lie to)
{
	size_t most = 0;

	for (int i = 0; i < 3; i++) {
		struct bf16_room r = { 0 };

		if (i == 2)
			gradient_make(s, from, to, &r);
		else
			pass_make(s, i, i ? to : from, i ? from : to, &r);
		most = r.used > most ? r.used : most;
	}
	return most;
}

static void bf16_forward(const struct conv_shape *s, enum bf16_lie from,
	enum bf16_lie to, const uint16_t *x, const float *w, const float *b, void *y,
	void *work)
{
	struct bf16_room r = { .at = work };
	struct bf16_pass p = pass_make(s, false, from, to, &r);

	p.bias = b;
	p.relu = s->relu;
	p.wide = s->wide;
	p.to = y;
	view_fill(&p.v, x);
	weights_forward(&p.v, s, from == LIE_ROWS && s->O < LANES, w, p.weights);
	pass_run(&p);
}

static void bf16_backward_data(const struct conv_shape *s, enum bf16_lie from,
	enum bf16_lie to, const float *w, const void *dy, uint16_t *dx, int add,
	void *work)
{
	struct bf16_room r = { .at = work };
	struct bf16_pass p = pass_make(s, true, to, from, &r);

	p.add = add;
	p.to = dx;
	view_fill(&p.v, dy);
	weights_backward(&p.v, s, from == LIE_ROWS && s->O < LANES, w, p.weights);
	pass_run(&p);
}

static void bf16_backward_weights(const struct conv_shape *s, enum bf16_lie from,
	enum bf16_lie to, const uint16_t *x, const void *dy, float *dw, float *db,
	void *work)
{
	struct bf16_room r = { .at = work };
	struct bf16_gradient g = gradient_make(s, from, to, &r);
	bool thin = from == LIE_ROWS && s->O < LANES;

	g.dy = dy;
	view_fill(&g.v, x);
	gradient_run(&g);
	weights_gradient(&g.v, s, thin, g.sums, dw);
	if (db)
		memcpy(db, g.bias,
			sizeof(float) * (to == LIE_ROWS ? s->O : round_up(s->O)));
}

#endif
