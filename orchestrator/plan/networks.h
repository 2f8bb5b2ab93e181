/*
 * Whether the networks of a sweep can be built on their data: asked of the worker, which
 * alone can build one, before anything is written.
 */
#ifndef DELTAM_NETWORKS_H
#define DELTAM_NETWORKS_H

#include "orchestrator/spec/spec.h"

/*
 * Asks about the network of every variant and of its baselines, each once; no data are
 * read. Sets variant.network, and model.init.digest where model.init is given.
 * ERR_SPEC: what does not fit is in *report as spec_parse leaves it, e->msg is empty.
 * ERR_DATA: initial weights that are missing or wrong, with the file.
 */
MUST_CHECK int networks_check(struct spec *spec, const char *worker, struct str *report,
	struct arena *a, struct err *e);

/* Loads a sweep file and asks; errors of the file go to stderr, e->msg is then empty. */
MUST_CHECK int networks_load(
	struct spec *spec, const char *path, struct arena *a, struct err *e);

#endif
