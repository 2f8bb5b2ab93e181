/*
 * A job in this process, epoch by epoch, and the figures of its rows. What fails aborts
 * the test with the trainer's message.
 */
#ifndef DELTAM_TESTS_TRAINED_H
#define DELTAM_TESTS_TRAINED_H

#include "trainer-core/train/train.h"

/* Names and values in turn, each list to its NULL; what `more` says counts. */
struct params *trained_params(
	const char *const *base, const char *const *more, struct arena *a);
struct train *trained_job(
	const struct params *ps, const struct dataset *d, struct arena *a);
const struct epoch_rows *trained_epoch(struct train *t);
/* FNV-1a of the state of a job, all of it, after that many more epochs. */
uint64_t trained_digest(struct train *t, int epochs, struct arena *a);
double trained_figure(const struct epoch_rows *r, const char *split, const char *task,
	const char *name);

/*
 * Whether the arithmetic is the one whose digests the tests hold: other compilers and
 * unoptimised builds may contract products and sums elsewhere, and valgrind knows neither
 * the flushing of denormals nor every rounding (DELTAM_TEST_VALGRIND).
 */
bool trained_golden(void);

#endif
