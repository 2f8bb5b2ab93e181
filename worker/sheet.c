#include "worker/sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "common/str.h"
#include "worker/png.h"

static const uint8_t palette[][3] = { { 128, 100, 60 }, { 174, 199, 232 },
	{ 220, 220, 200 }, { 80, 200, 255 }, { 255, 80, 200 }, { 60, 60, 160 },
	{ 255, 160, 60 }, { 220, 40, 40 }, { 140, 60, 180 }, { 60, 160, 80 },
	{ 160, 120, 200 }, { 255, 240, 60 }, { 0, 120, 110 } };

/* The digits, 3 x 5, top row in the highest bits. */
static const uint16_t digits[10] = { 075557, 026227, 071747, 071717, 055711, 074717,
	074757, 071122, 075757, 075717 };

int sheet_fit(
	struct sheet *s, const struct dataset_field *input, int cell, struct err *e)
{
	if (input->w < 8 || input->h < 8 || (input->c != 1 && input->c != 3))
		return err_set(e, ERR_SPEC,
			"its inputs of %d x %d x %d are no pictures", input->c,
			input->h, input->w);
	s->zoom = 1;
	while (s->zoom * input->w < cell)
		s->zoom++;
	s->high = s->zoom * input->h;
	if (s->high < SHEET_CLASS_HIGH)
		s->high = SHEET_CLASS_HIGH;
	return OK;
}

void sheet_begin(struct sheet *s, struct arena *a)
{
	size_t bytes = 3 * (size_t)s->width * (size_t)s->height;

	s->rgb = NEW_ARRAY(a, uint8_t, bytes);
	memset(s->rgb, 255, bytes);
}

int sheet_write(const struct sheet *s, const char *path, struct err *e)
{
	return png_write(path, s->width, s->height, s->rgb, e);
}

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

/* Shares of classes: the likeliest; -1 where all are 0, which is no label. */
static int class_at(const struct dataset_field *f, int sample, int at)
{
	int best = 0;

	if (f->c == 1)
		return (int)value(f, sample, 0, at);
	for (int c = 1; c < f->c; c++)
		if (value(f, sample, c, at) > value(f, sample, best, at))
			best = c;
	return value(f, sample, best, at) > 0 ? best : -1;
}

static void of_class(int class, uint8_t colour[3])
{
	if (class >= 0)
		memcpy(colour, palette[class % COUNT(palette)], 3);
}

float sheet_largest(const struct dataset_field *f, int kind, int sample)
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

/* What is black in a map, and what is brightest. */
struct sheet_span {
	float least, most;
};

/* A pixel of a map; colour is black before. kind < 0: the input. */
static void colour_of(const struct dataset_field *f, int kind, int sample, int at,
	struct sheet_span of, uint8_t colour[3])
{
	switch (kind) {
	case TASK_SEG:
	case TASK_SOFT_MAP:
		of_class(class_at(f, sample, at), colour);
		return;
	case TASK_NORMAL:
		of_vector(f, sample, at, 1, colour);
		return;
	case TASK_VECTOR:
		of_vector(f, sample, at, of.most, colour);
		return;
	default:
		for (int c = 0; c < 3; c++) {
			float v = value(f, sample, f->c == 3 ? c : 0, at);

			colour[c] = byte((v - of.least) / (of.most - of.least));
		}
	}
}

static void put(const struct sheet *s, int x, int y, const uint8_t colour[3])
{
	memcpy(s->rgb + 3 * ((size_t)y * (size_t)s->width + (size_t)x), colour, 3);
}

static void put_map(const struct sheet *s, const struct dataset_field *f, int kind,
	int sample, struct sheet_span of, int x, int y)
{
	for (int i = 0; i < f->h * s->zoom; i++)
		for (int j = 0; j < f->w * s->zoom; j++) {
			uint8_t colour[3] = { 0, 0, 0 };
			int at = i / s->zoom * f->w + j / s->zoom;

			colour_of(f, kind, sample, at, of, colour);
			put(s, x + j, y + i, colour);
		}
}

void sheet_input(
	const struct sheet *s, const struct dataset_field *f, int sample, int x, int y)
{
	struct sheet_span of = { INFINITY, -INFINITY };

	for (int c = 0; c < f->c; c++)
		for (int i = 0; i < f->h * f->w; i++) {
			of.least = fminf(of.least, value(f, sample, c, i));
			of.most = fmaxf(of.most, value(f, sample, c, i));
		}
	/* Normalised numbers lie outside: there 0 and 1 mean nothing. */
	if ((of.least >= 0 && of.most <= 1) || !(of.most > of.least))
		of = (struct sheet_span){ 0, 1 };
	put_map(s, f, -1, sample, of, x, y);
}

/* A square of the class's colour with its number; none (-1): a black one. */
static void put_class(const struct sheet *s, int class, int x, int y)
{
	static const uint8_t black[3];
	uint8_t colour[3] = { 0 };

	of_class(class, colour);
	for (int i = 0; i < SHEET_CLASS_HIGH; i++)
		for (int j = 0; j < SHEET_CLASS; j++) {
			int row = i / SHEET_DOT - 1, column = j / SHEET_DOT - 2;
			int digit = column < 4 ? class / 10 % 10 : class % 10;
			int bit = column % 4;
			bool inked = class >= 0 && row >= 0 && row < 5 && column >= 0 &&
				column < 8 && bit < 3 && (column >= 4 || class > 9) &&
				digits[digit] >> (14 - 3 * row - bit) & 1;

			put(s, x + j, y + i, inked ? black : colour);
		}
}

/* Letters of the same size; what is missing is a blank. */
static uint16_t letter_of(char c)
{
	static const uint16_t letters[26] = { 025755, 065656, 034443, 065556, 074647,
		074644, 034553, 055755, 072227, 011152, 055655, 044447, 057755, 075555,
		025552, 065644, 025573, 065655, 034216, 072222, 055557, 055552, 055775,
		055255, 055222, 071247 };

	if (c >= '0' && c <= '9')
		return digits[c - '0'];
	if (c >= 'a' && c <= 'z')
		return letters[c - 'a'];
	if (c >= 'A' && c <= 'Z')
		return letters[c - 'A'];
	return c == '_' ? 7 : c == '-' ? 0700 : c == '+' ? 02720 : c == '.' ? 2 : 0;
}

void sheet_text(const struct sheet *s, const char *text, int n, int x, int y)
{
	static const uint8_t black[3];
	enum { DOT = 2, WIDE = 3 * DOT, HIGH = 5 * DOT };

	for (int k = 0; k < n && text[k]; k++)
		for (int i = 0; i < HIGH; i++)
			for (int j = 0; j < WIDE; j++)
				if (letter_of(text[k]) >>
						(14 - 3 * (i / DOT) - j / DOT) &
					1)
					put(s, x + k * SHEET_LETTER + j, y + i, black);
}

/* Dots in the place of the last line, where there are more. */
static void put_numbers(
	const struct sheet *s, const struct dataset_field *f, int sample, int x, int y)
{
	int lines = s->high / SHEET_LINE;

	for (int c = 0; c < f->c && c < lines; c++) {
		char text[NUMBER_MAX];

		(void)snprintf(
			text, sizeof(text), "%.3g", (double)value(f, sample, c, 0));
		sheet_text(s, c == lines - 1 && c < f->c - 1 ? "..." : text,
			SHEET_NUMBER / SHEET_LETTER, x, y + c * SHEET_LINE);
	}
}

void sheet_target(const struct sheet *s, const struct dataset_field *f, int kind,
	int sample, float most, int x, int y)
{
	if (task_is_map((enum task_kind)kind))
		put_map(s, f, kind, sample,
			(struct sheet_span){ 0, most > 0 ? most : 1 }, x, y);
	else if (kind == TASK_REGRESS)
		put_numbers(s, f, sample, x, y);
	else
		put_class(s, class_at(f, sample, 0), x, y);
}
