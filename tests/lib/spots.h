/*
 * A small npy data set: grey pictures whose brightness (three classes, task `bright`) and
 * place of a spot (two, `place`) are to be told under noise; `light` is a number that
 * follows from both.
 */
#ifndef DELTAM_TESTS_SPOTS_H
#define DELTAM_TESTS_SPOTS_H

#include <stdbool.h>

struct spots {
	int side; /* of the pictures; the spot is half as wide */
	int step; /* from one brightness to the next */
	int on, off; /* in the spot, outside */
	unsigned noise; /* below which it is drawn */
	bool flips; /* one place in eight is wrong: nobody becomes perfect */
};

/* data/SPLIT/{input,bright,place,light}.npy of n pictures. */
void spots_write(const struct spots *s, const char *split, int n, unsigned state);

#endif
