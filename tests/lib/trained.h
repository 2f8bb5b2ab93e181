/*
 * A job in this process, epoch by epoch, and the figures of its rows. What fails aborts
 * the test with the trainer's message.
 */
#ifndef DELTAM_TESTS_TRAINED_H
#define DELTAM_TESTS_TRAINED_H

#include "trainer-core/train.h"

struct train *trained_job(
	const struct params *ps, const struct dataset *d, struct arena *a);
const struct epoch_rows *trained_epoch(struct train *t);
double trained_figure(const struct epoch_rows *r, const char *split, const char *task,
	const char *name);

#endif
