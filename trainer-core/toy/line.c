#include "trainer-core/toy/line.h"

#include "common/rng.h"

static const char *const names[LINE_TASKS] = { "task1", "task2" };

static float *floats(struct arena *a, int n)
{
	return arena_alloc_aligned(a, sizeof(float) * (size_t)n);
}

static struct dataset_field column(const float *values)
{
	return (struct dataset_field){ values, ELEMENT_F32, 1, 1, 1, 1, 0 };
}

static void fill(
	const struct toy_line *l, int split, struct arena *a, struct split_data *s)
{
	float *x = floats(a, s->n);

	for (int i = 0; i < s->n; i++)
		x[i] = (float)(2 *
				rng_uniform(0, RNG_DATA, (uint64_t)split, (uint64_t)i) -
			1);
	s->input = column(x);
	for (int k = 0; k < l->tasks; k++) {
		uint64_t stream = (uint64_t)(k + 1) * SPLIT_COUNT + (uint64_t)split;
		float *y = floats(a, s->n);

		for (int i = 0; i < s->n; i++)
			y[i] = (float)(l->slope[k] * (double)x[i] +
				l->noise *
					rng_normal(0, RNG_DATA, stream, (uint64_t)i));
		s->target[k] = column(y);
	}
}

void line_make(const struct toy_line *l, struct arena *a, struct dataset *d)
{
	*d = (struct dataset){ .tasks = l->tasks };
	ASSERT(l->tasks <= LINE_TASKS);
	for (int k = 0; k < l->tasks; k++)
		d->task[k] = (struct task_info){ names[k], TASK_REGRESS, l->loss, 1,
			l->scale[k] };
	d->split[SPLIT_TRAIN].n = l->train;
	d->split[SPLIT_VAL].n = 1;
	d->split[SPLIT_TEST].n = l->test;
	for (int s = 0; s < SPLIT_COUNT; s++)
		fill(l, s, a, &d->split[s]);
}
