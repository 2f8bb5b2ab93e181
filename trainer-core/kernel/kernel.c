/*
 * The choice of a kernel table, and what all tables agree on.
 */
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>
#endif
#include "common/arena.h"
#include "trainer-core/kernel/kernel.h"
#include "trainer-core/kernel/tables.h"

#if defined(__x86_64__)
static int runs_avx512(void)
{
	return __builtin_cpu_supports("avx512f") &&
		__builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512dq") &&
		__builtin_cpu_supports("avx512vl") &&
		__builtin_cpu_supports("avx512cd");
}

static int runs_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
		__builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

/*
 * The registers of tiles are large, so Linux gives them only to a process that asks; its
 * children inherit them. The build for AMX has the vectors of AVX-512, too.
 */
static int runs_amx(void)
{
	enum { LEAF = 7, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
	enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
	unsigned a, b, c, d;

	return runs_avx512() && __get_cpuid_count(LEAF, 0, &a, &b, &c, &d) &&
		(d & AMX_BF16) && (d & AMX_TILE) &&
		!syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA);
}
#endif

static int runs_portable(void)
{
	return 1;
}

/* Best first. The tables of mixed precision give the same bits, all of them. */
static const struct {
	const struct kernels *table;
	int (*runs)(void);
} choices[] = {
#if defined(__x86_64__)
	{ &kernels_bf16_amx, runs_amx },
	{ &kernels_avx512, runs_avx512 },
	{ &kernels_bf16_avx512, runs_avx512 },
	{ &kernels_avx2, runs_avx2 },
	{ &kernels_bf16_avx2, runs_avx2 },
#endif
	{ &kernels_portable, runs_portable },
	{ &kernels_bf16_portable, runs_portable },
};

static const struct kernels *choose(bool bf16)
{
	const char *wish = getenv("DELTAM_KERNELS");
	const struct kernels *best = NULL;

	for (int i = 0; i < COUNT(choices); i++) {
		if (!choices[i].table->half == bf16 || !choices[i].runs())
			continue;
		if (wish && !strcmp(wish, choices[i].table->isa))
			return choices[i].table;
		if (!best)
			best = choices[i].table;
	}
	return best;
}

const struct kernels *kernels_get(void)
{
	return choose(false);
}

const struct kernels *kernels_get_bf16(void)
{
	return choose(true);
}

void kernels_init_fpu(void)
{
#if defined(__x86_64__)
	enum { FTZ = 0x8000, DAZ = 0x0040 };
	_mm_setcsr(_mm_getcsr() | FTZ | DAZ);
#elif defined(__aarch64__)
	const uint64_t flush = 1u << 24; /* FZ: of inputs and of results */
	uint64_t fpcr;

	__asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
	__asm__ volatile("msr fpcr, %0" : : "r"(fpcr | flush));
#endif
}

/*
 * Layers of at least 16 outputs lie in panels (in, 32) of neighbouring outputs, the last
 * one as (in, 16) where that is enough; thinner ones in rows of `in`, rounded up to 16.
 */
static int thin(int out)
{
	return out < LANES;
}

static int round_up(int n)
{
	return (n + LANES - 1) / LANES * LANES;
}

size_t linear_floats(int in, int out)
{
	if (thin(out))
		return (size_t)out * round_up(in);
	return (size_t)in * round_up(out);
}

size_t linear_index(int in, int out, int o, int i)
{
	int panel = o / PANEL * PANEL;
	int width = round_up(out) - panel < PANEL ? LANES : PANEL;

	if (thin(out))
		return (size_t)o * round_up(in) + i;
	return (size_t)panel * in + (size_t)i * width + (o - panel);
}

/* Input channels that one group of outputs holds weights for. */
static int conv_c16_inputs(const struct conv_shape *s)
{
	return s->c4 ? s->C : round_up(s->C);
}

size_t conv_c16_floats(const struct conv_shape *s)
{
	return (size_t)conv_c16_inputs(s) * s->kh * s->kw * round_up(s->O);
}

size_t conv_c16_index(const struct conv_shape *s, int o, int c, int ky, int kx)
{
	int group = o / PANEL * PANEL;
	int width = round_up(s->O) - group < PANEL ? LANES : PANEL;
	int depth = s->c4 ? s->C : LANES;
	size_t tap = ((size_t)(c / depth) * s->kh + ky) * s->kw + kx;

	return (size_t)group * conv_c16_inputs(s) * s->kh * s->kw +
		(tap * depth + c % depth) * width + (o - group);
}
