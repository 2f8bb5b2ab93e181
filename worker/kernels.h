/*
 * deltam-worker --kernels: the kernel class that a worker here would compute with.
 */
#ifndef DELTAM_WORKER_KERNELS_H
#define DELTAM_WORKER_KERNELS_H

#include "common/err.h"

/* Prints the class and a newline. */
MUST_CHECK int kernels_main(int argc, char **argv, struct err *e);

#endif
