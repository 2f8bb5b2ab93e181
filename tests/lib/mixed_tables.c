#include "tests/lib/mixed_tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/tile_unit.h"
#include "trainer-core/kernel/tables.h"

static uint64_t drawn;

/* The table of AMX on a processor without: instruction by instruction. */
static const struct kernels *emulated_unit(void)
{
#if defined(__x86_64__)
	return tile_unit_begin() ? &kernels_bf16_amx : NULL;
#else
	return NULL;
#endif
}

const struct kernels *mixed_table(int i)
{
	const char *const words[MIXED_TABLES] = { kernels_bf16_portable.isa, "avx2",
		"avx512", "amx" };
	const struct kernels *k;

	setenv("DELTAM_KERNELS", words[i], 1);
	k = kernels_get_bf16();
	if (!strcmp(k->isa, words[i]))
		return k;
	return i == MIXED_TABLES - 1 ? emulated_unit() : NULL;
}

void mixed_draw_begin(void)
{
	drawn = 88172645463325252u;
}

uint32_t mixed_draw(void)
{
	drawn ^= drawn << 13;
	drawn ^= drawn >> 7;
	drawn ^= drawn << 17;
	return (uint32_t)(drawn >> 32);
}

int mixed_draw_from(int low, int high)
{
	return low + (int)(mixed_draw() % (uint32_t)(high - low + 1));
}

uint32_t mixed_bits(float x)
{
	uint32_t u;

	memcpy(&u, &x, sizeof(u));
	return u;
}

float mixed_float(uint32_t bits)
{
	float x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

float mixed_nearest(float x)
{
	uint32_t below = mixed_bits(x) & 0xffff0000, above = below + 0x10000;
	double down = fabs((double)x - (double)mixed_float(below));
	double up = isinf(mixed_float(above))
		? fabs(ldexp(copysign(1, (double)x), 128) - (double)x)
		: fabs((double)mixed_float(above) - (double)x);

	if (isnan(x) || isinf(x))
		return x;
	if (!isnormal(x))
		return copysignf(0, x);
	if (down == up)
		return mixed_float(below & 0x10000 ? above : below);
	return mixed_float(down < up ? below : above);
}

void mixed_chain_close(struct mixed_chain *c)
{
	c->sum += c->even + c->odd;
	c->even = c->odd = 0;
	c->n = 0;
}

void mixed_chain_add(struct mixed_chain *c, float a, float b)
{
	float *to = c->n % 2 ? &c->odd : &c->even;

	*to = fmaf(a, b, *to);
	if (++c->n == c->depth)
		mixed_chain_close(c);
}
