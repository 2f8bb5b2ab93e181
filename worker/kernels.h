/*
 * `deltam-worker --kernels PRECISION`: which instruction set a job of that precision
 * (train.precision) is trained with here.
 */
#ifndef DELTAM_WORKER_KERNELS_H
#define DELTAM_WORKER_KERNELS_H

#include "common/err.h"

/* Prints "amx", "avx512", "avx2", "portable" or "portable-PROCESSOR". ERR_USAGE, ERR_SPEC. */
MUST_CHECK int kernels_main(int argc, char **argv, struct err *e);

#endif
