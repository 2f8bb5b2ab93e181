#include "worker/preview.h"

#include <string.h>
#include "trainer-core/dataset/dataset.h"
#include "worker/corrupt_sheet.h"
#include "worker/label.h"
#include "worker/prepare.h"
#include "worker/sheet.h"

enum { COLUMNS = 2, ROWS = 8, SAMPLES = COLUMNS * ROWS, CELL = 160 };

/* A class label takes less room than a map. */
static int column_width(const struct sheet *s, const struct dataset *d, int task)
{
	return SHEET_GAP +
		(d->task[task].kind == TASK_CLASS
				? (int)SHEET_CLASS
				: s->zoom * d->split[SPLIT_TRAIN].input.w);
}

static void draw_sample(const struct sheet *s, const struct dataset *d, int sample)
{
	const struct split_data *split = &d->split[SPLIT_TRAIN];
	int x = SHEET_GAP + sample % COLUMNS * (s->width / COLUMNS);
	int y = SHEET_GAP + sample / COLUMNS * (s->zoom * split->input.h + SHEET_GAP);

	sheet_map(s, &split->input, -1, sample, 1, x, y);
	x += s->zoom * split->input.w + SHEET_GAP;
	for (int k = 0; k < d->tasks; k++) {
		const struct dataset_field *f = &split->target[k];
		int kind = (int)d->task[k].kind;

		if (kind == TASK_CLASS)
			sheet_class(s, sheet_class_of(f, sample), x, y);
		else if (f->h == split->input.h && f->w == split->input.w)
			sheet_map(s, f, kind, sample, sheet_largest(f, kind, sample), x,
				y);
		x += column_width(s, d, k);
	}
}

static int draw(
	const struct dataset *d, struct arena *a, const char *path, struct err *e)
{
	const struct dataset_field *input = &d->split[SPLIT_TRAIN].input;
	struct sheet s = { 0 };
	int rc = sheet_zoom(input, CELL, &s.zoom, e);

	if (rc)
		return rc;
	s.width = s.zoom * input->w + 3 * SHEET_GAP;
	for (int k = 0; k < d->tasks; k++)
		s.width += column_width(&s, d, k);
	s.width *= COLUMNS;
	s.height = SHEET_GAP + ROWS * (s.zoom * input->h + SHEET_GAP);
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
