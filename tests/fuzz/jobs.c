#include "tests/fuzz/jobs.h"

#include <string.h>
#include <stdlib.h>

/* Methods whose states are more than a list of numbers: counts, windows, particles, angles. */
static const char *const methods[] = { "puw", "dwa", "uw", "rotograd", "famo",
	"gradnorm", "auto_lambda", "db_mtl" };

#define METHODS (sizeof(methods) / sizeof(methods[0]))

static struct arena forever;
static struct dataset data;

static void set(struct params *ps, const char *name, const char *value)
{
	params_set(ps, &forever, name, value);
}

static void set_all(struct params *ps, const char *method)
{
	set(ps, "dataset.name", "synthetic");
	set(ps, "dataset.train", "8");
	set(ps, "dataset.val", "8");
	set(ps, "dataset.test", "8");
	set(ps, "model.name", "mlp");
	set(ps, "train.batch", "4");
	set(ps, "train.epochs", "3");
	set(ps, "method", method);
	set(ps, "lr", "0.01");
	set(ps, "wd", "0");
	set(ps, "seed", "0");
}

const struct dataset *job_data(void)
{
	struct params ps = { 0 };
	struct err e = { 0 };

	if (data.map)
		return &data;
	set_all(&ps, "ew");
	ASSERT(!setenv("DELTAM_CACHE", input_folder(), 1));
	ASSERT(!dataset_prepare(&ps, NULL, &forever, &data, &e));
	return &data;
}

static void make(struct fuzz_job *job, const char *method, bool result)
{
	struct params *ps = NEW(&forever, struct params);
	const struct epoch_rows *rows;
	struct err e = { 0 };

	set_all(ps, method);
	ASSERT(!train_new(&job->train, ps, job_data(), &forever, &e));
	ASSERT(!train_epoch(job->train, NULL, NULL, &rows, &e));
	job->size =
		result ? train_result_size(job->train) : train_state_size(job->train);
	job->good = arena_alloc(&forever, job->size, 1);
	if (result)
		train_result_save(job->train, job->good);
	else
		train_state_save(job->train, job->good);
}

struct fuzz_job *job_of(unsigned number, bool result)
{
	static struct fuzz_job made[2][METHODS];
	struct fuzz_job *job = &made[result][number % METHODS];

	if (!job->train)
		make(job, methods[number % METHODS], result);
	return job;
}

void job_change(const struct fuzz_job *job, struct input *in, uint8_t *out)
{
	memcpy(out, job->good, job->size);
	while (in->n > 0) {
		size_t at = (size_t)input_take(in, 4) % job->size;
		size_t n = 8;
		const uint8_t *bytes = input_cut(in, &n);

		if (n > job->size - at)
			n = job->size - at;
		if (bytes)
			memcpy(out + at, bytes, n);
	}
}
