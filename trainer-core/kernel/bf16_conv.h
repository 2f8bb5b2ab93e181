/*
 * Passes of convolutions and linear layers in bf16. Every product is tile_sum; what
 * differs is where its rows come from and where its sums go. Values and gradients are
 * floats that bf16 has, but for predictions (`wide`). Included by bf16.c alone; all static.
 */
#ifndef DELTAM_KERNEL_BF16_CONV_H
#define DELTAM_KERNEL_BF16_CONV_H

#include "trainer-core/kernel/bf16_weights.h"
#include "trainer-core/kernel/layout.h"

/* Strips of 32 rows that share a walk through the weights, for the sake of the cache. */
#define STRIPS_MOST 8
#define STRIPS_BYTES (1 << 19)

/* A pass from one side to the other. */
struct bf16_pass {
	const struct conv_shape *s;
	struct bf16_view v;
	int columns; /* channels of the other side */
	enum bf16_lie lie; /* of the other side */
	const float *bias; /* or NULL */
	bool relu, add, wide;
	float *to;
	int strips; /* at once */
	uint16_t *row, *strip, *weights;
	uint8_t *used;
};

static struct bf16_pass pass_make(const struct conv_shape *s, bool back,
	enum bf16_lie from, enum bf16_lie to, struct bf16_room *r)
{
	struct bf16_pass p = { .s = s,
		.v = view_make(s, back, from, r),
		.columns = back ? s->C : s->O,
		.lie = to };
	size_t strip = sizeof(uint16_t) * CHUNK_VALUES * p.v.chunks;

	p.strips = (int)(STRIPS_BYTES / strip);
	p.strips = max_int(1, min_int(STRIPS_MOST, p.strips));
	p.row = room_take(r, sizeof(uint16_t) * row_values(&p.v));
	p.strip = room_take(r, strip * p.strips);
	p.used = room_take(r, (size_t)p.v.chunks * p.strips);
	p.weights = room_take(r, weight_tiles(p.v.chunks, p.columns));
	return p;
}

/* Sixteen sums of one row with what follows a product; old: what they are added to. */
INLINE void finish_lanes(const struct bf16_pass *p, const float *sum, const float *bias,
	const float *old, float *to)
{
	UNROLL for (int l = 0; l < LANES; l += WIDTH)
	{
		vec v = load(sum + l) + load(bias + l);

		v = p->relu ? relu(v) : v;
		v = p->add ? load(old + l) + v : v;
		store(to + l, p->wide ? v : nearest(v));
	}
}

/* The same to a place for n of them. */
static void put_lanes(const struct bf16_pass *p, const float *sum, const float *bias,
	int n, float *to)
{
	float old[LANES] __attribute__((aligned(64))) = { 0 };
	float new[LANES] __attribute__((aligned(64)));

	if (n == LANES) {
		finish_lanes(p, sum, bias, to, to);
		return;
	}
	memcpy(old, to, sizeof(float) * n);
	finish_lanes(p, sum, bias, old, new);
	memcpy(to, new, sizeof(float) * n);
}

/* The place of row i's channels from `at` on. */
static size_t put_at(
	const struct bf16_pass *p, const struct bf16_rows *r, int i, int at)
{
	const struct bf16_view *v = &p->v;
	size_t line = (size_t)at / LANES * v->OH + r->y;

	if (p->lie == LIE_ROWS)
		return (size_t)r->sample[i] * p->columns + at;
	return ((line * v->OW + r->x[i]) * v->N + r->sample[i]) * LANES;
}

/* The sums of 32 rows and columns, the first of which is `column`. */
static void put_sums(const struct bf16_pass *p, const struct bf16_rows *r, int column,
	const float sums[BLOCK * BLOCK])
{
	for (int c = 0; c < BLOCK && column + c < p->columns; c += LANES) {
		int at = column + c;
		int live = p->lie == LIE_ROWS ? min_int(LANES, p->columns - at) : LANES;
		float bias[LANES] __attribute__((aligned(64))) = { 0 };

		if (p->bias)
			memcpy(bias, p->bias + at, sizeof(float) * live);
		for (int i = 0; i < r->n; i++)
			put_lanes(p, sums + i * BLOCK + c, bias, live,
				p->to + put_at(p, r, i, at));
	}
}

/* Some strips of one line, gathered, times all weights. */
static void pass_strips(const struct bf16_pass *p, const struct bf16_rows *r, int n)
{
	size_t strip = (size_t)p->v.chunks * CHUNK_VALUES;

	for (int column = 0; column < p->columns; column += BLOCK)
		for (int i = 0; i < n; i++) {
			float sums[BLOCK * BLOCK] __attribute__((aligned(64)));
			struct tile_product product = { .chunks = p->v.chunks,
				.a = p->strip + i * strip,
				.b = tiles_at(
					p->weights, p->v.chunks, column / BLOCK, 0),
				.b_next = CHUNK_VALUES,
				.used = p->used + (size_t)i * p->v.chunks,
				.tall = r[i].n > TILE,
				.wide = p->columns - column > TILE };

			tile_sum(&product, sums);
			put_sums(p, &r[i], column, sums);
		}
}

static void pass_run(const struct bf16_pass *p)
{
	const struct bf16_view *v = &p->v;
	size_t strip = (size_t)v->chunks * CHUNK_VALUES;
	struct bf16_rows r[STRIPS_MOST];

	tile_begin();
	for (int y = 0; y < v->OH; y++)
		for (int at = 0; at < v->OW * v->N;) {
			int n = 0;

			for (; n < p->strips && at < v->OW * v->N; n++, at += BLOCK) {
				rows_take(v, v->order, y, at, &r[n]);
				gather_rows(v, &r[n], p->row, p->strip + n * strip,
					p->used + (size_t)n * v->chunks);
			}
			pass_strips(p, r, n);
		}
	tile_end();
}

/* ---- gradients of the weights ---- */

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
	const float *dy;
	int groups; /* of 32 outputs */
	uint16_t *row, *strip;
	uint8_t *used;
	uint16_t *turned; /* (groups, SPAN, 32 outputs, 32 positions) of dy */
	uint16_t *pairs; /* (chunks, SPAN, two tiles) of x; of one chunk unless dense */
	float *sums; /* (groups, chunks, 32, 32) */
	float *bias; /* (groups, 32) */
	struct bf16_rows span[SPAN];
};

static struct bf16_gradient gradient_make(const struct conv_shape *s,
	enum bf16_lie from, enum bf16_lie to, struct bf16_room *r)
{
	struct bf16_gradient g = { .s = s,
		.v = view_make(s, false, from, r),
		.lie = to,
		.groups = ceil_div(s->O, BLOCK) };
	size_t values = CHUNK_VALUES * sizeof(uint16_t);
	int held = g.v.dense ? g.v.chunks : 1;

	g.row = room_take(r, sizeof(uint16_t) * row_values(&g.v));
	g.strip = room_take(r, values * held);
	g.used = room_take(r, (size_t)max_int(g.v.chunks, SPAN));
	g.turned = room_take(r, values * g.groups * SPAN);
	g.pairs = room_take(r, values * held * SPAN);
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

/*
 * Sixteen outputs from o on at 32 positions: turned, in rows of 32, and summed. Behind the
 * last position and output are zeros.
 */
static void gradient_turn(const struct bf16_gradient *g, const struct bf16_rows *r,
	int o, uint16_t *to, float *bias)
{
	float x[BLOCK * TILE] __attribute__((aligned(64))) = { 0 };
	float t[TILE * TILE] __attribute__((aligned(64)));
	float sum[LANES] __attribute__((aligned(64))) = { 0 };
	size_t next = g->lie == LIE_ROWS ? (size_t)g->s->O : LANES;
	int live = g->lie == LIE_ROWS ? min_int(LANES, g->s->O - o) : LANES;
	const float *from = g->dy + gradient_at(g, r, o);

	for (int i = 0; i < r->n; i++, from += next) {
		float *row = x + i * LANES;

		memcpy(row, from, sizeof(float) * live);
		for (int l = 0; l < LANES; l += WIDTH) {
			vec v = nearest(load(row + l));

			store(row + l, v);
			store(sum + l, load(sum + l) + v);
		}
	}
	for (int half = 0; half < BLOCK; half += TILE) {
		transpose(x + half * LANES, LANES, t, LANES);
		for (int k = 0; k < TILE; k++)
			bf16_pack(t + k * LANES, to + k * DEPTH + half);
	}
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

/* Rows of 32 positions, a chunk of the forward depth, as two tiles of pairs. */
static void gradient_pairs(const uint16_t *rows, uint16_t *tiles)
{
	for (int k = 0; k < TILE; k++, rows += 2 * DEPTH, tiles += DEPTH) {
		bf16_pair(rows, rows + DEPTH, tiles);
		bf16_pair(rows + TILE, rows + DEPTH + TILE, tiles + TILE_VALUES);
	}
}

/* Adds the products of a span with one chunk of the forward depth. */
static void gradient_add(struct bf16_gradient *g, int chunk, int n, bool first,
	const uint16_t *pairs, const uint8_t *used)
{
	int depth = g->v.dense ? g->v.taps * g->v.C - chunk * DEPTH
			       : g->v.C - chunk / g->v.taps * DEPTH;

	for (int group = 0; group < g->groups; group++) {
		struct tile_product p = { .chunks = n,
			.a = g->turned + (size_t)group * SPAN * CHUNK_VALUES,
			.b = pairs,
			.b_next = CHUNK_VALUES,
			.used = used,
			.tall = g->s->O - group * BLOCK > TILE,
			.wide = depth > TILE,
			.add = !first };

		tile_sum(&p,
			g->sums +
				((size_t)group * g->v.chunks + chunk) * BLOCK * BLOCK);
	}
}

/* The n chunks of positions of g->span. */
static void gradient_span(struct bf16_gradient *g, int n, bool first)
{
	const struct bf16_view *v = &g->v;

	for (int group = 0; group < g->groups; group++)
		for (int i = 0; i < n; i++)
			gradient_group(g, &g->span[i], group * BLOCK,
				g->turned + ((size_t)group * SPAN + i) * CHUNK_VALUES,
				g->bias + group * BLOCK);
	for (int i = 0; v->dense && i < n; i++) {
		gather_rows(v, &g->span[i], g->row, g->strip, g->used);
		for (int k = 0; k < v->chunks; k++)
			gradient_pairs(g->strip + (size_t)k * CHUNK_VALUES,
				g->pairs + ((size_t)k * SPAN + i) * CHUNK_VALUES);
	}
	for (int k = 0; v->dense && k < v->chunks; k++)
		gradient_add(g, k, n, first, g->pairs + (size_t)k * SPAN * CHUNK_VALUES,
			NULL);
	for (int k = 0; !v->dense && k < v->chunks; k++) {
		for (int i = 0; i < n; i++) {
			g->used[i] = gather_chunk(v, &g->span[i], k, g->strip);
			gradient_pairs(g->strip, g->pairs + (size_t)i * CHUNK_VALUES);
		}
		gradient_add(g, k, n, first, g->pairs, g->used);
	}
}

static void gradient_run(struct bf16_gradient *g)
{
	const struct bf16_view *v = &g->v;
	bool first = true;
	int n = 0;

	memset(g->bias, 0, sizeof(float) * BLOCK * g->groups);
	tile_begin();
	for (int y = 0; y < v->OH; y++)
		for (int at = 0; at < v->OW * v->N; at += BLOCK) {
			rows_take(v, NULL, y, at, &g->span[n++]);
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
	enum bf16_lie to, const float *x, const float *w, const float *b, float *y,
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
	enum bf16_lie to, const float *w, const float *dy, float *dx, int add,
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
	enum bf16_lie to, const float *x, const float *dy, float *dw, float *db,
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
