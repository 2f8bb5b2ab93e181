/*
 * `deltam-worker --kernels`: the kernel class that a float32 job would have here;
 * `deltam-worker --kernels PRECISION`: which instruction set a job of that precision
 * (train.precision) is trained with.
 */
#ifndef DELTAM_WORKER_KERNELS_H
#define DELTAM_WORKER_KERNELS_H

#include "common/err.h"

/*
 * Prints the class, or "amx", "avx512", "avx2", "portable", "portable-PROCESSOR", and a
 * newline. ERR_USAGE, ERR_SPEC, ERR_SYS.
 */
MUST_CHECK int kernels_main(int argc, char **argv, struct err *e);

#endif
