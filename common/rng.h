/*
 * Random numbers by position, not by history: (seed, purpose, epoch, index) is the key.
 *
 * The generator is counter-based, so a stream can be entered anywhere and nothing about
 * it needs saving.
 */
#ifndef DELTAM_RNG_H
#define DELTAM_RNG_H

#include <stdint.h>

enum rng_purpose {
	RNG_INIT = 1, /* epoch: hash of the parameter's name; index: element */
	RNG_SHUFFLE, /* batch order */
	RNG_WEIGHTING, /* epoch: step of the job; index: task */
	RNG_DATA, /* composition of data sets; seed 0 of the data, not of the job */
	RNG_AUGMENT,
	RNG_DROPOUT,
	RNG_LOOKAHEAD, /* batch order of the batches that Auto-lambda looks ahead on */
	RNG_DIAGNOSE, /* epoch: step of the job */
	RNG_RESAMPLE, /* statistics; epoch: replicate; index: sample and draw, or 64 signs */
	/* epoch: hash of corruption and severity; index: picture and draw */
	RNG_CORRUPT = 32,
};

/* Draws 64 uniform bits. */
uint64_t rng_bits(
	uint64_t seed, enum rng_purpose purpose, uint64_t epoch, uint64_t index);

/* Draws a number in [0, 1) of 53 bits. */
double rng_uniform(
	uint64_t seed, enum rng_purpose purpose, uint64_t epoch, uint64_t index);

/* Draws a standard normal number (Box-Muller on two halves of the index). */
double rng_normal(
	uint64_t seed, enum rng_purpose purpose, uint64_t epoch, uint64_t index);

/* Draws a whole number in [0, n), with a bias below n / 2^64. */
uint32_t rng_below(uint64_t seed, enum rng_purpose purpose, uint64_t epoch,
	uint64_t index, uint32_t n);

/* Draws a permutation of 0..n-1 (Fisher-Yates). */
void rng_permutation(
	uint64_t seed, enum rng_purpose purpose, uint64_t epoch, int n, int *out);

uint64_t rng_hash(const char *text);

#endif
