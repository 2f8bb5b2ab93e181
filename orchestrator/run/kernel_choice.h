/*
 * Which instruction set deltam's own trainer uses in a run. Rows of two of them differ in
 * their last bits, and a job that has rows of another one starts over; so the rows that a
 * sweep has decide, unless the user says otherwise.
 */
#ifndef DELTAM_KERNEL_CHOICE_H
#define DELTAM_KERNEL_CHOICE_H

#include <stdbool.h>
#include "common/arena.h"
#include "common/err.h"

/* What all processors of the last ten years have, so that mixed nodes make equal rows. */
#define KERNELS_COMMON "avx2"

struct kernel_choice {
	const char *asked; /* `--kernels`; NULL: $DELTAM_KERNELS, if that is set */
	const char *worker; /* program that trains here; NULL: training is elsewhere */
	bool yes; /* the user accepts that jobs start over */
	bool quiet;
	char rows[64]; /* kernel class of the sweep's rows; "": there are none */
	const char *word; /* the answer: for instruction_set_use */
};

/*
 * Fills `word` from the other fields, uses it, and says on stderr where it is not what a
 * sweep without rows would have. With `yes` and another instruction set than the rows',
 * `rows` becomes empty. ERR_USAGE: the user asks for another one than that of the rows;
 * as instruction_set_ask besides.
 */
MUST_CHECK int kernel_choice_make(
	struct kernel_choice *c, struct arena *a, struct err *e);

#endif
