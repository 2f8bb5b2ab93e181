#include "worker/preview.h"

#include <math.h>
#include <string.h>
#include "trainer-core/dataset/dataset.h"
#include "worker/label.h"
#include "worker/corrupt_sheet.h"
#include "worker/png.h"
#include "worker/prepare.h"

enum {
	COLUMNS = 2,
	ROWS = 8,
	SAMPLES = COLUMNS * ROWS,
	GAP = 4,
	CELL = 160,
	DOT = 4,
	LABEL = 11 * DOT
};

struct sheet {
	const struct dataset *d;
	int zoom;
	int cell_width, cell_height;
	int width, height;
	uint8_t *rgb;
};

static const uint8_t palette[][3] = { { 128, 100, 60 }, { 174, 199, 232 },
	{ 220, 220, 200 }, { 80, 200, 255 }, { 255, 80, 200 }, { 60, 60, 160 },
	{ 255, 160, 60 }, { 220, 40, 40 }, { 140, 60, 180 }, { 60, 160, 80 },
	{ 160, 120, 200 }, { 255, 240, 60 }, { 0, 120, 110 } };

/* The digits, 3 x 5, top row in the highest bits. */
static const uint16_t digits[10] = { 075557, 026227, 071747, 071717, 055711, 074717,
	074757, 071122, 075757, 075717 };

static float value(const struct dataset_field *f, int sample, int c, int at)
{
	size_t i = ((size_t)sample * (size_t)f->c + (size_t)c) * (size_t)f->h *
			(size_t)f->w +
		(size_t)at;

	return f->element == ELEMENT_U8
		? (float)((const uint8_t *)f->data)[i] * f->scale + f->offset
		: ((const float *)f->data)[i] * f->scale + f->offset;
}

static uint8_t byte(float share)
{
	return (uint8_t)(255 * fminf(fmaxf(share, 0), 1) + 0.5f);
}

static void of_class(int class, uint8_t colour[3])
{
	if (class >= 0)
		memcpy(colour, palette[class % COUNT(palette)], 3);
}

/* The largest value of the sample, of vectors in size: what is drawn brightest. */
static float largest(const struct dataset_field *f, int kind, int sample)
{
	const int channels = kind == TASK_VECTOR ? f->c : 1;
	float most = 0;

	for (int i = 0; i < f->h * f->w; i++)
		for (int c = 0; c < channels; c++) {
			float v = value(f, sample, c, i);

			most = fmaxf(most, kind == TASK_VECTOR ? fabsf(v) : v);
		}
	return most;
}

/* Each channel from -most to most; grey is 0. */
static void of_vector(const struct dataset_field *f, int sample, int at, float most,
	uint8_t colour[3])
{
	float v[3] = { 0 };

	for (int c = 0; c < 3 && c < f->c; c++)
		v[c] = value(f, sample, c, at) / most;
	if (v[0] == 0 && v[1] == 0 && v[2] == 0)
		return;
	for (int c = 0; c < 3; c++)
		colour[c] = byte((v[c] + 1) / 2);
}

/* A pixel of a map; colour is black before. kind < 0: the input. */
static void colour_of(const struct dataset_field *f, int kind, int sample, int at,
	float most, uint8_t colour[3])
{
	switch (kind) {
	case TASK_SEG:
		of_class((int)value(f, sample, 0, at), colour);
		return;
	case TASK_NORMAL:
		of_vector(f, sample, at, 1, colour);
		return;
	case TASK_VECTOR:
		of_vector(f, sample, at, most, colour);
		return;
	default:
		for (int c = 0; c < 3; c++)
			colour[c] =
				byte(value(f, sample, f->c == 3 ? c : 0, at) / most);
	}
}

static void put(const struct sheet *s, int x, int y, const uint8_t colour[3])
{
	memcpy(s->rgb + 3 * ((size_t)y * (size_t)s->width + (size_t)x), colour, 3);
}

static void draw_map(const struct sheet *s, const struct dataset_field *f, int kind,
	int sample, int x, int y)
{
	float most = kind < 0 ? 1 : largest(f, kind, sample);

	for (int i = 0; i < s->cell_height; i++)
		for (int j = 0; j < s->cell_width; j++) {
			uint8_t colour[3] = { 0, 0, 0 };
			int at = i / s->zoom * f->w + j / s->zoom;

			colour_of(f, kind, sample, at, most > 0 ? most : 1, colour);
			put(s, x + j, y + i, colour);
		}
}

/* A square of the class's colour with its number, each dot DOT pixels wide. */
static void draw_class(const struct sheet *s, int class, int x, int y)
{
	static const uint8_t black[3];
	uint8_t colour[3] = { 0 };

	of_class(class, colour);
	for (int i = 0; i < 7 * DOT; i++)
		for (int j = 0; j < LABEL; j++) {
			int row = i / DOT - 1, column = j / DOT - 2;
			int digit = column < 4 ? class / 10 % 10 : class % 10;
			int bit = column % 4;
			bool inked = row >= 0 && row < 5 && column >= 0 && column < 8 &&
				bit < 3 && (column >= 4 || class > 9) &&
				digits[digit] >> (14 - 3 * row - bit) & 1;

			put(s, x + j, y + i, inked ? black : colour);
		}
}

/* A class label takes less room than a map. */
static int column_width(const struct sheet *s, int task)
{
	return GAP + (s->d->task[task].kind == TASK_CLASS ? LABEL : s->cell_width);
}

static void draw_sample(const struct sheet *s, int sample)
{
	const struct split_data *split = &s->d->split[SPLIT_TRAIN];
	int x = GAP + sample % COLUMNS * (s->width / COLUMNS);
	int y = GAP + sample / COLUMNS * (s->cell_height + GAP);

	draw_map(s, &split->input, -1, sample, x, y);
	x += s->cell_width + GAP;
	for (int k = 0; k < s->d->tasks; k++) {
		const struct dataset_field *f = &split->target[k];

		if (s->d->task[k].kind == TASK_CLASS)
			draw_class(s, (int)value(f, sample, 0, 0), x, y);
		else if (f->h == split->input.h && f->w == split->input.w)
			draw_map(s, f, (int)s->d->task[k].kind, sample, x, y);
		x += column_width(s, k);
	}
}

static int draw(
	const struct dataset *d, struct arena *a, const char *path, struct err *e)
{
	const struct dataset_field *input = &d->split[SPLIT_TRAIN].input;
	struct sheet s = { .d = d, .zoom = 1 };
	size_t bytes;

	if (input->w < 8 || input->h < 8 || (input->c != 1 && input->c != 3))
		return err_set(e, ERR_SPEC,
			"its inputs of %d x %d x %d are no pictures", input->c,
			input->h, input->w);
	while (s.zoom * input->w < CELL)
		s.zoom++;
	s.cell_width = s.zoom * input->w;
	s.cell_height = s.zoom * input->h;
	s.width = s.cell_width + 3 * GAP;
	for (int k = 0; k < d->tasks; k++)
		s.width += column_width(&s, k);
	s.width *= COLUMNS;
	s.height = GAP + ROWS * (s.cell_height + GAP);
	bytes = 3 * (size_t)s.width * (size_t)s.height;
	s.rgb = NEW_ARRAY(a, uint8_t, bytes);
	memset(s.rgb, 255, bytes);
	for (int i = 0; i < SAMPLES && i < d->split[SPLIT_TRAIN].n; i++)
		draw_sample(&s, i);
	return png_write(path, s.width, s.height, s.rgb, e);
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
