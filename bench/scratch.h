/*
 * A temporary folder for what a benchmark writes.
 */
#ifndef DELTAM_BENCH_SCRATCH_H
#define DELTAM_BENCH_SCRATCH_H

#include "common/arena.h"

/* Makes the folder below TMPDIR or /tmp; its path lives in a. */
MUST_CHECK int bench_scratch(const char **path, struct arena *a, struct err *e);

/* Removes the files in it and the folder. */
void bench_scratch_remove(const char *path);

#endif
