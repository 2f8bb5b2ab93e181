/*
 * Any parameters as those of a winner, as `dataset.pseudo` and `init` take them from a file
 * whose checksum is right: what the network says is a label of each sample, and its figures
 * can be stored or are a divergence.
 */
#include <math.h>
#include <stdlib.h>
#include "tests/fuzz/jobs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SAMPLES 8

static void predict(
	struct fuzz_job *job, const char *task, const struct predict_form *form)
{
	const struct dataset_field *x = &job_data()->split[0].input;
	float out[SAMPLES * 64];
	struct err e = { 0 };
	int rc = train_predict(job->train, task, form, x, SAMPLES, out, &e);

	/* The network has a class among its tasks, and numbers that may be any. */
	ASSERT(rc == OK || rc == ERR_DATA || rc == ERR_DIVERGED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct predict_form form = { false, 0.5 };
	struct input in = { data, size };
	struct fuzz_job *job = job_of((unsigned)input_take(&in, 1), true);
	uint8_t *bytes = malloc(job->size);
	const struct epoch_rows *rows;
	struct arena a = { 0 };
	struct err e = { 0 };
	int rc;

	ASSERT(bytes != NULL);
	job_change(job, &in, bytes);
	rc = train_result_load(job->train, bytes, job->size, &e);
	free(bytes);
	ASSERT(rc == OK || rc == ERR_CHECKPOINT);
	if (rc)
		return 0;
	for (int k = 0; k < job_data()->tasks; k++)
		predict(job, job_data()->task[k].name, &form);
	rc = train_test(job->train, NULL, &a, NULL, NULL, &rows, &e);
	ASSERT(rc == OK || rc == ERR_DIVERGED);
	for (int i = 0; i < rows->metrics && !rc; i++)
		ASSERT(isfinite(rows->metric[i].value));
	arena_release(&a);
	return 0;
}
