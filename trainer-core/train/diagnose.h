/*
 * diagnose.gradients: every so many steps some samples of the batch are passed alone, with
 * the parameters that the step starts from. Gradients of the trunk are compared between
 * the tasks of a sample and between the samples of a task, and the signs of a task's on a
 * sample are counted; gradients and updates of the step itself are measured. Nothing that
 * training reads is changed.
 */
#ifndef DELTAM_DIAGNOSE_H
#define DELTAM_DIAGNOSE_H

#include "trainer-core/train/similarity.h"
#include "trainer-core/train/step.h"

enum magnitude { MAGNITUDE_GRADIENT, MAGNITUDE_UPDATE, MAGNITUDES };
/* Shares of a gradient's coordinates; rows of split `signs`. */
enum sign_share { SHARE_POSITIVE, SHARE_NEGATIVE, SHARE_ZERO, SIGN_SHARES };
#define DIAGNOSE_SAMPLE_MAX 64

struct diagnosis {
	const struct step *step;
	struct batch *batch; /* the step's */
	int every; /* steps; 0: off */
	int sample; /* at most so many samples, and tasks, at a time */
	float **grad; /* (sample) of the trunk */
	float *scratch; /* like the parameters */
	int *pick; /* (K) tasks in the order of this step */
	size_t coordinates; /* of the trunk, padding left out */
	/* Of the epoch: */
	struct comparison tasks; /* pairs of tasks on one sample */
	struct comparison *samples; /* (K) pairs of samples of one task */
	struct series *magnitude; /* (1 + K, MAGNITUDES) trunk, heads */
	struct series
		*signs; /* (K, SIGN_SHARES) of one task's gradient on one sample */
	/* Of rows, four a figure: */
	const char **compare_name, **magnitude_name, **sign_name;
};

/* Reads diagnose.* and places what it takes. ERR_SPEC. */
MUST_CHECK int diagnosis_build(struct diagnosis *d, struct step *s,
	const struct params *ps, struct arena *a, struct err *e);
int diagnosis_rows(const struct diagnosis *d); /* most of an epoch */
void diagnosis_begin(struct diagnosis *d); /* an epoch */
/*
 * Call these around a step that is due: before its batch is loaded, before it moves and
 * after.
 */
void diagnosis_pairs(struct diagnosis *d, int at, int n);
void diagnosis_before(struct diagnosis *d);
void diagnosis_after(struct diagnosis *d);
/* Puts the epoch's rows. ERR_DIVERGED: a figure is not finite. */
MUST_CHECK int diagnosis_put(
	struct diagnosis *d, struct row_sheet *rows, struct err *e);

#endif
