#include "worker/label.h"

#include <string.h>
#include "worker/winner_file.h"

static bool same_shape(const struct dataset_field *x, const struct dataset_field *y)
{
	return x->c == y->c && x->h == y->h && x->w == y->w;
}

static bool same_input(const struct dataset_field *x, const struct dataset_field *y)
{
	return same_shape(x, y) && x->element == y->element && x->scale == y->scale;
}

/* Says whether a task of the network gives what the pseudo-task wants for labels. */
static bool labels(const struct task_info *own, const struct task_info *want)
{
	if (own->outputs != want->outputs)
		return false;
	if (want->kind == TASK_SOFT)
		return own->kind == TASK_CLASS || own->kind == TASK_SOFT;
	if (want->kind == TASK_SOFT_MAP)
		return own->kind == TASK_SEG || own->kind == TASK_SOFT_MAP;
	return own->kind == want->kind;
}

/* The place of the task in the winner's data set, if it is the same there. */
static int find_task(const struct winner_file *w, const struct pseudo_task *p,
	const struct dataset *d, int k)
{
	const struct dataset *own = &w->data;

	for (int i = 0; i < own->tasks; i++) {
		const struct dataset_field *x = &own->split[0].target[i];
		const struct dataset_field *y = &d->split[0].target[k];

		if (strcmp(own->task[i].name, p->task) != 0)
			continue;
		return labels(&own->task[i], &d->task[k]) && x->h == y->h &&
				x->w == y->w &&
				(x->c == y->c || d->task[k].loss == LOSS_SOFT_CE)
			? i
			: -1;
	}
	return -1;
}

static int check_fit(const struct winner_file *w, const struct pseudo_task *p,
	const struct dataset *d, int k, struct err *e)
{
	const struct dataset_field *own = &w->data.split[SPLIT_TRAIN].input;
	const struct dataset_field *x = &d->split[SPLIT_TRAIN].input;
	const char *name = params_get(&w->params, "dataset.name");

	if (w->data.own_inputs || !same_input(own, x))
		return err_set(e, ERR_DATA,
			"its network, of data set %s, sees other inputs: %dx%dx%d "
			"times %g where there are %dx%dx%d times %g",
			name, own->c, own->h, own->w, (double)own->scale, x->c, x->h,
			x->w, (double)x->scale);
	if (find_task(w, p, d, k) < 0)
		return err_set(e, ERR_DATA,
			"its network, of data set %s, has no task \"%s\" of the same "
			"kind and shape",
			name, p->task);
	return OK;
}

/* Finds out everything about the file but the parameters in it. */
static int find_winner(struct winner_file *w, const struct pseudo_task *p,
	const struct dataset *d, int k, struct arena *a, struct err *e)
{
	int rc = winner_file_find(w, p->file, a, e);

	return rc ? rc : check_fit(w, p, d, k, e);
}

static int build(struct winner_file *w, const struct pseudo_task *p,
	const struct dataset *d, int k, struct arena *a, struct err *e)
{
	int rc = find_winner(w, p, d, k, a, e);

	if (!rc)
		rc = winner_file_build(w, e);
	return rc ? err_wrap(e, "%s", w->file) : OK;
}

/* Whatever is wrong with the file is wrong with the data. */
static int refuse(const struct dataset *d, int k, const struct err *why, struct err *e)
{
	return err_set(
		e, ERR_DATA, "dataset.pseudo: task %s: %s", d->task[k].name, why->msg);
}

static int look(const struct pseudo_task *p, const struct dataset *d, int k,
	struct arena *a, struct err *e)
{
	struct winner_file *w = NEW(a, struct winner_file);
	struct err why = { 0 };

	if (find_winner(w, p, d, k, a, &why) == OK)
		return OK;
	(void)err_wrap(&why, "%s", w->file);
	return refuse(d, k, &why, e);
}

static int label(const struct pseudo_task *p, const struct dataset *d, int k,
	float *const out[SPLIT_COUNT], struct arena *a, struct err *e)
{
	const struct predict_form form = { d->task[k].loss == LOSS_SOFT_CE,
		p->confidence };
	struct winner_file *w = NEW(a, struct winner_file);
	struct err why = { 0 };
	int rc;

	rc = build(w, p, d, k, a, &why);
	if (!rc)
		rc = winner_file_load(w, &why);
	for (int s = 0; !rc && s < SPLIT_COUNT; s++)
		rc = train_predict(w->train, p->task, &form, &d->split[s].input,
			d->split[s].n, out[s], &why);
	return rc ? refuse(d, k, &why, e) : OK;
}

const struct labeller winner_labeller = { .look = look, .label = label };
