#include "worker/preview.h"

#include <string.h>
#include "trainer-core/dataset/dataset.h"
#include "worker/corrupt_sheet.h"
#include "worker/label.h"
#include "worker/prepare.h"
#include "worker/sheet.h"

enum { COLUMNS = 2, ROWS = 8, SAMPLES = COLUMNS * ROWS, CELL = 160 };

static int picture_width(const struct sheet *s, const struct dataset *d)
{
	return s->zoom * d->split[SPLIT_TRAIN].input.w + SHEET_GAP;
}

/* A class takes less room than a map; a task with samples of its own has them beside it. */
static int column_width(const struct sheet *s, const struct dataset *d, int task)
{
	enum task_kind kind = d->task[task].kind;
	int own = d->own_inputs ? picture_width(s, d) : 0;

	if (task_is_map(kind))
		return own + picture_width(s, d);
	return own + SHEET_GAP +
		(kind == TASK_REGRESS ? (int)SHEET_NUMBER : (int)SHEET_CLASS);
}

static void draw_sample(const struct sheet *s, const struct dataset *d, int sample)
{
	const struct split_data *split = &d->split[SPLIT_TRAIN];
	int x = SHEET_GAP + sample % COLUMNS * (s->width / COLUMNS);
	int y = SHEET_GAP + sample / COLUMNS * (s->high + SHEET_GAP);

	if (!d->own_inputs) {
		sheet_input(s, &split->input, sample, x, y);
		x += picture_width(s, d);
	}
	for (int k = 0; k < d->tasks; k++) {
		const struct dataset_field *f = &split->target[k];
		int kind = (int)d->task[k].kind;
		int at = x;

		if (d->own_inputs) {
			sheet_input(s, &split->own_input[k], sample, at, y);
			at += picture_width(s, d);
		}
		sheet_target(s, f, kind, sample, sheet_largest(f, kind, sample), at, y);
		x += column_width(s, d, k);
	}
}

static int draw(
	const struct dataset *d, struct arena *a, const char *path, struct err *e)
{
	const struct dataset_field *input = &d->split[SPLIT_TRAIN].input;
	struct sheet s = { 0 };
	int rc = sheet_fit(&s, input, CELL, e);

	if (rc)
		return rc;
	s.width = (d->own_inputs ? 0 : picture_width(&s, d)) + 2 * SHEET_GAP;
	for (int k = 0; k < d->tasks; k++)
		s.width += column_width(&s, d, k);
	s.width *= COLUMNS;
	s.height = SHEET_GAP + ROWS * (s.high + SHEET_GAP);
	sheet_begin(&s, a);
	for (int i = 0; i < SAMPLES && i < d->split[SPLIT_TRAIN].n; i++)
		draw_sample(&s, d, i);
	return sheet_write(&s, path, e);
}

/* A sheet needs no more than it shows. */
static void default_sizes(struct params *ps, struct arena *a)
{
	for (int s = 0; s < SPLIT_COUNT; s++) {
		const char *name = arena_printf(a, "dataset.%s", split_names[s]);

		if (!params_get(ps, name))
			params_set_number(ps, a, name, SAMPLES);
	}
}

/* Takes the word NAME=... from argv; NULL where there is none. */
static const char *take_word(const char *name, int *argc, char **argv)
{
	size_t length = strlen(name);

	for (int i = 0; i < *argc; i++) {
		const char *word = argv[i];

		if (strncmp(word, name, length) != 0 || word[length] != '=')
			continue;
		memmove(argv + i, argv + i + 1, (size_t)(--*argc - i) * sizeof(*argv));
		return word + length + 1;
	}
	return NULL;
}

int preview_main(int argc, char **argv, struct err *e)
{
	const char *corrupt = take_word("corrupt", &argc, argv);
	const char *textures = take_word("textures", &argc, argv);
	struct arena a = { 0 };
	struct params ps = { 0 };
	struct dataset d;
	int rc;

	if (argc < 1)
		return err_set(e, ERR_USAGE, "--preview: FILE is missing");
	rc = prepare_params(argc - 1, argv + 1, &ps, &a, e);
	if (!rc) {
		default_sizes(&ps, &a);
		rc = dataset_prepare(&ps, &winner_labeller, &a, &d, e);
	}
	if (!rc) {
		rc = corrupt ? corrupt_sheet(&d, corrupt, textures, argv[0], &a, e)
			     : draw(&d, &a, argv[0], e);
		dataset_close(&d);
	}
	arena_release(&a);
	return rc;
}
