/*
 * Kernels: the arithmetic that decides speed, in one table per instruction set.
 *
 * kernel/vector.c is compiled three times (-march=x86-64-v4, -v3, and the base; on other
 * processors for the base alone), each with WIDTH and tiles as macros; kernels_get()
 * chooses once by the processor. Everything else in those files is static.
 * -ffp-contract=fast there and only there. kernel/bf16.c is compiled in the same way, once
 * more for AMX: mixed precision, kernels_get_bf16().
 *
 * Layouts (N samples):
 *	ROW   (N, F)                    row-major, for linear layers
 *	N16   (ceil(N/16), C, H, W, 16) sixteen images side by side, for convolutions on few
 *	                                channels; the lanes behind the last image may hold
 *	                                anything, NaN too: no kernel lets them reach a result
 *	C16   (ceil(C/16), H, W, N, 16) sixteen channels side by side, for every other
 *	                                convolution; channels behind the last are zero in
 *	                                values and in gradients, and every kernel leaves
 *	                                zero there
 *	C4    (H, W, N, 4)              inputs of at most four channels that only convolutions
 *	                                read; no border, channels behind the last are zero
 * Sums have an order fixed by the shapes alone, so the same call gives the same bits.
 * Pointers are 64-byte aligned. Nothing here allocates; `work` is scratch of the size
 * that the matching *_work function names, which is enough for fewer samples, too.
 */
#ifndef DELTAM_KERNEL_H
#define DELTAM_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LANES 16

struct conv_shape {
	int N; /* images */
	int C, H, W; /* input */
	int O, OH, OW; /* output, before pooling */
	int kh, kw, stride, pad, dilation;
	int pool; /* 1: ReLU and a 2x2 max-pool (stride 2, floor) follow in the same pass */
	int relu; /* 1: ReLU follows; set with pool */
	int c4; /* C16 kernels: x lies in C4 (C <= 4), y in C16 as always */
	int wide; /* class bf16: y stays float, it is a prediction */
};

struct linear_shape {
	int N, in, out;
	int relu; /* 1: ReLU follows in the same pass */
	int wide; /* class bf16: y stays float, it is a prediction */
};

/* Batch norm in C16: n positions (H W N) of C channels. */
struct norm_shape {
	int C;
	size_t n;
	int relu; /* 1: ReLU follows in the same pass */
};

/* A float a channel, their number rounded up to 16; behind the last all are 0. */
struct norm {
	const float *mean, *scale, *bias;
	const float *shift, *slope; /* of norm_backward */
};

/* Pooling windows in C16. */
struct window_shape {
	int N;
	int C, H, W; /* input */
	int OH, OW;
	int kernel, stride, pad; /* kernel <= WINDOW_MAX */
};
#define WINDOW_MAX 15

struct resize_shape {
	int N, C;
	int H, W, OH, OW;
	int align_corners;
};

/* C channels at n positions: from channel `from` of one image to channel `to` of another. */
struct channel_run {
	size_t n;
	int C, from, to;
};

struct adam_step {
	float lr, beta1, beta2, eps, wd;
	float c1, c2;
	int decoupled; /* AdamW */
	int amsgrad;
};

struct sgd_step {
	float lr, momentum, dampening, wd;
	int nesterov;
	int first; /* the buffer becomes the gradient */
};

/* Whose derivative a pass multiplies by: y > 0 ? 1 : a, y (1 - y), 1 - y^2. */
enum kernel_slope { SLOPE_RECTIFIER, SLOPE_SIGMOID, SLOPE_TANH };

/*
 * Passes of mixed precision on what it stores: values and gradients are the upper halves
 * of floats, in the layouts of floats. Each is rounded once, to the nearest, of two to the
 * even one, denormals to zero, when it is stored; sums, statistics, gradients of
 * parameters are float. Shapes and meanings are those of struct kernels.
 */
struct kernels_half {
	/*
	 * c (16, 16) += a (16, depth) b, b (depth / 2, 16, 2) in pairs: the operation of
	 * tile.h. depth is 32 or 16.
	 */
	void (*tile)(int depth, const uint16_t *a, const uint16_t *b, float *c);
	/* Each of n floats becomes the nearest value of bf16; and back. */
	void (*narrow)(size_t n, const float *x, uint16_t *y);
	void (*widen)(size_t n, const uint16_t *x, float *y);

	/* Convolution in C16, linear in ROW. With s->wide y and dy are float. */
	size_t (*conv_work)(const struct conv_shape *s);
	void (*conv_forward)(const struct conv_shape *s, const uint16_t *x,
		const float *w, const float *b, void *y, void *work);
	void (*conv_backward_weights)(const struct conv_shape *s, const uint16_t *x,
		const void *dy, float *dw, float *db, void *work);
	void (*conv_backward_data)(const struct conv_shape *s, const float *w,
		const void *dy, uint16_t *dx, int add, void *work);
	size_t (*linear_work)(const struct linear_shape *s);
	void (*linear_forward)(const struct linear_shape *s, const uint16_t *x,
		const float *w, const float *b, void *y, void *work);
	void (*linear_backward_weights)(const struct linear_shape *s, const uint16_t *x,
		const void *y, const void *dy, float *dw, float *db, void *work);
	void (*linear_backward_data)(const struct linear_shape *s, const float *w,
		const void *y, const void *dy, uint16_t *dx, int add, void *work);

	void (*norm_statistics)(const struct norm_shape *s, const uint16_t *x,
		float *mean, float *variance);
	void (*norm_forward)(const struct norm_shape *s, const struct norm *t,
		const uint16_t *x, uint16_t *y);
	void (*norm_backward_sums)(const struct norm_shape *s, const struct norm *t,
		const uint16_t *x, const uint16_t *dy, float *sum, float *product);
	void (*norm_backward)(const struct norm_shape *s, const struct norm *t,
		const uint16_t *x, const uint16_t *dy, uint16_t *dx, int add);

	void (*pool_max)(const struct window_shape *s, const uint16_t *x, uint16_t *y,
		uint8_t *which);
	void (*pool_scatter)(const struct window_shape *s, const uint8_t *which,
		const uint16_t *y, uint16_t *x, int add);
	void (*pool_gather)(const struct window_shape *s, const uint8_t *which,
		const uint16_t *x, uint16_t *y, int add);
	void (*pool_mean)(const struct window_shape *s, const uint16_t *x, uint16_t *y);
	void (*pool_spread)(const struct window_shape *s, const uint16_t *dy,
		uint16_t *dx, int add);
	void (*plane_mean)(int N, int C, int HW, const uint16_t *x, uint16_t *y);
	void (*plane_spread)(
		int N, int C, int HW, const uint16_t *dy, uint16_t *dx, int add);
	void (*resize)(const struct resize_shape *s, const uint16_t *x, uint16_t *y);
	/* work: H W N 16 floats. */
	void (*resize_back)(const struct resize_shape *s, const uint16_t *dy,
		uint16_t *dx, int add, void *work);
	/* y = x, or a x where x <= 0; a 0: ReLU. */
	void (*rectify)(size_t n, float a, const uint16_t *x, uint16_t *y);
	/* dx = dy times the derivative, which follows from the values y; a as above. */
	void (*pass_slope)(size_t n, enum kernel_slope kind, float a,
		const uint16_t *dy, const uint16_t *y, uint16_t *dx, int add);
	void (*copy_channels)(
		const struct channel_run *r, const uint16_t *x, uint16_t *y, int add);
	void (*join_add)(
		size_t n, const uint16_t *a, const uint16_t *b, int relu, uint16_t *y);
	void (*join_mul)(
		size_t n, const uint16_t *a, const uint16_t *b, int add, uint16_t *y);
	void (*c16_to_rows)(int N, int C, int HW, const uint16_t *x, uint16_t *y);
	void (*rows_to_c16)(int N, int C, int HW, const uint16_t *x, uint16_t *y);
	void (*pass_gradient)(
		size_t n, const uint16_t *dy, const uint16_t *y, uint16_t *dx, int add);
};

/* Passes whose bits are those of every table (exact.c). */
struct kernels_exact {
	/* Each of n values <= 0 becomes its exponential, within 2 ulp; below -87: 0. */
	void (*exp_all)(size_t n, float *x);
	/*
	 * At n <= 16 neighbouring pixels, of C scores that lie `plane` floats apart: the
	 * largest (top, 16), the sums of exp(score - top) (sum, 16), and unless d is NULL
	 * exp(score - top) scale / sum there.
	 */
	void (*softmax_pixels)(int n, int C, size_t plane, double scale, const float *x,
		float *top, double *sum, float *d);
};

struct kernels {
	const char *name; /* the class: "bf16.2", or as isa */
	const char *isa; /* "amx", "avx512", "avx2", "portable", "portable-PROCESSOR" */
	bool blas; /* OpenBLAS computes the large products, where it is installed */
	/*
	 * Mixed precision: what passes on stored values are; NULL elsewhere. Such a table
	 * has no convolutions and linear layers of its own. Tables of all instruction sets
	 * give the same bits.
	 */
	const struct kernels_half *half;
	const struct kernels_exact *exact; /* of float32's tables; NULL elsewhere */

	/*
	 * Convolution in N16. w (O, C, kh, kw), b (O) or NULL; y (O, OH, OW) or, pooled,
	 * (O, OH/2, OW/2) per image; `which` has a byte for each output: with pool the
	 * winner 0..3 in row-major order, strict >, or 4 where ReLU closed it (max <= 0).
	 * Without pool `which` is NULL and ReLU's backward reads y.
	 */
	size_t (*conv_work)(const struct conv_shape *s);
	void (*conv_forward)(const struct conv_shape *s, const float *x, const float *w,
		const float *b, float *y, uint8_t *which, void *work);
	/*
	 * dw and db (or NULL) are set, not added to. dy belongs to y, which is read only
	 * for ReLU without pool.
	 */
	void (*conv_backward_weights)(const struct conv_shape *s, const float *x,
		const float *y, const float *dy, const uint8_t *which, float *dw,
		float *db, void *work);
	/* dx is set, or added to with `add`. */
	void (*conv_backward_data)(const struct conv_shape *s, const float *w,
		const float *y, const float *dy, const uint8_t *which, float *dx,
		int add, void *work);

	/*
	 * Convolution in C16: any stride, padding, dilation, kernels up to 9 x 9. Weights
	 * are packed: conv_c16_floats of them, conv_c16_index says where; padding is zero
	 * and its gradient is set to zero. b (O, rounded up to a multiple of 16) or NULL.
	 * With relu the forward pass ends in ReLU; dy is always the gradient in front of
	 * it (masked by the caller). pool is not supported (0).
	 */
	size_t (*conv_c16_work)(const struct conv_shape *s);
	void (*conv_c16_forward)(const struct conv_shape *s, const float *x,
		const float *w, const float *b, float *y, void *work);
	/* dw and db (or NULL; rounded up like b) are set. */
	void (*conv_c16_backward_weights)(const struct conv_shape *s, const float *x,
		const float *dy, float *dw, float *db, void *work);
	/* dx (C16; not for c4) is set, or added to with `add`. */
	void (*conv_c16_backward_data)(const struct conv_shape *s, const float *w,
		const float *dy, float *dx, int add, void *work);

	/*
	 * Linear in ROW: y = x w^T + b, b (out) or NULL. Weights are stored packed
	 * (linear_floats of them, padding included: zero at the start, and its gradient
	 * is set to zero); linear_index says where logical (o, i) lies. Packing is the same
	 * for every instruction set, and optimizers do not care. y is read by the backward
	 * passes only with relu (else NULL will do); db may be NULL.
	 */
	size_t (*linear_work)(const struct linear_shape *s);
	void (*linear_forward)(const struct linear_shape *s, const float *x,
		const float *w, const float *b, float *y, void *work);
	void (*linear_backward_weights)(const struct linear_shape *s, const float *x,
		const float *y, const float *dy, float *dw, float *db, void *work);
	void (*linear_backward_data)(const struct linear_shape *s, const float *w,
		const float *y, const float *dy, float *dx, int add, void *work);

	/* Between layouts: (F, 16) blocks and rows of F. Writes zero behind the last row. */
	void (*n16_to_rows)(int N, int F, const float *x, float *y);
	void (*rows_to_n16)(int N, int F, const float *x, float *y);

	/* A batch: rows index[0..N) of data, times scale, into N16 or ROW. */
	void (*gather_u8_n16)(int N, int F, const uint8_t *data, const int *index,
		float scale, float *y);
	void (*gather_f32_n16)(
		int N, int F, const float *data, const int *index, float *y);
	void (*gather_u8_rows)(int N, int F, const uint8_t *data, const int *index,
		float scale, float *y);
	void (*gather_f32_rows)(
		int N, int F, const float *data, const int *index, float *y);

	/*
	 * The same for C16 and C4: samples are (C, HW) row-major on the row side, HW = H W.
	 * Channels behind the last become zero.
	 */
	void (*c16_to_rows)(int N, int C, int HW, const float *x, float *y);
	void (*rows_to_c16)(int N, int C, int HW, const float *x, float *y);
	/* y = a x, or y += a x: from rows to C16 as above. */
	void (*add_rows_c16)(
		int N, int C, int HW, float a, const float *x, float *y, int add);
	void (*gather_u8_c16)(int N, int C, int HW, const uint8_t *data,
		const int *index, float scale, float *y);
	void (*gather_f32_c16)(
		int N, int C, int HW, const float *data, const int *index, float *y);
	void (*gather_u8_c4)(int N, int C, int HW, const uint8_t *data,
		const int *index, float scale, float *y);
	void (*gather_f32_c4)(
		int N, int C, int HW, const float *data, const int *index, float *y);

	/*
	 * Batch norm in C16. Statistics: mean and variance (over n, not n - 1) of each
	 * channel. Forward: y = (x - mean) scale + bias. Sums of the backward pass: of dy
	 * and of dy (x - mean), dy behind the ReLU; then with those
	 * dx = dy scale - shift - slope (x - mean). dx may be dy.
	 */
	void (*norm_statistics)(const struct norm_shape *s, const float *x, float *mean,
		float *variance);
	void (*norm_forward)(const struct norm_shape *s, const struct norm *t,
		const float *x, float *y);
	void (*norm_backward_sums)(const struct norm_shape *s, const struct norm *t,
		const float *x, const float *dy, float *sum, float *product);
	void (*norm_backward)(const struct norm_shape *s, const struct norm *t,
		const float *x, const float *dy, float *dx, int add);

	/*
	 * Pools in C16; `which`: a byte for each value of y, the winner in row-major order
	 * (strict >, padding -inf). scatter hands y to its winners in x (the backward pass
	 * of the pool, the forward pass of unpooling), gather is its reverse. The mean
	 * divides by kernel^2, padding counts as 0.
	 */
	void (*pool_max)(
		const struct window_shape *s, const float *x, float *y, uint8_t *which);
	void (*pool_scatter)(const struct window_shape *s, const uint8_t *which,
		const float *y, float *x, int add);
	void (*pool_gather)(const struct window_shape *s, const uint8_t *which,
		const float *x, float *y, int add);
	void (*pool_mean)(const struct window_shape *s, const float *x, float *y);
	void (*pool_spread)(
		const struct window_shape *s, const float *dy, float *dx, int add);
	/* (C, HW) to (C, 1), and back. */
	void (*plane_mean)(int N, int C, int HW, const float *x, float *y);
	void (*plane_spread)(int N, int C, int HW, const float *dy, float *dx, int add);

	/* Bilinear as in PyTorch, and its reverse with the same shares. */
	void (*resize)(const struct resize_shape *s, const float *x, float *y);
	void (*resize_back)(
		const struct resize_shape *s, const float *dy, float *dx, int add);

	/* Lanes of y outside of the run stay as they are. */
	void (*copy_channels)(
		const struct channel_run *r, const float *x, float *y, int add);

	/* y = a + b (relu: its positive part); y = a b; dx = dy, where y > 0 if given (dx may be dy). */
	void (*join_add)(size_t n, const float *a, const float *b, int relu, float *y);
	void (*join_mul)(size_t n, const float *a, const float *b, int add, float *y);
	void (*pass_gradient)(
		size_t n, const float *dy, const float *y, float *dx, int add);

	/*
	 * One optimizer step on n floats (optim.h holds the formulas and who calls).
	 * Adam: c1 = 1/(1 - beta1^t), c2 = 1/(1 - beta2^t), already computed in double;
	 * within 1e-6 relative of p -= lr c1 m / (sqrt(c2 v) + eps). vmax only for AMSGrad,
	 * buf only with momentum: else NULL.
	 */
	void (*adam)(size_t n, float *p, const float *g, float *m, float *v,
		float *vmax, const struct adam_step *s);
	void (*sgd)(size_t n, float *p, const float *g, float *buf,
		const struct sgd_step *s);

	/* y += a x */
	void (*axpy)(size_t n, float a, const float *x, float *y);
	void (*scale)(size_t n, float a, float *x);
	double (*dot)(size_t n, const float *x, const float *y);
};

/* The packed weights of a linear layer: how many floats, and where (o, i) lies. */
size_t linear_floats(int in, int out);
size_t linear_index(int in, int out, int o, int i);

/*
 * The packed weights of a convolution in C16: how many floats, and where (o, c, ky, kx)
 * lies. Groups of 32 outputs (the last one of 16 where that is enough), each (ceil(C/16),
 * kh, kw, 16, outputs of the group); with c4 each (kh, kw, C, outputs of the group).
 */
size_t conv_c16_floats(const struct conv_shape *s);
size_t conv_c16_index(const struct conv_shape *s, int o, int c, int ky, int kx);

/*
 * The best table for this processor; or the one that the environment's DELTAM_KERNELS
 * names (portable, avx2, avx512), where this processor can run it. Only x86-64 has a
 * choice. Its portable table is called `portable` because rows of older builds say so;
 * other processors sum in another way (some fuse products with sums), so the names of
 * their tables tell them apart.
 */
const struct kernels *kernels_get(void);

/*
 * The table of mixed precision, chosen in the same way (amx, avx512, avx2, portable). The
 * choice is one of speed: all of them are the class `bf16.2` (`bf16.2-PROCESSOR` elsewhere).
 * Asks the system for the tile unit where the processor has one.
 */
const struct kernels *kernels_get_bf16(void);

/*
 * Denormal numbers count as zero from now on in the calling thread (FTZ and DAZ on x86-64,
 * FZ on 64-bit ARM; other processors keep them). Part of
 * NUMERICS: call it before the first kernel, wherever training begins.
 */
void kernels_init_fpu(void);

#endif
