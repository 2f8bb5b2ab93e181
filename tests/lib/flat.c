#include "tests/lib/flat.h"

#include "tests/lib/trained.h"
#include "common/rng.h"

static void fill_split(struct split_data *s, int n, uint64_t stream, struct arena *a)
{
	float *x = arena_alloc_aligned(a, sizeof(float) * (size_t)n * FLAT_FEATURES);
	float *y = arena_alloc_aligned(a, sizeof(float) * (size_t)n);
	uint8_t *c = arena_alloc_aligned(a, (size_t)n);

	for (int i = 0; i < n; i++) {
		double sum = 0;

		for (int f = 0; f < FLAT_FEATURES; f++) {
			double v = rng_normal(
				7, RNG_DATA, stream, (uint64_t)(i * FLAT_FEATURES + f));

			x[i * FLAT_FEATURES + f] = (float)v;
			sum += f % 2 ? v : -v;
		}
		y[i] = (float)(0.5 * sum);
		c[i] = (uint8_t)(sum > 2 ? 3 : sum > 0 ? 2 : sum > -2 ? 1 : 0);
	}
	s->n = n;
	s->input = (struct dataset_field){ x, ELEMENT_F32, 1, FLAT_FEATURES, 1, 1, 0 };
	s->target[0] = (struct dataset_field){ y, ELEMENT_F32, 1, 1, 1, 1, 0 };
	s->target[1] = (struct dataset_field){ c, ELEMENT_U8, 1, 1, 1, 1, 0 };
}

struct dataset *flat_data(struct arena *a)
{
	struct dataset *d = NEW(a, struct dataset);

	d->tasks = 2;
	d->task[0] = (struct task_info){ "level", TASK_REGRESS, LOSS_L1, 1, 1 };
	d->task[1] = (struct task_info){ "band", TASK_CLASS, LOSS_CE, 4, 1 };
	fill_split(&d->split[SPLIT_TRAIN], 500, 0, a);
	fill_split(&d->split[SPLIT_VAL], 300, 1, a); /* more than one pass */
	fill_split(&d->split[SPLIT_TEST], 77, 2, a);
	return d;
}

struct params *flat_params(const char *const *more, struct arena *a)
{
	static const char *const base[] = { "lr", "0.003", "wd", "0", "seed", "3",
		"method", "ew", "dataset.name", "npy", "model.name", "mlp",
		"train.epochs", "6", "train.batch", "64", "train.optimizer", "adam",
		NULL };

	return trained_params(base, more, a);
}
