/*
 * What the machine can do: the FMA rate of one core, in the same process.
 */
#ifndef DELTAM_BENCH_PEAK_H
#define DELTAM_BENCH_PEAK_H

/* How many seconds of CPU time the calling thread has had. */
double bench_cpu_seconds(void);

/*
 * Measures for `seconds` and returns the best GFLOP/s (float32) of several windows of
 * independent FMAs.
 */
double bench_peak_gflops(double seconds);

/* "avx512", "avx2" or "sse2": what bench_peak_gflops ran. */
const char *bench_peak_simd(void);

#endif
