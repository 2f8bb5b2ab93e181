#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* the registers of a signal's context */
#endif
#include "tests/lib/tile_unit.h"

static volatile long products;

long tile_unit_products(void)
{
	return products;
}

#if defined(__x86_64__)
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include "trainer-core/kernel/kernel.h"

#define TILES 8

static uint8_t tile[TILES][16][64];
static int rows[TILES], row_bytes[TILES]; /* of it that are there */
static bool ready; /* configured, and not released since */

/* An instruction: VEX with three bytes, all of map 0F38. */
struct instruction {
	int opcode, prefix; /* none 0, F3 2, F2 3 */
	bool memory;
	int reg, rm, vvvv;
	uintptr_t at, index; /* the operand in memory is at their sum */
	int length;
};

static const int registers[] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
	REG_RSI, REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14,
	REG_R15 };

static void refuse(const char *why)
{
	fprintf(stderr, "tile unit: %s\n", why);
	abort();
}

/* Base, index and displacement of a SIB byte or of a register; p: behind ModRM. */
static void take_memory(
	struct instruction *x, const uint8_t *vex, const uint8_t *p, const greg_t *g)
{
	int mod = vex[4] >> 6, base = vex[4] & 7, index = 4;
	int32_t wide = 0;

	if (base == 4) {
		base = *p & 7;
		index = (*p >> 3 & 7) | (vex[1] & 0x40 ? 0 : 8);
		x->index = index == 4 ? 0 : (uintptr_t)g[registers[index]] << (*p >> 6);
		p++;
	} else if (mod == 0 && base == 5) {
		refuse("an address that no build of ours has");
	}
	if (mod == 1)
		wide = (int8_t)*p++;
	if (mod == 2 || (mod == 0 && base == 5)) {
		memcpy(&wide, p, sizeof(wide));
		p += sizeof(wide);
	}
	x->at = (uintptr_t)(intptr_t)wide;
	if (mod || base != 5)
		x->at += (uintptr_t)g[registers[base | (vex[1] & 0x20 ? 0 : 8)]];
	x->length = (int)(p - vex);
}

static struct instruction decode(const uint8_t *p, const greg_t *g)
{
	struct instruction x = { .opcode = p[3],
		.prefix = p[2] & 3,
		.memory = p[4] < 0xc0,
		.reg = p[4] >> 3 & 7,
		.rm = p[4] & 7,
		.vvvv = ~(p[2] >> 3) & 15,
		.length = 5 };

	if (p[0] != 0xc4 || (p[1] & 31) != 2)
		refuse("another illegal instruction");
	if (x.memory)
		take_memory(&x, p, p + 5, g);
	return x;
}

static float widen(const uint8_t *p)
{
	uint32_t u = (uint32_t)(p[0] | p[1] << 8) << 16;
	float f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

static void multiply(int c, int a, int b)
{
	if (rows[a] != 16 || row_bytes[b] != 64 || row_bytes[a] != 4 * rows[b] ||
		rows[c] != 16 || row_bytes[c] != 64)
		refuse("factors that do not fit");
	for (int i = 0; i < 256; i++) {
		int m = i / 16, n = i % 16;
		float sum[2] = { 0, 0 }, old;

		for (int k = 0; k < row_bytes[a] / 2; k++)
			sum[k % 2] = fmaf(widen(tile[a][m] + 2 * k),
				widen(tile[b][k / 2] + 4 * n + 2 * (k % 2)),
				sum[k % 2]);
		memcpy(&old, tile[c][m] + 4 * n, sizeof(old));
		old += sum[0] + sum[1];
		memcpy(tile[c][m] + 4 * n, &old, sizeof(old));
	}
	products++;
}

/* Palette 1, and tiles of whole pairs. */
static void configure(const uint8_t *p)
{
	if (p[0] != 1 || p[1] != 0)
		refuse("another palette");
	for (int t = 0; t < TILES; t++) {
		row_bytes[t] = p[16 + 2 * t] | p[17 + 2 * t] << 8;
		rows[t] = p[48 + t];
		if (row_bytes[t] > 64 || row_bytes[t] % 4 || rows[t] > 16)
			refuse("a tile of another size");
	}
	memset(tile, 0, sizeof(tile));
	ready = true;
}

/* Row r of a tile in memory: the index is what lies between two of them. */
static void *row_of(const struct instruction *x, int r)
{
	return (void *)(x->at + (uintptr_t)r * x->index);
}

static void carry_out(const struct instruction *x)
{
	int what = x->opcode << 4 | x->prefix << 1 | x->memory;

	if (what == (0x49 << 4 | 1)) {
		configure((const uint8_t *)(x->at + x->index));
		return;
	}
	if (!ready)
		refuse("no configuration");
	if (what == 0x49 << 4)
		ready = false;
	else if (what == (0x49 << 4 | 6))
		memset(tile[x->reg], 0, sizeof(tile[0]));
	else if (what == (0x4b << 4 | 7))
		for (int r = 0; r < rows[x->reg]; r++)
			memcpy(tile[x->reg][r], row_of(x, r), row_bytes[x->reg]);
	else if (what == (0x4b << 4 | 5))
		for (int r = 0; r < rows[x->reg]; r++)
			memcpy(row_of(x, r), tile[x->reg][r], row_bytes[x->reg]);
	else if (what == (0x5c << 4 | 4))
		multiply(x->reg, x->rm, x->vvvv);
	else
		refuse("another instruction");
}

static void on_illegal(int signal, siginfo_t *info, void *context)
{
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	struct instruction x;

	(void)signal;
	(void)info;
	kernels_init_fpu(); /* a handler begins with the system's own rules */
	x = decode((const uint8_t *)g[REG_RIP], g);
	carry_out(&x);
	g[REG_RIP] += x.length;
}

bool tile_unit_begin(void)
{
	struct sigaction act = { .sa_sigaction = on_illegal, .sa_flags = SA_SIGINFO };

	return !getenv("DELTAM_TEST_VALGRIND") && __builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512dq") && !sigaction(SIGILL, &act, NULL);
}
#else
bool tile_unit_begin(void)
{
	return false;
}
#endif
