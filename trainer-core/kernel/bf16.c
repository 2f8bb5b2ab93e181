/*
 * The kernels of the class bf16 for one instruction set. This file is compiled once an
 * instruction set like vector.c, but every table computes the same bits: products are
 * tile operations (tile.h), every other pass has the order that the shapes alone decide,
 * nothing is contracted (-ffp-contract=off) and nothing starts from a guess.
 *
 * Images lie in C16 and C4 alone. Passes on stored values (kernels_half) take values of
 * bf16 in half the room of floats; the others take floats.
 */
#define KERNEL_BF16
#include "trainer-core/kernel/bf16_conv.h"
#include "trainer-core/kernel/elementwise.h"
#include "trainer-core/kernel/half_flat.h"
#include "trainer-core/kernel/image_c16.h"
#include "trainer-core/kernel/layout.h"
#include "trainer-core/kernel/layout_c16.h"
#include "trainer-core/kernel/norm_c16.h"

#define VALUE_HALF
#include "trainer-core/kernel/image_c16.h"
#include "trainer-core/kernel/norm_c16.h"

static enum bf16_lie lie_of(const struct conv_shape *s)
{
	return s->c4 ? LIE_C4 : LIE_C16;
}

static size_t conv_work(const struct conv_shape *s)
{
	return bf16_work(s, lie_of(s), LIE_C16);
}

static void conv_forward(const struct conv_shape *s, const uint16_t *x, const float *w,
	const float *b, void *y, void *work)
{
	bf16_forward(s, lie_of(s), LIE_C16, x, w, b, y, work);
}

static void conv_backward_weights(const struct conv_shape *s, const uint16_t *x,
	const void *dy, float *dw, float *db, void *work)
{
	memset(dw, 0, sizeof(float) * conv_c16_floats(s));
	bf16_backward_weights(s, lie_of(s), LIE_C16, x, dy, dw, db, work);
}

static void conv_backward_data(const struct conv_shape *s, const float *w,
	const void *dy, uint16_t *dx, int add, void *work)
{
	bf16_backward_data(s, LIE_C16, LIE_C16, w, dy, dx, add, work);
}

/*
 * One tap on images of one pixel. c4 says that weights have no blocks of inputs: those of
 * a linear layer lie so, too.
 */
static struct conv_shape linear_as_conv(const struct linear_shape *s)
{
	return (struct conv_shape){ .N = s->N,
		.C = s->in,
		.H = 1,
		.W = 1,
		.O = s->out,
		.OH = 1,
		.OW = 1,
		.kh = 1,
		.kw = 1,
		.stride = 1,
		.dilation = 1,
		.relu = s->relu,
		.wide = s->wide,
		.c4 = 1 };
}

static size_t linear_masked(const struct linear_shape *s)
{
	return sizeof(float) * round_up(s->N * s->out);
}

static size_t linear_work(const struct linear_shape *s)
{
	struct conv_shape c = linear_as_conv(s);

	return linear_masked(s) + bf16_work(&c, LIE_ROWS, LIE_ROWS);
}

static void linear_forward(const struct linear_shape *s, const uint16_t *x,
	const float *w, const float *b, void *y, void *work)
{
	struct conv_shape c = linear_as_conv(s);

	bf16_forward(&c, LIE_ROWS, LIE_ROWS, x, w, b, y, work);
}

/* The gradient in front of ReLU; *work is then behind it. */
static const void *linear_open(
	const struct linear_shape *s, const void *y, const void *dy, void **work)
{
	size_t n = (size_t)s->N * s->out;
	void *open = *work;

	if (!s->relu)
		return dy;
	if (s->wide)
		pass_gradient(n, dy, y, open, 0);
	else
		half_pass_gradient(n, dy, y, open, 0);
	*work = (char *)*work + linear_masked(s);
	return open;
}

static void linear_backward_weights(const struct linear_shape *s, const uint16_t *x,
	const void *y, const void *dy, float *dw, float *db, void *work)
{
	struct conv_shape c = linear_as_conv(s);
	const void *open = linear_open(s, y, dy, &work);

	memset(dw, 0, sizeof(float) * linear_floats(s->in, s->out));
	bf16_backward_weights(&c, LIE_ROWS, LIE_ROWS, x, open, dw, db, work);
}

static void linear_backward_data(const struct linear_shape *s, const float *w,
	const void *y, const void *dy, uint16_t *dx, int add, void *work)
{
	struct conv_shape c = linear_as_conv(s);
	const void *open = linear_open(s, y, dy, &work);

	bf16_backward_data(&c, LIE_ROWS, LIE_ROWS, w, open, dx, add, work);
}

static const struct kernels_half half = {
	.tile = tile_once,
	.narrow = narrow,
	.widen = widen,
	.conv_work = conv_work,
	.conv_forward = conv_forward,
	.conv_backward_weights = conv_backward_weights,
	.conv_backward_data = conv_backward_data,
	.linear_work = linear_work,
	.linear_forward = linear_forward,
	.linear_backward_weights = linear_backward_weights,
	.linear_backward_data = linear_backward_data,
	.norm_statistics = half_norm_statistics,
	.norm_forward = half_norm_forward,
	.norm_backward_sums = half_norm_backward_sums,
	.norm_backward = half_norm_backward,
	.pool_max = half_pool_max,
	.pool_scatter = half_pool_scatter,
	.pool_gather = half_pool_gather,
	.pool_mean = half_pool_mean,
	.pool_spread = half_pool_spread,
	.plane_mean = half_plane_mean,
	.plane_spread = half_plane_spread,
	.resize = half_resize,
	.resize_back = half_resize_back,
	.rectify = half_rectify,
	.pass_slope = half_pass_slope,
	.copy_channels = half_copy_channels,
	.join_add = half_join_add,
	.join_mul = half_join_mul,
	.pass_gradient = half_pass_gradient,
	.c16_to_rows = half_c16_to_rows,
	.rows_to_c16 = half_rows_to_c16,
};

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

const struct kernels PASTE(kernels_bf16_, KERNEL_ISA) = {
	.name = KERNEL_CLASS,
	.isa = KERNEL_WORD,
	.half = &half,
	KERNELS_OF_BOTH,
};
