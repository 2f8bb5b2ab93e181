#include "trainer-core/dataset/targets.h"

/*
 * Whether any of the targets of n samples counts: see enum task_kind. Of edges one must
 * be there, since nothing can be found where there is none.
 */
static bool any_counts(const struct dataset_field *f, enum task_kind kind, int n)
{
	size_t count = (size_t)n * (size_t)f->c * (size_t)f->h * (size_t)f->w;
	const uint8_t *byte = f->data;
	const float *number = f->data;

	if (!task_is_map(kind)) /* there every sample has its label */
		return true;
	for (size_t i = 0; i < count; i++) {
		float v = f->element == ELEMENT_U8 ? (float)byte[i] : number[i];

		v = v * f->scale + f->offset;
		if (kind == TASK_SEG ? v >= 0 : kind == TASK_EDGES ? v > 0 : v != 0)
			return true;
	}
	return false;
}

static int nothing(const struct composition *c, enum split s, int k, struct err *e)
{
	const struct task_info *task = &c->d->task[k];
	bool own = k < c->d->tasks - c->pseudos;
	const char *file = own && c->ops->file ? c->ops->file(c, s, k) : NULL;

	return err_set(e, ERR_DATA,
		"%s%stask %s: no pixel of the %d samples of the %s split %s: nothing "
		"to %s",
		file ? file : "", file ? ": " : "", task->name, c->d->split[s].n,
		split_names[s],
		task->kind == TASK_SEG             ? "has a label"
			: task->kind == TASK_EDGES ? "is an edge"
						   : "is valid",
		s == SPLIT_TRAIN ? "learn from" : "measure with");
}

int targets_check(const struct composition *c, struct err *e)
{
	const struct dataset *d = c->d;

	for (int s = 0; s < SPLIT_COUNT; s++)
		for (int k = 0; k < d->tasks; k++)
			if (!any_counts(&d->split[s].target[k], d->task[k].kind,
				    d->split[s].n))
				return nothing(c, (enum split)s, k, e);
	return OK;
}
