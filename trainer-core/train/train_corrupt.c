/*
 * Evaluation on corrupted pictures: the batch gathered last is fed once more.
 */
#include "trainer-core/train/train_job.h"

static int feed(struct train *t, int node, const struct field *f, const int *index,
	int n, struct err *e)
{
	struct arena_mark m = arena_mark(t->scratch);
	size_t floats = (size_t)f->c * (size_t)f->h * (size_t)f->w;
	float *batch =
		arena_alloc_aligned(t->scratch, floats * (size_t)n * sizeof(float));
	int *row = NEW_ARRAY(t->scratch, int, n);
	struct field corrupted = *f;
	int rc = OK;

	corrupted.data = batch;
	corrupted.element = ELEMENT_F32;
	corrupted.scale = 1;
	for (int i = 0; !rc && i < n; i++) {
		row[i] = i;
		rc = corrupt_sample(t->corruption, f, index[i],
			batch + (size_t)i * floats, t->scratch, e);
	}
	if (!rc)
		graph_feed(t->graph, node, &corrupted, row, n);
	arena_rewind(t->scratch, m);
	return rc;
}

int train_corrupt(struct train *t, const struct split_data *split, const int *index,
	int n, struct err *e)
{
	int rc = OK;

	if (!t->data->own_inputs)
		return feed(t, t->network.input[0], &split->input, index, n, e);
	for (int k = 0; !rc && k < t->K; k++)
		rc = feed(t, t->network.input[k], &split->own_input[t->task[k].column],
			index, n, e);
	return rc;
}
