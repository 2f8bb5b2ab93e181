/*
 * Inside the worker: a segment on its way, shared by training (run.c), what training
 * keeps for later (keep.c) and the evaluation of winners (evaluate.c).
 */
#ifndef DELTAM_SEGMENT_H
#define DELTAM_SEGMENT_H

#include "trainer-core/train/train.h"
#include "worker/checkpoint.h"
#include "worker/lines.h"
#include "worker/load.h"

/*
 * The parameters of the best epoch so far, as far as a worker can know it: a guess that
 * saves training a winner again. What counts is what deltam chooses.
 */
struct keeper {
	bool on;
	struct checkpoint best;
	bool known; /* figure is that of the best epoch */
	double figure;
	int image_epoch; /* whose parameters the image holds; 0: nobody's */
	int saved_epoch; /* and the file */
};

/* What the caller wants done. */
struct segment_args {
	int64_t job;
	const char *token;
	const char *build; /* for the line `hello` */
	int64_t segments; /* after so many it leaves and asks for no other; 0: never */
};

struct segment {
	struct arena arena;
	/* Where epochs go: the rows of a database, or (NULL) the lines of a report. */
	struct store *store;
	struct lines_out *lines;
	struct job job;
	struct dataset data;
	struct train *train;
	int done; /* epochs that the trainer's state has behind it */
	struct checkpoint checkpoint;
	int image_epoch; /* whose state the checkpoint's image holds; 0: nobody's */
	int saved_epoch; /* whose state the file holds */
	double saved_at; /* seconds, monotonic: the last write, or the start */
	struct keeper keeper;
};

int segment_on_step(void *arg);
MUST_CHECK int segment_interrupted(const struct segment *g, struct err *e);
/* Maps the data, builds the trainer, says hello. */
MUST_CHECK int segment_open(
	struct segment *g, const struct segment_args *args, struct err *e);
/*
 * Checks that nobody has written to the data since; call it before figures are
 * committed. ERR_FAILED.
 */
MUST_CHECK int segment_data_is_right(struct segment *g, struct err *e);
/* Goes on from the checkpoint where there is one that fits. */
MUST_CHECK int segment_resume(struct segment *g, struct err *e);
/* Trains the next epoch, commits its rows and keeps its state. */
MUST_CHECK int segment_train_one(struct segment *g, struct err *e);
/*
 * Saves the state of the last whole epoch and the best parameters before the worker
 * leaves.
 */
void segment_save(struct segment *g);

/* keep.c: of all that can go wrong there only the database fails a segment. */
MUST_CHECK int keeper_begin(struct segment *g, struct err *e);
void keeper_note(struct segment *g); /* epoch g->done is committed */
void keeper_save(struct segment *g);
void keeper_remove(struct segment *g);

#endif
