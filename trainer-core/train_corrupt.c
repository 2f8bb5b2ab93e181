/*
 * Evaluation on corrupted pictures: the batch gathered last is fed once more.
 */
#include "trainer-core/train_job.h"

int train_corrupt(struct train *t, const struct split_data *split, const int *index,
	int n, struct err *e)
{
	const struct field *f = &split->input;
	struct arena_mark m = arena_mark(t->scratch);
	size_t floats = (size_t)f->c * (size_t)f->h * (size_t)f->w;
	float *batch =
		arena_alloc_aligned(t->scratch, floats * (size_t)n * sizeof(float));
	int *row = NEW_ARRAY(t->scratch, int, n);
	struct field corrupted = *f;
	int rc = OK;

	ASSERT(f->data); /* else every task has inputs of its own */
	corrupted.data = batch;
	corrupted.element = ELEMENT_F32;
	corrupted.scale = 1;
	for (int i = 0; !rc && i < n; i++) {
		row[i] = i;
		rc = corrupt_sample(t->corruption, f, index[i],
			batch + (size_t)i * floats, t->scratch, e);
	}
	if (!rc)
		graph_feed(t->graph, t->input, &corrupted, row, n);
	arena_rewind(t->scratch, m);
	return rc;
}
