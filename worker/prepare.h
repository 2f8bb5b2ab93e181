/*
 * deltam-worker --prepare NAME=VALUE ...: composes a data set into the cache and says on
 * stdout what it is (catalogue/describe.h).
 */
#ifndef DELTAM_PREPARE_H
#define DELTAM_PREPARE_H

#include "common/params.h"

/*
 * argv holds the argc words after --prepare: dataset.name=..., dataset.train=... with the
 * values in the canonical text of common/params.h. Nothing is printed on error.
 * Errors: ERR_USAGE (no NAME=VALUE, a name twice, one that does not belong to the data
 * set), ERR_SPEC, ERR_DATA, ERR_SYS. The exit status is err_exit_status(rc).
 */
MUST_CHECK int prepare_main(int argc, char **argv, struct err *e);

/*
 * deltam-worker --look NAME=VALUE ...: whether the files of a data set are there and have
 * the right shapes and sizes, without composing it; nothing on stdout. Otherwise the same.
 */
MUST_CHECK int look_main(int argc, char **argv, struct err *e);

/* Reads the same words into *ps and checks them as above, for --preview, too. */
MUST_CHECK int prepare_params(
	int argc, char **argv, struct params *ps, struct arena *a, struct err *e);

#endif
