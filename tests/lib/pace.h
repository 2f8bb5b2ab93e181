/*
 * Whether this is a build or a machine on which each instruction costs many: valgrind
 * (DELTAM_TEST_VALGRIND), or the sanitizers. They look at memory, which a few steps, kills
 * or drawn cases show as well as many do; how far training comes and how often something
 * holds is seen by the other builds.
 */
#ifndef DELTAM_TESTS_PACE_H
#define DELTAM_TESTS_PACE_H

#include <stdbool.h>

bool pace_slow(void);
/* `many`, or `few` where it is slow. */
int pace(int many, int few);

#endif
