#include "worker/corrupt_sheet.h"

#include <string.h>
#include "trainer-core/corrupt/corrupt.h"
#include "worker/png.h"

enum { SAMPLES = 8, COLUMNS = CORRUPT_SEVERITIES + 1, GAP = 4, CELL = 120 };

struct corrupt_sheet {
	const struct dataset_field *f;
	int zoom;
	int width, height;
	uint8_t *rgb;
	struct arena *a;
};

static void draw_cell(
	struct corrupt_sheet *s, const float *v, float white, int row, int column)
{
	const struct dataset_field *f = s->f;
	size_t n = (size_t)f->h * (size_t)f->w;
	int top = GAP + row * (f->h * s->zoom + GAP);
	int left = GAP + column * (f->w * s->zoom + GAP);

	for (int i = 0; i < f->h * s->zoom; i++)
		for (int j = 0; j < f->w * s->zoom; j++) {
			uint8_t *out = s->rgb +
				3 *
					((size_t)(top + i) * (size_t)s->width +
						(size_t)(left + j));
			size_t at = (size_t)(i / s->zoom) * (size_t)f->w +
				(size_t)(j / s->zoom);

			for (int c = 0; c < 3; c++)
				out[c] = (uint8_t)(255 *
						v[at +
							(f->c == 3 ? (size_t)c * n
								   : 0)] /
						white +
					0.5F);
		}
}

static int draw_row(struct corrupt_sheet *s, const char *name, const struct textures *t,
	int sample, int row, struct err *e)
{
	float *v = NEW_ARRAY(s->a, float, s->f->c * s->f->h * s->f->w);
	float white = s->f->element == ELEMENT_U8 ? 255 * s->f->scale : 1;
	int rc = OK;

	for (int k = 0; !rc && k < COLUMNS; k++) {
		const struct corruption c = { k ? name : NULL, k, 0, t };

		rc = corrupt_sample(&c, s->f, sample, v, s->a, e);
		if (!rc)
			draw_cell(s, v, white, row, k);
	}
	return rc;
}

/* Reports an unknown name with the nearest known one; `known` has room for n names. */
static int unknown_corruption(const char *name, const struct corruption_info *all,
	const char **known, int n, struct err *e)
{
	char hint[HINT_MAX];

	for (int i = 0; i < n; i++)
		known[i] = all[i].name;
	return err_set(e, ERR_SPEC,
		"unknown corruption \"%s\"%s; `deltam list corruptions` names them",
		name, str_hint(str_nearest(name, known, n), hint));
}

/* The rows: one corruption, or all that can be shown. */
static int choose(const char *name, bool frost, const char **chosen, struct err *e)
{
	int n;
	int count = 0;
	const struct corruption_info *all = catalogue_corruptions(&n);

	for (int i = 0; i < n; i++) {
		if (strcmp(name, all[i].name) != 0 && strcmp(name, "all") != 0)
			continue;
		if (!all[i].textures || frost)
			chosen[count++] = all[i].name;
		else if (strcmp(name, "all") != 0)
			return err_set(e, ERR_SPEC,
				"%s wants pictures of it: textures=FOLDER", name);
	}
	return count ? count : unknown_corruption(name, all, chosen, n, e);
}

static int draw(struct corrupt_sheet *s, const char **chosen, int rows, int samples,
	const struct textures *t, struct err *e)
{
	bool one = rows == 1;
	int rc = OK;

	rows = one ? samples : rows;
	s->width = GAP + COLUMNS * (s->f->w * s->zoom + GAP);
	s->height = GAP + rows * (s->f->h * s->zoom + GAP);
	s->rgb = NEW_ARRAY(s->a, uint8_t, 3 * (size_t)s->width * (size_t)s->height);
	memset(s->rgb, 255, 3 * (size_t)s->width * (size_t)s->height);
	for (int i = 0; !rc && i < rows; i++)
		rc = draw_row(s, chosen[one ? 0 : i], t, i % samples, i, e);
	return rc;
}

int corrupt_sheet(const struct dataset *d, const char *name, const char *textures,
	const char *path, struct arena *a, struct err *e)
{
	const struct split_data *test = &d->split[SPLIT_TEST];
	const struct dataset_field *f =
		d->own_inputs ? &test->own_input[0] : &test->input;
	struct corrupt_sheet s = { .f = f, .zoom = 1, .a = a };
	const char **chosen;
	struct textures t;
	int samples = test->n < SAMPLES ? test->n : SAMPLES;
	int rows;
	int rc = corrupt_check(f, e);

	(void)catalogue_corruptions(&rows);
	chosen = NEW_ARRAY(a, const char *, rows);
	if (!rc && textures)
		rc = textures_read(textures, f->h, f->w, &t, a, e);
	if (rc)
		return rc;
	rows = choose(name, textures != NULL, chosen, e);
	if (rows < 0)
		return rows;
	while (s.zoom * f->w < CELL)
		s.zoom++;
	rc = draw(&s, chosen, rows, samples, &t, e);
	return rc ? rc : png_write(path, s.width, s.height, s.rgb, e);
}
