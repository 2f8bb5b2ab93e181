/*
 * FMA chains that depend on nothing but themselves, enough of them to hide the latency.
 * They start from different values: equal chains would be computed once.
 */
#define _GNU_SOURCE
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include "bench/peak.h"

#define CHAINS 12
#define ROUNDS 20000

double bench_cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(__x86_64__)
/* Returns the number of floating point operations. */
__attribute__((target("avx512f"))) static double spin_avx512(float *sink)
{
	__m512 acc[CHAINS], a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(1.0f);
	float t[16];

#pragma GCC unroll 12
	for (int i = 0; i < CHAINS; i++)
		acc[i] = _mm512_set1_ps((float)i);
	for (int r = 0; r < ROUNDS; r++) {
#pragma GCC unroll 12
		for (int i = 0; i < CHAINS; i++)
			acc[i] = _mm512_fmadd_ps(acc[i], a, b);
		__asm__ volatile("" : "+v"(a), "+v"(b));
	}
#pragma GCC unroll 12
	for (int i = 1; i < CHAINS; i++)
		acc[0] = _mm512_add_ps(acc[0], acc[i]);
	_mm512_storeu_ps(t, acc[0]);
	*sink += t[0];
	return 2.0 * 16 * CHAINS * ROUNDS;
}

__attribute__((target("avx2,fma"))) static double spin_avx2(float *sink)
{
	__m256 acc[CHAINS], a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(1.0f);
	float t[8];

#pragma GCC unroll 12
	for (int i = 0; i < CHAINS; i++)
		acc[i] = _mm256_set1_ps((float)i);
	for (int r = 0; r < ROUNDS; r++) {
#pragma GCC unroll 12
		for (int i = 0; i < CHAINS; i++)
			acc[i] = _mm256_fmadd_ps(acc[i], a, b);
		__asm__ volatile("" : "+x"(a), "+x"(b));
	}
#pragma GCC unroll 12
	for (int i = 1; i < CHAINS; i++)
		acc[0] = _mm256_add_ps(acc[0], acc[i]);
	_mm256_storeu_ps(t, acc[0]);
	*sink += t[0];
	return 2.0 * 8 * CHAINS * ROUNDS;
}

#endif

/* What every processor has: four lanes, a product and a sum. */
typedef float four __attribute__((vector_size(16)));

static double spin_base(float *sink)
{
	volatile float half =
		0.5f; /* read at run time, so nothing is computed before */
	four acc[CHAINS], a = half - (four){ 0 }, b = 2 * a;

#pragma GCC unroll 12
	for (int i = 0; i < CHAINS; i++)
		acc[i] = (float)i - (four){ 0 };
	for (int r = 0; r < ROUNDS; r++) {
#pragma GCC unroll 12
		for (int i = 0; i < CHAINS; i++)
			acc[i] = acc[i] * a + b;
	}
#pragma GCC unroll 12
	for (int i = 1; i < CHAINS; i++)
		acc[0] += acc[i];
	*sink += acc[0][0];
	return 2.0 * 4 * CHAINS * ROUNDS;
}

static int always(void)
{
	return 1;
}

#if defined(__x86_64__)
static int runs_avx512(void)
{
	return __builtin_cpu_supports("avx512f");
}

static int runs_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

/* Best first. */
static const struct {
	const char *name;
	int (*runs)(void);
	double (*spin)(float *sink);
} loops[] = {
#if defined(__x86_64__)
	{ "avx512", runs_avx512, spin_avx512 },
	{ "avx2", runs_avx2, spin_avx2 },
	{ "sse2", always, spin_base },
#else
	{ "base", always, spin_base },
#endif
};

static int best_loop(void)
{
	int i = 0;

	while (!loops[i].runs())
		i++;
	return i;
}

const char *bench_peak_simd(void)
{
	return loops[best_loop()].name;
}

double bench_peak_gflops(double seconds)
{
	double end = bench_cpu_seconds() + seconds, best = 0;
	volatile float out;
	float sink = 0;

	do {
		double start = bench_cpu_seconds(), flops = 0, spent;

		while ((spent = bench_cpu_seconds() - start) < 0.02)
			flops += loops[best_loop()].spin(&sink);
		if (flops / spent > best)
			best = flops / spent;
	} while (bench_cpu_seconds() < end);
	out = sink;
	(void)out;
	return best * 1e-9;
}
