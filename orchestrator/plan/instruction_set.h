/*
 * The instruction set of deltam's own trainer: the variable that chooses it, and the question
 * what the worker makes of it (worker/kernels.h).
 */
#ifndef DELTAM_INSTRUCTION_SET_H
#define DELTAM_INSTRUCTION_SET_H

#include "common/arena.h"
#include "common/err.h"

/* The best that a processor has. */
#define KERNELS_NATIVE "native"

/*
 * DELTAM_KERNELS for this process and all that it starts; KERNELS_NATIVE takes it out of
 * the environment.
 */
void instruction_set_use(const char *word);

/*
 * With the present environment: the kernel class that a float32 job would have here, or
 * (precision not NULL) which instruction set trains a job of that precision; in the arena.
 * As child_ask.
 */
MUST_CHECK int instruction_set_ask(const char *worker, const char *precision,
	const char **answer, struct arena *a, struct err *e);

#endif
