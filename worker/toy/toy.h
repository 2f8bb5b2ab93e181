/*
 * deltam-worker --toy DB EXPERIMENT STEPS: the small problems that `deltam toy` shows.
 *
 * Each experiment replaces the rows of its own tables in one transaction; figures are
 * functions of the code alone. Methods, optimizers, networks and the training loop are
 * those of trainer-core.
 */
#ifndef DELTAM_WORKER_TOY_H
#define DELTAM_WORKER_TOY_H

#include "common/store/rows.h"

/*
 * argv: the database, which must exist; cagrad, scale or sigma; how many steps a descent
 * (cagrad) or a training (sigma) takes at most, or epochs (scale). ERR_USAGE, ERR_DB.
 */
MUST_CHECK int toy_main(int argc, char **argv, struct err *e);

/* Each writes its rows; the caller has begun a transaction. */
MUST_CHECK int toy_cagrad_write(struct store *s, int steps, struct err *e);
MUST_CHECK int toy_scale_write(struct store *s, int epochs, struct err *e);
MUST_CHECK int toy_sigma_write(struct store *s, int steps, struct err *e);

#endif
