/*
 * The vector of the instruction set that this file is compiled for, and the few
 * operations that GCC's vector types lack. Included by vector.c and bf16.c; all static.
 *
 * A block of 16 lanes is HALVES vectors, one after the other, so partial sums belong to
 * the same lanes whatever the width.
 */
#ifndef DELTAM_KERNEL_WIDTH_H
#define DELTAM_KERNEL_WIDTH_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif
#include "trainer-core/kernel/tables.h"

#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX2__)
#define WIDTH 8
#else
#define WIDTH 4
#endif
#define HALVES (LANES / WIDTH)

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 32")

/* Tile functions take their constants as arguments and are instantiated by a switch. */
#define CASE(n, call) \
	case n: \
		call; \
		break;

/* The house has no typedefs; vector types cannot be written without. */
typedef float vec __attribute__((vector_size(4 * WIDTH)));
typedef int32_t ivec __attribute__((vector_size(4 * WIDTH)));
typedef uint8_t bvec __attribute__((vector_size(WIDTH)));
typedef uint8_t b16 __attribute__((vector_size(16)));
typedef float vec_unaligned
	__attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));

INLINE int min_int(int a, int b)
{
	return a < b ? a : b;
}

INLINE int max_int(int a, int b)
{
	return a > b ? a : b;
}

/* To whole blocks of lanes. */
INLINE int round_up(int n)
{
	return (n + LANES - 1) / LANES * LANES;
}

/* Of the panel that begins at output `at` of n: the last one is narrower. */
INLINE int panel_width(int n, int at)
{
	return min_int(PANEL, round_up(n) - at);
}

INLINE vec load(const float *p)
{
	return *(const vec_unaligned *)p;
}

INLINE void store(float *p, vec v)
{
	*(vec_unaligned *)p = v;
}

/* A vector of which only the first n values exist (n may be negative), zeros behind. */
INLINE vec load_part(const float *p, int n)
{
	if (n >= WIDTH)
		return load(p);
#if WIDTH == 16
	return (vec)_mm512_maskz_loadu_ps((__mmask16)((1u << max_int(n, 0)) - 1), p);
#else
	vec v = { 0 };

	for (int i = 0; i < n; i++)
		v[i] = p[i];
	return v;
#endif
}

INLINE vec all(float x)
{
	return x - (vec){ 0 };
}

/*
 * Keeps a loaded vector in its register. Without it GCC repeats the load inside every
 * operation that can take one, and the load ports become the limit.
 */
#if defined(__SSE2__)
#define PIN(v) __asm__("" : "+v"(v))
#else
#define PIN(v) (void)(v)
#endif
#define PIN4(a) \
	do { \
		PIN((a)[0]); \
		PIN((a)[1]); \
		PIN((a)[2]); \
		PIN((a)[3]); \
	} while (0)

/* Bytes and lanes. GCC 12 takes its own conversions apart into scalars. */
#if WIDTH == 16
/* Part h of sixteen bytes, WIDTH of them. */
INLINE ivec widen_part(b16 v, int h)
{
	(void)h;
	return (ivec)_mm512_cvtepu8_epi32((__m128i)v);
}

INLINE ivec load_bytes(const uint8_t *p)
{
	return (ivec)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}

INLINE void store_bytes(uint8_t *p, ivec v)
{
	_mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)v));
}
#elif WIDTH == 8
INLINE ivec widen_part(b16 v, int h)
{
	__m128i all = (__m128i)v;

	return (ivec)_mm256_cvtepu8_epi32(h ? _mm_unpackhi_epi64(all, all) : all);
}

INLINE ivec load_bytes(const uint8_t *p)
{
	return (ivec)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
}

INLINE void store_bytes(uint8_t *p, ivec v)
{
	__m128i words = _mm_packs_epi32(_mm256_castsi256_si128((__m256i)v),
		_mm256_extracti128_si256((__m256i)v, 1));

	_mm_storel_epi64((__m128i *)p, _mm_packus_epi16(words, words));
}
#else
INLINE ivec load_bytes(const uint8_t *p)
{
	bvec b;

	memcpy(&b, p, sizeof(b));
	return __builtin_convertvector(b, ivec);
}

INLINE ivec widen_part(b16 v, int h)
{
	return load_bytes((const uint8_t *)&v + h * WIDTH);
}

INLINE void store_bytes(uint8_t *p, ivec v)
{
	bvec b = __builtin_convertvector(v, bvec);

	memcpy(p, &b, sizeof(b));
}
#endif

/* mask (0 or -1 a lane) ? a : b */
INLINE vec choose(ivec mask, vec a, vec b)
{
	return (vec)((mask & (ivec)a) | (~mask & (ivec)b));
}

INLINE vec keep(ivec mask, vec a)
{
	return (vec)(mask & (ivec)a);
}

/* -1 in the first n lanes of the block's half h. */
INLINE ivec first_lanes(int n, int h)
{
	ivec lane;

	for (int i = 0; i < WIDTH; i++)
		lane[i] = h * WIDTH + i < n ? -1 : 0;
	return lane;
}

/* max(v, 0) that lets NaN through */
INLINE vec relu(vec v)
{
	return keep(~(v <= 0), v);
}

/*
 * A value as it is stored by a pass that ends in stored values: in the class bf16 the
 * nearest of those that bf16 has (bf16.h says which).
 */
#ifdef KERNEL_BF16
INLINE vec nearest(vec v)
{
	typedef uint32_t bits __attribute__((vector_size(4 * WIDTH)));
	bits u = (bits)v, size = u & 0x7fffffff;
	bits nan = (bits)(v != v), tiny = (bits)(size < 0x00800000);
	bits rounded = u + 0x7fff + (u >> 16 & 1);

	rounded = (nan & (u | 0x400000)) | (~nan & rounded);
	rounded = (tiny & u & 0x80000000) | (~tiny & rounded);
	return (vec)(rounded & 0xffff0000);
}
#define STORED(v) nearest(v)

/* WIDTH values that are stored in bf16: the upper halves of floats. */
#if WIDTH == 16
INLINE vec load_half(const uint16_t *p)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)p);

	return (vec)_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16);
}

INLINE void store_half(uint16_t *p, vec v)
{
	__m512i upper = _mm512_srli_epi32((__m512i)nearest(v), 16);

	_mm256_storeu_si256((__m256i *)p, _mm512_cvtepi32_epi16(upper));
}
#elif WIDTH == 8
INLINE vec load_half(const uint16_t *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)p);

	return (vec)_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16);
}

INLINE void store_half(uint16_t *p, vec v)
{
	__m256i upper = _mm256_srli_epi32((__m256i)nearest(v), 16);

	_mm_storeu_si128((__m128i *)p,
		_mm_packus_epi32(_mm256_castsi256_si128(upper),
			_mm256_extracti128_si256(upper, 1)));
}
#else
INLINE vec load_half(const uint16_t *p)
{
	vec v;

	for (int i = 0; i < WIDTH; i++) {
		uint32_t u = (uint32_t)p[i] << 16;
		float f;

		memcpy(&f, &u, sizeof(f));
		v[i] = f;
	}
	return v;
}

INLINE void store_half(uint16_t *p, vec v)
{
	ivec u = (ivec)nearest(v);

	for (int i = 0; i < WIDTH; i++)
		p[i] = (uint16_t)((uint32_t)u[i] >> 16);
}
#endif
#else
#define STORED(v) (v)
#endif

/* The sum of n (a power of two) floats in pairs. */
INLINE float sum_tree(const float *p, int n)
{
	float t[LANES];

	memcpy(t, p, sizeof(float) * n);
	for (int half = n / 2; half; half /= 2)
		for (int i = 0; i < half; i++)
			t[i] += t[i + half];
	return t[0];
}

#endif
