#include "worker/predict.h"

#include <stdio.h>
#include <string.h>
#include "common/str.h"
#include "common/tree.h"
#include "worker/label.h"
#include "worker/sheet.h"
#include "worker/winner_file.h"

enum { ROWS = 8, CELL = 160, HEAD = 2 * SHEET_LINE };

/* The samples that are shown, and what the network makes of them. */
struct prediction {
	struct winner_file w;
	const struct split_data *split;
	int n;
	int column[TASKS_MAX]; /* of the data set, by task of the job */
	int tasks;
	struct dataset_field out[TASKS_MAX]; /* as targets, by task of the job */
	struct sheet s;
	struct arena *a;
};

static const struct task_info *task_of(const struct prediction *p, int k)
{
	return &p->w.data.task[p->column[k]];
}

/* What task k sees: its own samples, or those of all. */
static const struct dataset_field *input_of(const struct prediction *p, int k)
{
	return p->w.data.own_inputs ? &p->split->own_input[p->column[k]]
				    : &p->split->input;
}

/* The data set of the job, with its data; as they were when it was trained. */
static int open_data(struct prediction *p, struct err *e)
{
	struct winner_file *w = &p->w;
	const char *digest = params_get(&w->params, "dataset.digest");
	int rc = dataset_prepare(&w->params, &winner_labeller, p->a, &w->data, e);

	if (rc)
		return rc;
	if (!digest || !strcmp(digest, w->data.digest))
		return OK;
	dataset_close(&w->data);
	return err_set(e, ERR_DATA,
		"%s was trained on other data: their digest was %s, that of today's files "
		"is %s",
		w->file, digest, w->data.digest);
}

/* Test samples; of a data set without any those that there are. */
static void choose(struct prediction *p)
{
	int s = SPLIT_TEST;

	while (s > SPLIT_TRAIN && !p->w.data.split[s].n)
		s--;
	p->split = &p->w.data.split[s];
	p->n = p->split->n < ROWS ? p->split->n : ROWS;
}

static int predict(struct prediction *p, struct err *e)
{
	const struct predict_form form = { 0 };
	int rc = OK;

	p->tasks = train_tasks(p->w.train, p->column);
	for (int k = 0; k < p->tasks && !rc; k++) {
		const struct dataset_field *f = &p->split->target[p->column[k]];
		float *out = NEW_ARRAY(p->a, float, p->n * f->c * f->h * f->w);

		p->out[k] = (struct dataset_field){ .data = out,
			.element = ELEMENT_F32,
			.scale = 1,
			.c = f->c,
			.h = f->h,
			.w = f->w };
		rc = train_predict(p->w.train, task_of(p, k)->name, &form,
			input_of(p, k), p->n, out, e);
	}
	return rc;
}

static bool is_map(const struct prediction *p, int k)
{
	return task_is_map(task_of(p, k)->kind);
}

static int picture_width(const struct prediction *p)
{
	return p->s.zoom * p->split->input.w + SHEET_GAP;
}

/* Of the target, and of the prediction. */
static int column_width(const struct prediction *p, int k)
{
	return is_map(p, k) ? picture_width(p) : (int)SHEET_NUMBER + SHEET_GAP;
}

/* Target and prediction alike; depth and vectors as bright as the target's. */
static void draw_cell(
	const struct prediction *p, int k, bool predicted, int sample, int x, int y)
{
	const struct dataset_field *target = &p->split->target[p->column[k]];
	int kind = (int)task_of(p, k)->kind;

	sheet_target(&p->s, predicted ? &p->out[k] : target, kind, sample,
		sheet_largest(target, kind, sample), x, y);
}

static void draw_heading(const struct prediction *p, const char *first,
	const char *second, int width, int x)
{
	int n = (width - SHEET_GAP) / SHEET_LETTER - 1; /* a blank to the next one */

	sheet_text(&p->s, first, n, x, SHEET_GAP);
	sheet_text(&p->s, second, n, x, SHEET_GAP + SHEET_LINE);
}

/* Tasks with samples of their own have their input before each. */
static void draw_rows(const struct prediction *p)
{
	bool own = p->w.data.own_inputs;
	int x = SHEET_GAP;

	for (int k = 0; k < p->tasks; k++) {
		const char *name = task_of(p, k)->name;

		for (int c = own || !k ? -1 : 0; c < 2; c++) {
			int width = c < 0 ? picture_width(p) : column_width(p, k);

			draw_heading(p, c < 0 && !own ? "" : name,
				c < 0           ? "input"
					: c > 0 ? "predicted"
						: "target",
				width, x);
			for (int i = 0; i < p->n; i++) {
				int y = SHEET_GAP + HEAD + i * (p->s.high + SHEET_GAP);

				if (c < 0)
					sheet_input(&p->s, input_of(p, k), i, x, y);
				else
					draw_cell(p, k, c > 0, i, x, y);
			}
			x += width;
		}
	}
}

static int draw(struct prediction *p, const char *path, struct err *e)
{
	const struct dataset_field *input = &p->split->input;
	int rc = sheet_fit(&p->s, input, CELL, e);

	if (rc)
		return rc;
	p->s.width =
		SHEET_GAP + picture_width(p) * (p->w.data.own_inputs ? p->tasks : 1);
	for (int k = 0; k < p->tasks; k++)
		p->s.width += 2 * column_width(p, k);
	p->s.height = SHEET_GAP + HEAD + p->n * (p->s.high + SHEET_GAP);
	sheet_begin(&p->s, p->a);
	draw_rows(p);
	return sheet_write(&p->s, path, e);
}

static int show(struct prediction *p, const char *path, struct err *e)
{
	int rc = winner_file_build(&p->w, e);

	if (!rc)
		rc = winner_file_load(&p->w, e);
	choose(p);
	if (!rc)
		rc = predict(p, e);
	return rc ? rc : draw(p, path, e);
}

int predict_main(int argc, char **argv, struct err *e)
{
	struct arena a = { 0 };
	struct prediction p = { .a = &a };
	int rc;

	if (argc != 2)
		return err_set(e, ERR_USAGE, "--predict: FILE and WINNER are wanted");
	rc = winner_file_find(&p.w, argv[1], &a, e);
	if (!rc)
		rc = open_data(&p, e);
	if (!rc) {
		rc = show(&p, argv[0], e);
		dataset_close(&p.w.data);
	}
	arena_release(&a);
	return rc;
}

int parameters_main(int argc, char **argv, struct err *e)
{
	struct arena a = { 0 };
	struct winner_file w = { 0 };
	int rc;

	if (argc != 2)
		return err_set(
			e, ERR_USAGE, "--parameters: FOLDER and WINNER are wanted");
	rc = winner_file_find(&w, argv[1], &a, e);
	if (!rc)
		rc = winner_file_build(&w, e);
	if (!rc)
		rc = winner_file_load(&w, e);
	if (!rc)
		rc = tree_make_folder(argv[0], 0777, e);
	if (!rc)
		rc = train_parameters_save(w.train, argv[0], e);
	arena_release(&a);
	return rc;
}
