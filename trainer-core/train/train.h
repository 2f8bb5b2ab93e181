/*
 * Training one job: the static graph, the batch loop, evaluation, the state to save.
 *
 * Built once from the job's parameters and its mapped data set; no allocation after the
 * first step. Everything that the next epoch depends on is in the saved state, random
 * streams are functions of (seed, purpose, epoch, index): continuing is bit-identical
 * to never having stopped.
 */
#ifndef DELTAM_TRAIN_H
#define DELTAM_TRAIN_H

#include <stddef.h>
#include <stdint.h>
#include "common/params.h"
#include "trainer-core/corrupt/corrupt.h"
#include "trainer-core/dataset/dataset.h"
#include "trainer-core/train/rows.h"

struct train;

/*
 * Builds the job of ps on d (both outlive it). With `task` in ps (a baseline) the other
 * heads do not exist. Errors: ERR_SPEC.
 */
MUST_CHECK int train_new(struct train **out, const struct params *ps,
	const struct dataset *d, struct arena *a, struct err *e);

/*
 * What decides the last bits of a job of ps (NULL: of the default precision): "avx512",
 * "avx2", "portable", "portable-PROCESSOR", with "+CORE" of the BLAS where it is used;
 * "bf16" on every processor where train.precision says so ("bf16-PROCESSOR" elsewhere than
 * on x86-64).
 */
const char *train_kernel_class(const struct params *ps);

/*
 * Trains the next epoch and evaluates val and test; *rows lives until the next call.
 * on_step (may be NULL) is called after every batch, those of the evaluation included;
 * nonzero stops: ERR_INTERRUPTED, and the state is no longer usable.
 * ERR_DIVERGED: a loss, weight or metric left the finite numbers; the message says in
 * which step and task.
 */
MUST_CHECK int train_epoch(struct train *t, int (*on_step)(void *arg), void *arg,
	const struct epoch_rows **rows, struct err *e);

int train_epochs_done(const struct train *t);

/* How many passes there have been since train_new. */
struct train_passes train_passes(const struct train *t);

/*
 * Evaluates the test split as it is (k is NULL) or corrupted; rows as of train_epoch, of
 * the split `test` alone. Scratch is the arena's, given back. ERR_DATA: samples that are
 * no pictures; else as train_epoch.
 */
MUST_CHECK int train_test(struct train *t, const struct corruption *k, struct arena *a,
	int (*on_step)(void *arg), void *arg, const struct epoch_rows **rows,
	struct err *e);

/* How predictions are written. */
struct predict_form {
	bool shares; /* of classes: all of their probabilities (C, S), not the likeliest */
	double confidence; /* a class of a lower probability is -1, not labelled */
};

/*
 * What the network makes of the n samples of x, written as targets of that task: the
 * likeliest class (of a sample or a pixel; of equal scores the first), the bit, numbers,
 * vectors of unit length, shares. x is like the inputs that the job was built on.
 *   out  (n, numbers of a target)
 * ERR_SPEC: the job does not train that task.
 */
MUST_CHECK int train_predict(struct train *t, const char *task,
	const struct predict_form *form, const struct dataset_field *x, int n,
	float *out, struct err *e);

/* The tasks of the job: which of the data set's each one is. Returns how many. */
int train_tasks(const struct train *t, int column[TASKS_MAX]);

/*
 * Writes the network's parameters and running statistics to FOLDER/PARAMETER.npy, as
 * model.init reads them. ERR_SYS.
 */
MUST_CHECK int train_parameters_save(
	const struct train *t, const char *folder, struct err *e);

/*
 * What evaluation needs, as bytes: parameters, and what else the network's figures
 * depend on. What was loaded can be tested, not trained on.
 */
size_t train_result_size(const struct train *t);
void train_result_save(const struct train *t, void *bytes);
MUST_CHECK int train_result_load(
	struct train *t, const void *bytes, size_t n, struct err *e);

/* The whole state as bytes: parameters, optimizer, method, buffers, epoch. */
size_t train_state_size(const struct train *t);
void train_state_save(const struct train *t, void *bytes);
MUST_CHECK int train_state_load(
	struct train *t, const void *bytes, size_t n, struct err *e);

#endif
