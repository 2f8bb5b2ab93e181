/*
 * The data of small experiments, made in memory: x uniform in [-1, 1], task k's target
 * slope_k x + noise e with e standard normal. Numbers are functions of (split, task,
 * sample): a longer data set begins with a shorter one.
 */
#ifndef DELTAM_LINE_H
#define DELTAM_LINE_H

#include "trainer-core/dataset/dataset.h"

#define LINE_TASKS 2

struct toy_line {
	int train, test; /* samples; val is one, which nobody looks at */
	int tasks;
	double slope[LINE_TASKS];
	double scale[LINE_TASKS]; /* of the losses */
	double noise;
	enum loss_kind loss;
};

/* Tasks task1, task2. Everything lies in a; there is nothing to close. */
void line_make(const struct toy_line *l, struct arena *a, struct dataset *d);

#endif
