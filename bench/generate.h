/*
 * A database of a given size without training: real sweeps through the real protocol,
 * with figures by a formula instead of workers. For timing what reads results.
 */
#ifndef DELTAM_BENCH_GENERATE_H
#define DELTAM_BENCH_GENERATE_H

#include <stdint.h>
#include "common/err.h"

/*
 * Makes `path` (which must not exist) with at least `rows` metric rows, about half of
 * them in the first sweep, half of the rest in the second ... The same bytes of figures
 * every time. *made: the rows.
 */
MUST_CHECK int generate_database(
	int64_t rows, const char *path, int64_t *made, struct err *e);

/* bench generate ROWS FILE: what main hands over behind the word. */
MUST_CHECK int generate_main(int argc, char **argv, struct err *e);

#endif
