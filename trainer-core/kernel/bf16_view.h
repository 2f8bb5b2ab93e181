/*
 * What a pass in bf16 reads: the values of one side of a convolution as an image of bf16,
 * and the rows of it that a product takes. Forward passes read x through the taps of
 * their outputs; backward ones read dy through the taps turned round. A linear layer is a
 * convolution of one tap on images of one pixel. Included by bf16.c alone; all static.
 *
 * The order of a sum is the order of its depth (tile.h): 32 channels at a time, zeros
 * behind the last, and of those tap by tap; 16 at a time where there are no more. Where
 * there are fewer than 32, but not 16, the taps of a row count as channels: `joined`, all
 * channels of the first, then those of the second. A backward pass to the data takes the
 * taps from the last to the first. Taps on padding are zeros.
 *
 * A tile is loaded from the image as it lies. A line of the image has a border wide enough
 * for every tap, and where positions step over columns it holds first the columns that the
 * first tap reads, then those between them: the rows that neighbouring positions read
 * through one tap are neighbours. In a joined view it holds what each position reads.
 */
#ifndef DELTAM_KERNEL_BF16_VIEW_H
#define DELTAM_KERNEL_BF16_VIEW_H

#include <limits.h>
#include "trainer-core/kernel/tile.h"

/* Room in the caller's scratch; without scratch it is only counted. */
struct bf16_room {
	char *at;
	size_t used;
};

static void *room_take(struct bf16_room *r, size_t bytes)
{
	char *p = r->at ? r->at + r->used : NULL;

	r->used += (bytes + 63) / 64 * 64;
	return p;
}

/* How the caller's values lie. */
enum bf16_lie { LIE_ROWS, LIE_C16, LIE_C4 };

/* Who reads a view: PAIRS are gradients of weights, whose depth is positions. */
enum bf16_use { USE_FORWARD, USE_BACK, USE_PAIRS };

#define NOWHERE INT_MIN

struct bf16_view {
	int N, C, H, W; /* what is read */
	int OH, OW; /* positions that read it */
	int kh, kw, taps;
	int runs; /* of a line: run r has the positions r, r + runs, ... */
	enum bf16_lie lie;
	bool wide; /* the caller's values are float */
	bool joined, pairs;
	int channels, tap_columns; /* as they count: kw C, 1 in a joined view */
	int step; /* channels of a chunk */
	int chunks;
	int width; /* columns that are not border */
	int left; /* columns of the border in front of the first */
	int phases, columns; /* every phases-th column together, so many each */
	size_t rows; /* of a line: pixels of all images */
	int parities; /* pairs begin at every second row, or at every row */
	size_t plane; /* values of a block of channels */
	uint16_t *image;
	uint16_t *line; /* pairs: the rows of a line */
	int border; /* joined: columns in front of a line */
	int first; /* joined: the column that position 0 reads first */
	int stride; /* joined: columns from one position to the next; -1: xs says */
	size_t dense_line; /* joined: values of a line where pixels have no gaps */
	uint16_t *dense; /* joined: (N, H, dense_line) */
	int *ys, *xs; /* (OH, kh), (OW, kw): where a tap reads, or -1 */
	int *cols; /* (runs, kw): the column of a run's first position, or NOWHERE */
};

static int ceil_div(int n, int by)
{
	return (n + by - 1) / by;
}

static void view_axis(
	int outs, int ins, int kernel, const struct conv_shape *s, bool back, int *from)
{
	for (int o = 0; o < outs; o++)
		for (int k = 0; k < kernel; k++) {
			int at = back ? o + s->pad - (kernel - 1 - k) * s->dilation
				      : o * s->stride - s->pad + k * s->dilation;

			if (back && at >= 0)
				at = at % s->stride ? -1 : at / s->stride;
			*from++ = at >= 0 && at < ins ? at : -1;
		}
}

/* The column that position `run` reads through tap k of a row, the border included. */
static int view_column(const struct conv_shape *s, bool back, int run, int k)
{
	int at = run + s->pad - (s->kw - 1 - k) * s->dilation;

	if (!back)
		return k * s->dilation - s->pad;
	return at % s->stride ? NOWHERE : at / s->stride;
}

static int run_positions(const struct bf16_view *v, int run)
{
	return ceil_div(v->OW - run, v->runs);
}

/* The border of a line, and how its columns lie. */
static void view_line(struct bf16_view *v, const struct conv_shape *s, bool back)
{
	int right = 0;

	v->phases = back ? 1 : s->stride;
	v->width = v->W;
	for (int run = 0; run < v->runs && run < v->OW; run++)
		for (int k = 0; k < v->kw; k++) {
			int first = view_column(s, back, run, k);
			int far = (run_positions(v, run) - 1) * v->phases;

			if (first == NOWHERE)
				continue;
			v->left = max_int(v->left, -first);
			right = max_int(right, first + far - (v->W - 1));
		}
	v->columns = ceil_div(v->left + v->W + right, v->phases);
}

/*
 * The same of a joined view: a column is a position. Taps of a row that are neighbours in
 * the image, too (stride -1: they are not), are copied together from a line with a border.
 */
static void view_joined(struct bf16_view *v, const struct conv_shape *s, bool back)
{
	int last = v->kw - 1, right;

	v->phases = 1;
	v->columns = v->width = v->OW;
	v->stride = s->dilation > 1 || (back && s->stride > 1) ? -1 : s->stride;
	v->first = back ? s->pad - last : -s->pad;
	right = v->first + (v->OW - 1) * v->stride + last - (v->W - 1);
	if (v->stride > 0)
		v->border = max_int(0, -v->first);
	v->dense_line = (size_t)v->C *
		(v->border + v->W + (v->stride > 0 ? max_int(0, right) : 0));
}

/*
 * While room is counted there are pairs at every row: a pass of fewer samples, an odd
 * number of them, must have room, too.
 */
static void view_sizes(struct bf16_view *v, bool counts)
{
	v->rows = (size_t)v->phases * v->columns * v->N;
	v->parities = counts || v->N % 2 ? 2 : 1;
	v->plane = v->pairs ? v->parities * v->H * (v->rows / 2 + 1) * DEPTH
			    : v->H * v->rows * v->step;
}

/* The slack behind the image: a tile loads 32 rows whatever there is. */
#define VIEW_SLACK (BLOCK * DEPTH)

static size_t view_values(const struct bf16_view *v)
{
	int planes = ceil_div(v->channels, v->pairs ? LANES : v->step);

	return planes * v->plane + VIEW_SLACK;
}

/* Of a joined view: where pixels lie without gaps; copies move a block whatever there is. */
static size_t dense_values(const struct bf16_view *v)
{
	return (size_t)v->N * v->H * v->dense_line + 2 * DEPTH;
}

static void view_tables(struct bf16_view *v, const struct conv_shape *s, bool back)
{
	view_axis(v->OH, v->H, v->kh, s, back, v->ys);
	view_axis(v->OW, v->W, v->kw, s, back, v->xs);
	for (int i = 0; i < v->runs * v->tap_columns; i++)
		v->cols[i] = v->joined ? 0 : view_column(s, back, i / v->kw, i % v->kw);
}

/*
 * The view of s, of x or back of dy. Everything but the values themselves is there
 * afterwards where r has room.
 */
static struct bf16_view view_make(const struct conv_shape *s, enum bf16_use use,
	enum bf16_lie lie, struct bf16_room *r)
{
	bool back = use == USE_BACK;
	struct bf16_view v = { .N = s->N,
		.C = back ? s->O : s->C,
		.H = back ? s->OH : s->H,
		.W = back ? s->OW : s->W,
		.OH = back ? s->H : s->OH,
		.OW = back ? s->W : s->OW,
		.kh = s->kh,
		.kw = s->kw,
		.lie = lie,
		.wide = back && s->wide,
		.pairs = use == USE_PAIRS };

	v.joined = v.C < DEPTH && v.C != LANES;
	v.runs = back && !v.joined ? s->stride : 1;
	v.channels = v.joined ? v.kw * v.C : v.C;
	v.tap_columns = v.joined ? 1 : v.kw;
	v.taps = v.kh * v.tap_columns;
	v.step = v.channels <= LANES ? LANES : DEPTH;
	v.chunks = v.taps * ceil_div(v.channels, v.step);
	(v.joined ? view_joined : view_line)(&v, s, back);
	view_sizes(&v, !r->at);
	v.image = room_take(r, view_values(&v) * sizeof(uint16_t));
	if (v.pairs)
		v.line = room_take(r, (v.rows + 3) * LANES * sizeof(uint16_t));
	if (v.joined)
		v.dense = room_take(r, dense_values(&v) * sizeof(uint16_t));
	v.ys = room_take(r, sizeof(int) * v.OH * v.kh);
	v.xs = room_take(r, sizeof(int) * v.OW * v.kw);
	v.cols = room_take(r, sizeof(int) * v.runs * v.tap_columns);
	if (r->at)
		view_tables(&v, s, back);
	return v;
}

/* Up to 32 positions of a run of a line of outputs, those from the at-th on. */
struct bf16_rows {
	int y, run, at, n;
	int first, last; /* of the run's positions */
	int x[BLOCK], sample[BLOCK];
	int place[BLOCK]; /* among the pixels of all images of the line */
};

static void rows_take(
	const struct bf16_view *v, int y, int run, int at, struct bf16_rows *r)
{
	int i = at / v->N, sample = at % v->N;

	r->y = y;
	r->run = run;
	r->at = at;
	r->n = min_int(BLOCK, run_positions(v, run) * v->N - at);
	r->first = i;
	for (int row = 0; row < r->n; row++) {
		r->x[row] = run + i * v->runs;
		r->sample[row] = sample;
		r->place[row] = r->x[row] * v->N + sample;
		r->last = i;
		if (++sample == v->N) {
			sample = 0;
			i++;
		}
	}
}

/*
 * Where the rows begin that r reads through a tap, in the plane of the first channels;
 * NULL where all of them are padding.
 */
static const uint16_t *tap_source(
	const struct bf16_view *v, const struct bf16_rows *r, int ky, int kx)
{
	int y = v->ys[r->y * v->kh + ky],
	    column = v->cols[r->run * v->tap_columns + kx];
	int in = column + v->left;
	size_t row;

	if (y < 0 || column == NOWHERE || column + r->last * v->phases < 0 ||
		column + r->first * v->phases >= v->width)
		return NULL;
	row = (size_t)(in % v->phases * v->columns + in / v->phases) * v->N + r->at;
	if (!v->pairs)
		return v->image + (y * v->rows + row) * v->step;
	return v->image +
		((row % v->parities * v->H + y) * (v->rows / 2 + 1) + row / 2) * DEPTH;
}

/* Where each chunk of the rows of r is, at every next-th place of `from`. */
static void view_strip(const struct bf16_view *v, const struct bf16_rows *r,
	const uint16_t **from, size_t next)
{
	size_t plane = v->pairs ? v->plane * (v->step / LANES) : v->plane;

	for (int tap = 0; tap < v->taps; tap++) {
		const uint16_t *p =
			tap_source(v, r, tap / v->tap_columns, tap % v->tap_columns);

		for (int k = tap; k < v->chunks; k += v->taps) {
			from[k * next] = p;
			p = p ? p + plane : NULL;
		}
	}
}

/* The place in the depth of channel c at tap (ky, kx). */
static int view_at(const struct bf16_view *v, int c, int ky, int kx)
{
	int at = v->joined ? kx * v->C + c : c;
	int tap = v->joined ? ky : ky * v->kw + kx;

	return (at / v->step * v->taps + tap) * v->step + at % v->step;
}

#endif
