#include "worker/label.h"

#include <stdio.h>
#include <string.h>
#include "common/store/store_open.h"
#include "common/store/store_job.h"
#include "trainer-core/train/train.h"
#include "worker/checkpoint.h"

struct winner {
	const char *file;
	const char *db;
	char identity[64];
	int epoch;
	struct params params;
	struct dataset data; /* of its job: tasks and shapes, no data */
	struct train *train;
	struct arena *a;
};

/* Takes the name of the file to pieces: DATABASE.d/winners/IDENTITY-EPOCH.params. */
static int read_name(struct winner *w, struct err *e)
{
	static const char folder[] = ".d/winners";
	const char *slash = strrchr(w->file, '/');
	size_t length = slash ? (size_t)(slash - w->file) : 0;
	size_t tail = sizeof(folder) - 1;
	int end = 0;

	if (length > tail && !strncmp(slash - tail, folder, tail) &&
		sscanf(slash + 1, "%63[0-9a-f]-%9d.params%n", w->identity, &w->epoch,
			&end) == 2 &&
		end && !slash[1 + end] && w->epoch > 0) {
		w->db = arena_strndup(w->a, w->file, length - tail);
		return OK;
	}
	return err_set(e, ERR_DATA,
		"not a winner's file, DATABASE.d/winners/IDENTITY-EPOCH.params");
}

static int load_job(struct winner *w, struct err *e)
{
	struct store s;
	int64_t id;
	int rc = store_open(&s, w->db, STORE_READER, e);

	if (rc)
		return rc;
	rc = store_int(&s, STMT_JOB_OF_IDENTITY, ARGS(TEXT(w->identity)), -1, &id, e);
	if (!rc && id < 0)
		rc = err_set(e, ERR_DATA,
			"%s holds no run that has parameters of this name", w->db);
	if (!rc)
		rc = store_job_params(&s, id, &w->params, w->a, e);
	store_close(&s);
	return rc;
}

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
static int find_task(const struct winner *w, const struct pseudo_task *p,
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

static int check_fit(const struct winner *w, const struct pseudo_task *p,
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

static int load_parameters(struct winner *w, struct err *e)
{
	struct checkpoint c;
	int epoch;
	int rc = checkpoint_init(&c, w->db, w->identity, train_kernel_class(&w->params),
		train_result_size(w->train), w->a, e);

	if (!rc)
		rc = checkpoint_for_result(&c, w->db, w->epoch, e);
	if (!rc)
		rc = checkpoint_read(&c, &epoch, e);
	if (rc)
		return rc;
	if (epoch != w->epoch)
		return err_set(e, ERR_DATA, "%s: holds the parameters of epoch %d",
			w->file, epoch);
	rc = train_result_load(w->train, checkpoint_state(&c), c.state_size, e);
	return rc ? err_wrap(e, "%s", w->file) : OK;
}

/* Finds out everything about the file but the parameters in it. */
static int find_winner(struct winner *w, const struct pseudo_task *p,
	const struct dataset *d, int k, struct err *e)
{
	int rc = read_name(w, e);

	if (!rc)
		rc = load_job(w, e);
	if (!rc)
		rc = dataset_shape(&w->params, w->a, &w->data, e);
	return rc ? rc : check_fit(w, p, d, k, e);
}

static int build(struct winner *w, const struct pseudo_task *p, const struct dataset *d,
	int k, struct err *e)
{
	int rc = find_winner(w, p, d, k, e);

	if (!rc)
		rc = train_new(&w->train, &w->params, &w->data, w->a, e);
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
	struct winner *w = NEW(a, struct winner);
	struct err why = { 0 };

	w->file = p->file;
	w->a = a;
	if (find_winner(w, p, d, k, &why) == OK)
		return OK;
	(void)err_wrap(&why, "%s", w->file);
	return refuse(d, k, &why, e);
}

static int label(const struct pseudo_task *p, const struct dataset *d, int k,
	float *const out[SPLIT_COUNT], struct arena *a, struct err *e)
{
	const struct predict_form form = { d->task[k].loss == LOSS_SOFT_CE,
		p->confidence };
	struct winner *w = NEW(a, struct winner);
	struct err why = { 0 };
	int rc;

	w->file = p->file;
	w->a = a;
	rc = build(w, p, d, k, &why);
	if (!rc)
		rc = load_parameters(w, &why);
	for (int s = 0; !rc && s < SPLIT_COUNT; s++)
		rc = train_predict(w->train, p->task, &form, &d->split[s].input,
			d->split[s].n, out[s], &why);
	return rc ? refuse(d, k, &why, e) : OK;
}

const struct labeller winner_labeller = { .look = look, .label = label };
