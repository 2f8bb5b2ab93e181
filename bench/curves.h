/*
 * Training curves of another program as the database of a sweep: the real protocol, with
 * a file's figures instead of workers. docs/PRUNING.md asks with it what rules of
 * pruning do to curves that deltam did not train. It stays in bench/ because it knows one
 * file's methods and one sweep: no user has a second such file.
 *
 *	{"columns": {...}, "runs": [{"method": "uwso", "hp": 2, "lr": 0.003, "seed": 0,
 *	 "train": [[ce0, ce1], ...], "w": [[w0, w1], ...],
 *	 "val": [[acc0, acc1, ce0, ce1], ...], "test": [...]}, ...]}
 * with methods "stl" (hp: the task), "uwso" (hp: T), "scal" (hp: the first weight), an
 * entry an epoch.
 */
#ifndef DELTAM_BENCH_CURVES_H
#define DELTAM_BENCH_CURVES_H

#include "common/err.h"

/*
 * Makes `path`, which must not exist. ERR_DATA: not such a file, or a run is missing that
 * the sweep (two rates, six T, five weightings, two seeds) asks for.
 */
MUST_CHECK int curves_database(const char *curves, const char *path, struct err *e);

/* bench curves CURVES FILE. */
MUST_CHECK int curves_main(int argc, char **argv, struct err *e);

#endif
