/*
 * Jobs for what is loaded into a trainer: small, on data in memory, with a state of one
 * epoch that inputs change.
 */
#ifndef DELTAM_FUZZ_JOBS_H
#define DELTAM_FUZZ_JOBS_H

#include "tests/fuzz/input.h"
#include "trainer-core/train/train.h"

struct fuzz_job {
	struct train *train;
	uint8_t *good; /* its state, or its result, after an epoch */
	size_t size;
};

/* One of the methods; made at the first call, and trained for an epoch. */
struct fuzz_job *job_of(unsigned number, bool result);

/* The data that all of them have. */
const struct dataset *job_data(void);

/*
 * The good bytes into out, changed as the input says: four bytes of where, eight of what.
 * Where and what together reach every field of every header in between.
 */
void job_change(const struct fuzz_job *job, struct input *in, uint8_t *out);

#endif
