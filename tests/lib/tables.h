/*
 * The kernel tables, one after the other: DELTAM_KERNELS chooses them by name.
 */
#ifndef DELTAM_TESTS_TABLES_H
#define DELTAM_TESTS_TABLES_H

#include <stdbool.h>
#include "trainer-core/kernel/kernel.h"

#define TABLES 3 /* the portable one, AVX2, AVX-512 */

/* That table, or the processor's best where it cannot run it. */
const struct kernels *tables_get(int i);
/* The same into *k; false where it is not that table. */
bool tables_choose(int i, const struct kernels **k);
/*
 * The table of that name without OpenBLAS, whose sums are no arithmetic of ours; false
 * where this processor has no such table.
 */
bool tables_choose_own(const char *name);
/* For a test case's fixture: the processor's best again. */
void tables_reset(void);

#endif
