#include "orchestrator/json/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define QUOTE_CHARACTERS 40
#define WINDOW_CHARACTERS 100 /* of a source line that are shown */
#define WINDOW_BEFORE 60 /* of those, at most so many before the caret */

int utf8_length(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	int length = u[0] < 0x80 ? 1
		: u[0] < 0xc2    ? 0
		: u[0] < 0xe0    ? 2
		: u[0] < 0xf0    ? 3
		: u[0] < 0xf5    ? 4
				 : 0;

	if ((size_t)length > n)
		return 0;
	for (int i = 1; i < length; i++)
		if ((u[i] & 0xc0) != 0x80)
			return 0;
	if (length > 2) {
		bool overlong =
			(u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xf0 && u[1] < 0x90);
		bool surrogate = u[0] == 0xed && u[1] >= 0xa0;
		bool beyond = u[0] == 0xf4 && u[1] >= 0x90;

		if (overlong || surrogate || beyond)
			return 0;
	}
	return length;
}

void diag_add(struct diag *d, size_t at, const char *fmt, ...)
{
	char message[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	/*
	 * Every variant reads the same nodes, so the same error comes again and is kept
	 * once.
	 */
	for (int i = 0; i < d->kept; i++)
		if (d->item[i].at == at && !strcmp(d->item[i].message, message))
			return;
	d->total++;
	if (d->kept < DIAG_MAX)
		d->item[d->kept++] =
			(struct diag_item){ at, arena_strdup(d->arena, message) };
}

bool diag_keeps(const struct diag *d, size_t at)
{
	for (int i = 0; i < d->kept; i++)
		if (d->item[i].at == at)
			return true;
	return d->kept < DIAG_MAX;
}

static size_t line_start(const struct diag *d, size_t at)
{
	while (at > 0 && d->text[at - 1] != '\n')
		at--;
	return at;
}

static size_t line_end(const struct diag *d, size_t at)
{
	while (at < d->n && d->text[at] != '\n')
		at++;
	if (at > 0 && at <= d->n && d->text[at - 1] == '\r' && d->text[at] == '\n')
		at--;
	return at;
}

/* The next character's bytes; what is no UTF-8 goes byte by byte. */
static size_t step(const struct diag *d, size_t at)
{
	int length = utf8_length(d->text + at, d->n - at);

	return length ? (size_t)length : 1;
}

void diag_place(const struct diag *d, size_t at, int *line, int *column)
{
	if (at > d->n)
		at = d->n;
	*line = 1;
	*column = 1;
	for (size_t i = 0; i < at; i++)
		*line += d->text[i] == '\n';
	for (size_t i = line_start(d, at); i < at; i += step(d, i))
		++*column;
}

/* Writes one character, but none that moves the cursor. */
static void put_shown(struct str *out, const char *s, size_t length)
{
	unsigned char first = (unsigned char)*s;
	bool c1 = first == 0xc2 && length == 2 && (unsigned char)s[1] < 0xa0;

	if (first < 0x20 || first == 0x7f || c1 || (length == 1 && first >= 0x80))
		str_put(out, "?");
	else
		str_putn(out, s, length);
}

/* The part of the line around the caret, and in *blanks what stands above the caret. */
static void put_window(const struct diag *d, size_t at, int column, struct str *out,
	struct str *blanks)
{
	int skip = column > WINDOW_CHARACTERS - 10 ? column - WINDOW_BEFORE : 0;
	size_t end = line_end(d, at);
	size_t i = line_start(d, at);
	int shown = 0;

	for (int k = 0; k < skip; k++)
		i += step(d, i);
	if (skip) {
		str_put(out, "...");
		str_put(blanks, "   ");
	}
	for (; i < end && shown < WINDOW_CHARACTERS; shown++) {
		size_t length = step(d, i);
		bool tab = d->text[i] == '\t';

		if (tab)
			str_put(out, "\t");
		else
			put_shown(out, d->text + i, length);
		if (i < at)
			str_put(blanks, tab ? "\t" : " ");
		i += length;
	}
	if (i < end)
		str_put(out, "...");
}

/* The text that the offset is really of, *at in it. */
static struct diag origin(const struct diag *d, size_t *at)
{
	const struct diag_piece *p = d->piece;
	struct diag own = *d;

	for (int i = 0; i < d->pieces; i++, p++) {
		if (*at >= p->from + p->n && i + 1 < d->pieces)
			continue;
		*at = p->fixed ? p->at : p->at + (*at - p->from);
		own.path = p->path;
		own.text = p->text;
		own.n = strlen(p->text);
		break;
	}
	return own;
}

static void put_item(
	const struct diag *of, const struct diag_item *item, struct str *out)
{
	struct str blanks = { .arena = of->arena };
	size_t at = item->at < of->n ? item->at : of->n;
	const struct diag own = origin(of, &at);
	const struct diag *d = &own;
	int line, column;

	at = at < d->n ? at : d->n;

	diag_place(d, at, &line, &column);
	str_printf(out, "%s:%d:%d: error: %s\n", d->path, line, column, item->message);
	str_printf(out, "%5d | ", line);
	put_window(d, at, column, out, &blanks);
	str_printf(out, "\n      | %s^\n", str_get(&blanks));
}

void diag_render(struct diag *d, struct str *out)
{
	for (int i = 1; i < d->kept; i++) /* stable: few items, mostly in order */
		for (int j = i; j > 0 && d->item[j - 1].at > d->item[j].at; j--) {
			struct diag_item swap = d->item[j];

			d->item[j] = d->item[j - 1];
			d->item[j - 1] = swap;
		}
	for (int i = 0; i < d->kept; i++)
		put_item(d, &d->item[i], out);
	if (d->total > d->kept)
		str_printf(out, "%s: %d more error%s\n", d->path, d->total - d->kept,
			d->total - d->kept == 1 ? "" : "s");
}

const char *diag_quote(struct arena *a, const char *s)
{
	struct str out = { .arena = a };
	size_t n = strlen(s);
	int shown = 0;

	str_put(&out, "\"");
	for (size_t i = 0; i < n && shown < QUOTE_CHARACTERS; shown++) {
		int length = utf8_length(s + i, n - i);

		put_shown(&out, s + i, length ? (size_t)length : 1);
		i += length ? (size_t)length : 1;
		if (shown + 1 == QUOTE_CHARACTERS && i < n)
			str_put(&out, "...");
	}
	str_put(&out, "\"");
	return str_get(&out);
}
