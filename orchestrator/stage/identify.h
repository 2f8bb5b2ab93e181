/*
 * The identity that a job has in this database.
 */
#ifndef DELTAM_IDENTIFY_H
#define DELTAM_IDENTIFY_H

#include "orchestrator/stage/stage.h"

/*
 * *id and identity of the job with these parameters, in variant v: job_identity_in, without
 * any path. Older deltams hashed the files of dataset.pseudo by their names; where the
 * database, or the one that is reused, knows the job under that identity it keeps it, and
 * nothing is trained again. ERR_DB.
 */
MUST_CHECK int identify_job(const struct stage_ctx *c, const struct spec_variant *v,
	const struct params *ps, char identity[IDENTITY_MAX], int64_t *id,
	struct arena *a, struct err *e);

#endif
