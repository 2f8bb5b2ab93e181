/*
 * Any bytes as a checkpoint: refused, or a state that is loaded; and any state that is
 * loaded, since a checksum is no signature: the next epoch has figures that can be stored,
 * or the job has diverged.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/fuzz/jobs.h"
#include "worker/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IDENTITY "0123456789abcdef0123456789abcdef"

static struct checkpoint checkpoint_for(const struct fuzz_job *job, struct arena *a)
{
	char db[300];
	struct checkpoint c;
	struct err e = { 0 };

	snprintf(db, sizeof(db), "%s/t.db", input_folder());
	input_write("t.db.d/checkpoints/none", "", 0);
	ASSERT(!checkpoint_init(
		&c, db, IDENTITY, train_kernel_class(), job->size, a, &e));
	return c;
}

static void check_rows(const struct epoch_rows *rows)
{
	for (int i = 0; i < rows->metrics; i++)
		ASSERT(isfinite(rows->metric[i].value));
	for (int i = 0; i < rows->weights; i++)
		ASSERT(isfinite(rows->weight[i].weight_mean));
}

static void go_on(struct fuzz_job *job, const struct checkpoint *c)
{
	const struct epoch_rows *rows;
	struct err e = { 0 };
	int rc = train_state_load(job->train, checkpoint_state(c), c->state_size, &e);

	ASSERT(rc == OK || rc == ERR_CHECKPOINT);
	if (rc || train_epochs_done(job->train) >= 3)
		return;
	rc = train_epoch(job->train, NULL, NULL, &rows, &e);
	ASSERT(rc == OK || (rc == ERR_DIVERGED && *e.msg));
	if (!rc)
		check_rows(rows);
}

/* The file as it was written, with bytes of the input over it. */
static void damage(const struct checkpoint *c, struct input *in)
{
	const char *name = strstr(c->path, "t.db.d/");
	size_t n = 192 + c->state_size + 16;
	uint8_t *file = malloc(n);
	FILE *f = fopen(c->path, "rb");

	ASSERT(file && f && fread(file, 1, n, f) == n && !fclose(f));
	while (in->n > 2) {
		size_t at = (size_t)input_take(in, 2) % n;

		file[at] = (uint8_t)input_take(in, 1);
	}
	input_write(name, file, input_take(in, 1) ? n / 2 : n);
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	unsigned choice = (unsigned)input_take(&in, 1);
	struct fuzz_job *job = job_of(choice / 2, false);
	struct arena a = { 0 };
	struct checkpoint c = checkpoint_for(job, &a);
	int written = (int)(choice % 2 ? 1 : input_take(&in, 4));
	struct err e = { 0 };
	int epoch;
	int rc;

	if (choice % 2)
		memcpy(checkpoint_state(&c), job->good, job->size);
	else
		job_change(job, &in, checkpoint_state(&c));
	ASSERT(!checkpoint_write(&c, written, &e));
	if (choice % 2)
		damage(&c, &in);
	rc = checkpoint_read(&c, &epoch, &e);
	ASSERT(rc == ERR_CHECKPOINT ? epoch == 0 && *e.msg : rc == OK && epoch > 0);
	if (!rc)
		go_on(job, &c);
	arena_release(&a);
	return 0;
}
