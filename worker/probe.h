/*
 * `deltam-worker --probe NAME=VALUE ...`: what an epoch of a job costs, from its first
 * steps. Nothing is written, neither rows nor checkpoints.
 */
#ifndef DELTAM_WORKER_PROBE_H
#define DELTAM_WORKER_PROBE_H

#include "common/err.h"

/*
 * The arguments are all parameters of a job (common/params.h); its data set must be
 * prepared. Prints "seconds_per_epoch S" on stdout. ERR_USAGE, ERR_SPEC, ERR_DATA.
 */
MUST_CHECK int probe_main(int argc, char **argv, struct err *e);

#endif
