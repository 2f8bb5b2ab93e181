/*
 * The tile unit of AMX in software, for processors that have none: the instructions that
 * the build for AMX consists of raise SIGILL there and are carried out one by one.
 */
#ifndef DELTAM_TESTS_TILE_UNIT_H
#define DELTAM_TESTS_TILE_UNIT_H

#include <stdbool.h>

/*
 * From now on in this process; false where it cannot be: another processor than x86-64,
 * one that has not the vectors of that build, or under valgrind.
 */
bool tile_unit_begin(void);
/* How many products of tiles there were. */
long tile_unit_products(void);

#endif
