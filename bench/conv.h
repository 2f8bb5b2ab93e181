/*
 * bench conv [NAME]: the C16 convolution kernels alone, a line for each layer shape and
 * pass. Nominal operations (taps on padding counted), warm arrays, the best of several
 * windows of CPU time; the peak is measured beside each.
 */
#ifndef DELTAM_BENCH_CONV_H
#define DELTAM_BENCH_CONV_H

/*
 * Measures the layers whose name begins with `prefix` (NULL: all) and returns how many
 * there are.
 */
int bench_conv(const char *prefix);

#endif
