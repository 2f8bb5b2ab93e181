/*
 * Small trainings without a job: the trainer on data made in memory.
 */
#ifndef DELTAM_WORKER_TOY_TRAIN_H
#define DELTAM_WORKER_TOY_TRAIN_H

#include "trainer-core/toy/line.h"
#include "trainer-core/train/train.h"

struct toy_training {
	struct arena arena;
	struct dataset data;
	struct params params;
	struct train *train;
	const struct epoch_rows *rows; /* of the last epoch */
};

/* settings: names and values in turn, ended by NULL. Release *t in every case. ERR_SPEC. */
MUST_CHECK int toy_training_init(struct toy_training *t, const struct toy_line *line,
	const char *const *settings, struct err *e);
void toy_training_release(struct toy_training *t);

/* ERR_DIVERGED */
MUST_CHECK int toy_training_epoch(struct toy_training *t, struct err *e);

/* Reads a figure of the last epoch. */
double toy_training_figure(const struct toy_training *t, const char *split,
	const char *task, const char *name);

#endif
