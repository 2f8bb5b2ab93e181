/*
 * What a sweep needs from outside before it can be planned: prepared data sets, and
 * baselines of another database.
 */
#ifndef DELTAM_DATASETS_H
#define DELTAM_DATASETS_H

#include "orchestrator/spec/spec.h"

/*
 * Has the worker compose every data set of the sweep, each once, and puts its digest
 * into the params of its variants, with the shape of its inputs. ERR_DATA with what is
 * missing and how to get it.
 */
MUST_CHECK int datasets_prepare(
	struct spec *spec, const char *worker, struct arena *a, struct err *e);

/*
 * What `evaluate` needs: inputs that are pictures (ERR_SPEC), and pictures of frost that
 * the worker can use (ERR_DATA), whose digest it sets. After datasets_prepare.
 */
MUST_CHECK int datasets_check_pictures(
	struct spec *spec, const char *worker, struct arena *a, struct err *e);

/*
 * `"baseline": {"from": FILE}`: takes the values of the variant of the same label (or
 * the only one) from the database, as if the sweep file had given them. ERR_DB where it
 * has none of a criterion.
 */
MUST_CHECK int datasets_base_from(struct spec *spec, struct err *e);

#endif
