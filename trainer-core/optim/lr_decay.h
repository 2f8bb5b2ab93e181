/*
 * The schedule of the learning rate is a factor on lr at each step, from train.lr_decay
 * and train.warm_up. With i of N epochs, or steps, counted from 0:
 *
 *	"none"                        1
 *	"EVERY FACTOR"                FACTOR ^ floor(i / EVERY)
 *	"milestones FACTOR A B ..."   FACTOR ^ (how many of A, B ... are at most i)
 *	"power P"                     (1 - i / N) ^ P
 *	"cosine"                      (1 + cos(pi i / N)) / 2
 *
 * " step" behind any of them makes i and N steps of the job. The warm-up is a factor
 * min(1, (i + 1) / w) beside it, i in steps: the first step moves, too.
 */
#ifndef DELTAM_LR_DECAY_H
#define DELTAM_LR_DECAY_H

#include <stdbool.h>
#include <stdint.h>
#include "common/params.h"

#define LR_MILESTONES_MAX 32

enum lr_decay_shape {
	LR_CONSTANT,
	LR_EVERY,
	LR_MILESTONES,
	LR_POWER,
	LR_COSINE,
};

struct lr_decay {
	enum lr_decay_shape shape;
	bool by_step;
	double factor; /* every, milestones */
	double power;
	int every;
	int milestone[LR_MILESTONES_MAX];
	int milestones;
	int warm_up; /* steps; 0: none */
};

/* A job is here: epochs and steps that are done, and those that it will have. */
struct lr_place {
	int epoch, epochs;
	int64_t step, steps;
};

/* Reads both keys of ps. ERR_SPEC. */
MUST_CHECK int lr_decay_parse(
	const struct params *ps, struct lr_decay *out, struct err *e);

double lr_decay_factor(const struct lr_decay *d, const struct lr_place *at);

#endif
