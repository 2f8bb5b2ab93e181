/*
 * `deltam-worker --network NAME=VALUE ...`: whether a job's network can be built on its
 * data set, and how large it is (catalogue/describe_network.h). Nothing is trained, no data
 * are read; the initial weights of model.init are.
 */
#ifndef DELTAM_WORKER_NETWORK_H
#define DELTAM_WORKER_NETWORK_H

#include "common/err.h"

/*
 * The arguments are parameters of a job (common/params.h): dataset.*, model.*,
 * train.batch. Nothing is printed on error. ERR_USAGE, ERR_SPEC (it does not fit),
 * ERR_DATA (initial weights).
 */
MUST_CHECK int network_main(int argc, char **argv, struct err *e);

/*
 * `deltam-worker --methods NAME=VALUE ... method=NAME NAME=VALUE ... method=NAME ...`:
 * whether each of the methods, with its parameters, works with the network. The arguments
 * before the first `method` are those of all; train.optimizer and what lies below it are
 * read, too. Nothing is printed. ERR_USAGE; ERR_SPEC, of the first that does not.
 */
MUST_CHECK int methods_main(int argc, char **argv, struct err *e);

#endif
