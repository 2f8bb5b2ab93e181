/*
 * The class bf16 for its tests: a table of every instruction set that this machine has,
 * and its definition (tile.h, bf16.h) once more as plain loops.
 */
#ifndef DELTAM_TESTS_MIXED_TABLES_H
#define DELTAM_TESTS_MIXED_TABLES_H

#include <stdbool.h>
#include <stdint.h>
#include "trainer-core/kernel/kernel.h"

#define MIXED_TABLES 4
#define MIXED_DEPTH 32

/*
 * Table i; NULL where this machine cannot run it. The one of AMX runs on a processor
 * without instruction by instruction (tile_unit.h). Sets DELTAM_KERNELS.
 */
const struct kernels *mixed_table(int i);

/* The next of the numbers drawn since mixed_draw_begin. */
void mixed_draw_begin(void);
uint32_t mixed_draw(void);
int mixed_draw_from(int low, int high);

uint32_t mixed_bits(float x);
float mixed_float(uint32_t bits);

/* Of the two neighbours of x in bf16 the nearer one, of two the even. */
float mixed_nearest(float x);

/* A sum in the order of the tile operation, value by value. */
struct mixed_chain {
	float sum, even, odd;
	int n; /* values of the chunk so far */
	int depth; /* of a chunk */
};

void mixed_chain_add(struct mixed_chain *c, float a, float b);
void mixed_chain_close(struct mixed_chain *c);

#endif
