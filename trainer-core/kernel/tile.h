/*
 * The tile operation that the class bf16 is defined by, and that a processor with AMX has
 * as one instruction:
 *
 *	c (16, 16) += a (16, 32) b (32, 16)
 *
 * where a and b are bf16 and c is float. A value of c gains the sum of its sixteen even
 * products plus the sum of its sixteen odd ones, each a chain of fused multiplications
 * and additions from zero, rounded to the nearest even float; denormals count as zero and
 * become zero. Source: what the unit of Sapphire Rapids does, found by comparison.
 *
 * b lies in pairs: (16, 16, 2), so that value (2 k + i, n) is at (k, n, i). Four tiles of
 * sums, two of a and two of b exist. A product may also be half as deep: a (16, 16), b
 * (8, 16, 2) in pairs, eight even and eight odd products. Whoever has no such unit
 * emulates them bit for bit in memory. Numbers of tiles are literals, since the
 * instructions hold them. Included by bf16.c alone; all static.
 */
#ifndef DELTAM_KERNEL_TILE_H
#define DELTAM_KERNEL_TILE_H

#include "trainer-core/kernel/bf16.h"

#define TILE 16 /* rows and columns of c */
#define DEPTH 32 /* values that one operation sums, or half of them */
#define TILE_VALUES (TILE * DEPTH) /* of a tile of a or b */

#if defined(__AMX_BF16__) || defined(__AMXBF16__) /* as GCC and as clang 14 call it */

struct tile_config {
	uint8_t palette, start, reserved[14];
	uint16_t row_bytes[16];
	uint8_t rows[16];
};

/*
 * GCC's intrinsics do not say that they read memory, so the compiler might write what a
 * tile is loaded from behind the load.
 */
#define TILE_BARRIER() __asm__ volatile("" ::: "memory")

/* The names of the registers: sums 0 to 3, then a, then b. */
#define TILE_A0 4
#define TILE_A1 5
#define TILE_B0 6
#define TILE_B1 7

/* depth: of the products until tile_end. */
static void tile_begin(int depth)
{
	struct tile_config c __attribute__((aligned(64))) = { .palette = 1 };

	for (int i = 0; i < 8; i++) {
		bool a = i == TILE_A0 || i == TILE_A1;
		bool b = i == TILE_B0 || i == TILE_B1;

		c.row_bytes[i] = (uint16_t)(a ? depth * sizeof(uint16_t) : 64);
		c.rows[i] = (uint8_t)(b ? depth / 2 : TILE);
	}
	TILE_BARRIER();
	_tile_loadconfig(&c);
}

static void tile_end(void)
{
	_tile_release();
}

#define TILES(t, depth) (void)(depth);
#define TILE_ZERO(t, c) _tile_zero(c)
#define TILE_LOAD(t, c, from, row) \
	do { \
		TILE_BARRIER(); \
		_tile_loadd(c, from, (row) * sizeof(float)); \
	} while (0)
#define TILE_STORE(t, c, to, row) _tile_stored(c, to, (row) * sizeof(float))
#define TILE_LOAD_A(t, a, from, row) \
	do { \
		TILE_BARRIER(); \
		_tile_loadd(TILE_A##a, from, (row) * sizeof(uint16_t)); \
	} while (0)
#define TILE_LOAD_B(t, b, from) \
	do { \
		TILE_BARRIER(); \
		_tile_loadd(TILE_B##b, from, 64); \
	} while (0)
#define TILE_DOT(t, c, a, b) _tile_dpbf16ps(c, TILE_A##a, TILE_B##b)

#else

static void tile_begin(int depth)
{
	(void)depth;
}

static void tile_end(void)
{
}

/* What the unit's registers hold, as floats. */
struct tiles {
	float c[4][TILE][TILE];
	float a[2][TILE][DEPTH];
	float even[2][TILE][TILE], odd[2][TILE][TILE];
} __attribute__((aligned(64)));

INLINE void tile_load(float c[TILE][TILE], const float *from, size_t row)
{
	for (int m = 0; m < TILE; m++)
		memcpy(c[m], from + m * row, sizeof(c[m]));
}

INLINE void tile_store(float c[TILE][TILE], float *to, size_t row)
{
	for (int m = 0; m < TILE; m++)
		memcpy(to + m * row, c[m], sizeof(c[m]));
}

INLINE void widen_lanes(const uint16_t *from, float *to)
{
	for (int i = 0; i < LANES; i++) {
		uint32_t u = (uint32_t)from[i] << 16;

		memcpy(to + i, &u, sizeof(u));
	}
}

INLINE void tile_load_a(
	float a[TILE][DEPTH], const uint16_t *from, size_t row, int depth)
{
	for (int m = 0; m < TILE; m++, from += row)
		for (int i = 0; i < depth; i += LANES)
			widen_lanes(from + i, a[m] + i);
}

INLINE void tile_load_b(
	float even[TILE][TILE], float odd[TILE][TILE], const uint16_t *from, int depth)
{
	for (int i = 0; i < depth / 2 * TILE; i++) {
		uint32_t pair, u;

		memcpy(&pair, from + 2 * i, sizeof(pair));
		u = pair << 16;
		memcpy(even[0] + i, &u, sizeof(u));
		u = pair & 0xffff0000;
		memcpy(odd[0] + i, &u, sizeof(u));
	}
}

#if WIDTH == 16
#define DOT_ROWS_AT_ONCE 8
INLINE vec fused(vec a, vec b, vec c)
{
	return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
}
#elif WIDTH == 8
#define DOT_ROWS_AT_ONCE 4
INLINE vec fused(vec a, vec b, vec c)
{
	return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
#else
#define DOT_ROWS_AT_ONCE 1
/*
 * A product of two bf16 has sixteen digits. Where it and c are near enough for both to
 * matter their sum fits into a double, elsewhere the double's own rounding cannot reach
 * the middle between two floats: rounding twice is rounding once.
 */
INLINE vec fused(vec a, vec b, vec c)
{
	for (int i = 0; i < WIDTH; i++)
		c[i] = (float)((double)a[i] * (double)b[i] + (double)c[i]);
	return c;
}
#endif

/* Some rows and lanes of c; both chains stay in registers. */
INLINE void tile_dot_part(float a[TILE][DEPTH], float even[TILE][TILE],
	float odd[TILE][TILE], float c[TILE][TILE], int lane, int pairs)
{
	vec first[DOT_ROWS_AT_ONCE], second[DOT_ROWS_AT_ONCE];

	UNROLL for (int m = 0; m < DOT_ROWS_AT_ONCE; m++) first[m] = second[m] =
		(vec){ 0 };
	for (int k = 0; k < pairs; k++) {
		vec e = load(even[k] + lane), o = load(odd[k] + lane);

		UNROLL for (int m = 0; m < DOT_ROWS_AT_ONCE; m++)
		{
			first[m] = fused(all(a[m][2 * k]), e, first[m]);
			second[m] = fused(all(a[m][2 * k + 1]), o, second[m]);
		}
	}
	UNROLL for (int m = 0; m < DOT_ROWS_AT_ONCE; m++)
		store(c[m] + lane, load(c[m] + lane) + (first[m] + second[m]));
}

INLINE void tile_dot_of(float c[TILE][TILE], float a[TILE][DEPTH],
	float even[TILE][TILE], float odd[TILE][TILE], int depth)
{
	for (int lane = 0; lane < TILE; lane += WIDTH)
		for (int m = 0; m < TILE; m += DOT_ROWS_AT_ONCE)
			tile_dot_part(a + m, even, odd, c + m, lane, depth / 2);
}

/* The loops want to know how long they are when they are compiled. */
static void tile_dot_whole(float c[TILE][TILE], float a[TILE][DEPTH],
	float even[TILE][TILE], float odd[TILE][TILE])
{
	tile_dot_of(c, a, even, odd, DEPTH);
}

static void tile_dot_half(float c[TILE][TILE], float a[TILE][DEPTH],
	float even[TILE][TILE], float odd[TILE][TILE])
{
	tile_dot_of(c, a, even, odd, DEPTH / 2);
}

#define TILES(t, deep) \
	struct tiles t; \
	const int t##_depth = deep;
#define TILE_ZERO(t, i) memset((t).c[i], 0, sizeof((t).c[i]))
#define TILE_LOAD(t, i, from, row) tile_load((t).c[i], from, row)
#define TILE_STORE(t, i, to, row) tile_store((t).c[i], to, row)
#define TILE_LOAD_A(t, i, from, row) tile_load_a((t).a[i], from, row, t##_depth)
#define TILE_LOAD_B(t, i, from) tile_load_b((t).even[i], (t).odd[i], from, t##_depth)
#define TILE_DOT(t, i, m, n) \
	(t##_depth == DEPTH ? tile_dot_whole : tile_dot_half)( \
		(t).c[i], (t).a[m], (t).even[n], (t).odd[n])

#endif

/* One operation as it is, for whoever wants to see what it does. */
static void tile_once(int depth, const uint16_t *a, const uint16_t *b, float *c)
{
	TILES(t, depth)

	tile_begin(depth);
	TILE_LOAD(t, 0, c, TILE);
	TILE_LOAD_A(t, 0, a, (size_t)depth);
	TILE_LOAD_B(t, 0, b);
	TILE_DOT(t, 0, 0, 0);
	TILE_STORE(t, 0, c, TILE);
	tile_end();
}

/*
 * Products of up to 32 rows and columns. Chunk k of the depth has its rows at a[k], the
 * second sixteen `a_below` values behind the first, and its tile of columns at b[k], the
 * second one `b_right` values behind it. A chunk where a or b is NULL holds zeros alone
 * and is left out, in every build alike.
 */
struct tile_product {
	int chunks;
	int depth; /* of a chunk, as tile_begin was told */
	const uint16_t *const *a, *const *b;
	size_t a_row, a_below, b_right; /* values */
	bool tall, wide; /* more than 16 rows, columns */
	bool add; /* to what c holds */
};

#define BLOCK (2 * TILE) /* rows and columns of a product */
#define CHUNK_VALUES (2 * TILE_VALUES)

INLINE void tile_sum_of(const struct tile_product *p, float *c, int depth)
{
	float *below = c + TILE * BLOCK;
	TILES(t, depth)

	TILE_ZERO(t, 0);
	TILE_ZERO(t, 1);
	TILE_ZERO(t, 2);
	TILE_ZERO(t, 3);
	if (p->add) {
		TILE_LOAD(t, 0, c, BLOCK);
		TILE_LOAD(t, 1, c + TILE, BLOCK);
		TILE_LOAD(t, 2, below, BLOCK);
		TILE_LOAD(t, 3, below + TILE, BLOCK);
	}
	for (int k = 0; k < p->chunks; k++) {
		const uint16_t *a = p->a[k], *b = p->b[k];

		if (!a || !b)
			continue;
		TILE_LOAD_A(t, 0, a, p->a_row);
		TILE_LOAD_B(t, 0, b);
		TILE_DOT(t, 0, 0, 0);
		if (p->wide) {
			TILE_LOAD_B(t, 1, b + p->b_right);
			TILE_DOT(t, 1, 0, 1);
		}
		if (!p->tall)
			continue;
		TILE_LOAD_A(t, 1, a + p->a_below, p->a_row);
		TILE_DOT(t, 2, 1, 0);
		if (p->wide)
			TILE_DOT(t, 3, 1, 1);
	}
	TILE_STORE(t, 0, c, BLOCK);
	TILE_STORE(t, 1, c + TILE, BLOCK);
	TILE_STORE(t, 2, below, BLOCK);
	TILE_STORE(t, 3, below + TILE, BLOCK);
}

/* c (32, 32); what lies beyond the rows and columns there are is left as it was. */
static void tile_sum(const struct tile_product *p, float *c)
{
	if (p->depth == DEPTH)
		tile_sum_of(p, c, DEPTH);
	else
		tile_sum_of(p, c, DEPTH / 2);
}

#endif
