#include "common/rng.h"

#include <math.h>

/*
 * Philox-4x32-10 (Salmon et al., SC'11): the key is the seed, the counter is made of
 * purpose, epoch and index.
 */
static void philox(uint32_t c[4], uint32_t k0, uint32_t k1)
{
	for (int round = 0; round < 10; round++) {
		uint64_t a = (uint64_t)0xd2511f53u * c[0];
		uint64_t b = (uint64_t)0xcd9e8d57u * c[2];
		uint32_t c1 = c[1];
		uint32_t c3 = c[3];

		c[0] = (uint32_t)(b >> 32) ^ c1 ^ k0;
		c[1] = (uint32_t)b;
		c[2] = (uint32_t)(a >> 32) ^ c3 ^ k1;
		c[3] = (uint32_t)a;
		k0 += 0x9e3779b9u;
		k1 += 0xbb67ae85u;
	}
}

/* A bijection of 64 bits (splitmix64's finaliser), to spread what enters as key. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

uint64_t rng_bits(
	uint64_t seed, enum rng_purpose purpose, uint64_t epoch, uint64_t index)
{
	uint64_t key = mix(seed + 0x9e3779b97f4a7c15u * (uint64_t)purpose);
	/* NOLINTNEXTLINE: an index is always set */
	uint32_t c[4] = { (uint32_t)index, (uint32_t)(index >> 32), (uint32_t)epoch,
		(uint32_t)(epoch >> 32) };

	philox(c, (uint32_t)key, (uint32_t)(key >> 32));
	return (uint64_t)c[0] << 32 | c[1];
}

double rng_uniform(
	uint64_t seed, enum rng_purpose purpose, uint64_t epoch, uint64_t index)
{
	return (double)(rng_bits(seed, purpose, epoch, index) >> 11) * 0x1p-53;
}

double rng_normal(
	uint64_t seed, enum rng_purpose purpose, uint64_t epoch, uint64_t index)
{
	const double two_pi = 6.283185307179586477;
	/* (0, 1]: its logarithm is finite. */
	double u = 1.0 - rng_uniform(seed, purpose, epoch, 2 * index);
	double v = rng_uniform(seed, purpose, epoch, 2 * index + 1);

	return sqrt(-2 * log(u)) * cos(two_pi * v);
}

uint32_t rng_below(uint64_t seed, enum rng_purpose purpose, uint64_t epoch,
	uint64_t index, uint32_t n)
{
	/* The high word of bits * n, n < 2^32. */
	uint64_t bits = rng_bits(seed, purpose, epoch, index);
	uint64_t low = (bits & 0xffffffffu) * n;

	return (uint32_t)(((bits >> 32) * n + (low >> 32)) >> 32);
}

void rng_permutation(
	uint64_t seed, enum rng_purpose purpose, uint64_t epoch, int n, int *out)
{
	for (int i = 0; i < n; i++)
		out[i] = i;
	for (int i = n - 1; i > 0; i--) {
		int j = (int)rng_below(
			seed, purpose, epoch, (uint64_t)i, (uint32_t)i + 1);
		int t = out[i];

		out[i] = out[j];
		out[j] = t;
	}
}

uint64_t rng_hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return mix(h);
}
