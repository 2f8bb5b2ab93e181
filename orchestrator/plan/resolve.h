/*
 * What a sweep needs from outside and is found before anything is planned or written:
 * networks that fit, data that are there, the baseline of another database, pictures.
 *
 * The spec stays as it was read; a struct resolved stands beside it, and whatever plans
 * or trains gets both. Only the worker can build a network or compose a data set, so it is
 * asked (child.h), the same question once.
 */
#ifndef DELTAM_RESOLVE_H
#define DELTAM_RESOLVE_H

#include "catalogue/describe.h"
#include "catalogue/describe_network.h"
#include "orchestrator/plan/code.h"
#include "orchestrator/spec/spec.h"

/* How closely data are looked at. */
enum resolve_data {
	DATA_UNSEEN, /* no file is opened: neither data sets nor weights nor databases */
	DATA_SEEN, /* files must be there, with the right shapes and sizes */
	DATA_COMPOSED, /* data sets are brought into the cache */
};

/* What is known of one variant. */
struct resolved_variant {
	/*
	 * The settings of the variant's jobs and of its baselines': those of the spec
	 * with dataset.digest (DATA_COMPOSED) and, with model.init, model.init.digest.
	 */
	struct params base, stl;
	const struct network_size *network; /* of all tasks; NULL: nobody was asked */
	const struct description *data; /* DATA_COMPOSED; else NULL */
	/*
	 * What the baseline of each criterion is, from `values` or another database; NAN
	 * where it is trained.
	 */
	double *base_val, *base_test;
};

struct resolved {
	const struct spec *spec;
	struct resolved_variant *variants; /* one for each of the spec */
	/* Of another trainer: the folder of the sweep file, absolute, and its files there. */
	const char *home;
	struct code code;
	const char *frost; /* digest of the pictures of evaluate.textures; "": none */
};

/* What the sweep file says by itself, before anybody is asked. *spec must outlive it. */
void resolve_begin(const struct spec *spec, struct resolved *out, struct arena *a);

/*
 * Asks for everything. Errors are in *report as spec_parse leaves them, all that there
 * are, each with its place in the file, and e->msg is empty: ERR_SPEC where the file
 * itself is wrong (a network that does not fit, `evaluate` without pictures), ERR_DATA
 * where all that is wrong lies in other files. ERR_SYS with a message: the worker cannot
 * be run.
 */
MUST_CHECK int resolve(const struct spec *spec, enum resolve_data data,
	const char *worker, struct resolved *out, struct str *report, struct arena *a,
	struct err *e);

/* Reads a sweep file and resolves it; what is wrong with it goes to stderr. */
MUST_CHECK int resolve_file(const struct spec_source *file, enum resolve_data data,
	struct spec *spec, struct resolved *out, struct arena *a, struct err *e);

/* Has the data sets of a sweep composed that resolve() has only looked at. ERR_DATA. */
MUST_CHECK int resolve_compose(const struct resolved *known, const char *worker,
	struct arena *a, struct err *e);

#endif
