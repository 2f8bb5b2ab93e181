/*
 * A winner: the parameters of a run's chosen epoch, kept in a file where the sweep says
 * so, and tested on corrupted pictures, a transaction a corruption.
 *
 * They come from the winner's file, from what training kept, or are trained again from
 * the nearest checkpoint; rows written on the way must equal those there are. Parameters
 * from a file must give the run's own test figures to the bit before they count.
 */
#ifndef DELTAM_EVALUATE_H
#define DELTAM_EVALUATE_H

#include "worker/segment.h"

/* Errors: as segment_run; ERR_FAILED where the job is of another kernel class. */
MUST_CHECK int evaluate_segment(
	struct segment *g, const struct segment_args *args, struct err *e);

#endif
