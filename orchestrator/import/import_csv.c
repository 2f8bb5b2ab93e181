/* Rows as `deltam export --format csv` writes them: RFC 4180, a header, a row a figure. */
#include <string.h>
#include "orchestrator/import/import.h"

struct csv {
	struct import_set *im;
	struct diag *d;
	size_t at; /* what is read next */
	struct arena arena; /* of one line */
	struct arena_mark empty;
	struct import_cell *cell; /* of one line */
	int cells, capacity;
};

static bool at_end(const struct csv *c)
{
	return c->at >= c->d->n;
}

/* Behind a cell: a comma (true), or the end of the line, which is passed. */
static bool next_follows(struct csv *c)
{
	const char *s = c->d->text;

	if (!at_end(c) && s[c->at] == ',') {
		c->at++;
		return true;
	}
	if (!at_end(c) && s[c->at] == '\r')
		c->at++;
	if (!at_end(c) && s[c->at] == '\n')
		c->at++;
	return false;
}

/* A cell in quotes, in which two stand for one; false: it never ends. */
static bool read_quoted(struct csv *c, struct str *out)
{
	const char *s = c->d->text;
	size_t start = c->at++;

	for (; !at_end(c); c->at++) {
		if (s[c->at] == '"' && (c->at + 1 == c->d->n || s[c->at + 1] != '"')) {
			c->at++;
			return true;
		}
		c->at += s[c->at] == '"';
		str_putn(out, s + c->at, 1);
	}
	diag_add(c->d, start, "this quote is never closed");
	return false;
}

/*
 * What a spreadsheet would take for a formula stands behind an apostrophe, which export
 * has written (csv.c) and nobody means.
 */
static const char *plain(const char *text)
{
	return *text == '\'' && text[1] && strchr("=+-@", text[1]) ? text + 1 : text;
}

static bool read_cell(struct csv *c)
{
	struct str text = { .arena = &c->arena };
	struct import_cell *cell;
	size_t start = c->at;
	size_t n;

	if (!at_end(c) && c->d->text[c->at] == '"' && !read_quoted(c, &text))
		return false;
	n = strcspn(c->d->text + c->at, ",\r\n");
	if (c->at > start && n) {
		diag_add(c->d, c->at, "text behind a closing quote");
		return false;
	}
	str_putn(&text, c->d->text + c->at, n);
	c->at += n;
	(void)GROW(c->im->a, c->cell, c->cells, c->capacity);
	cell = &c->cell[c->cells++];
	*cell = (struct import_cell){ plain(str_get(&text)), start };
	return true;
}

/* All cells of a line; false: the file cannot be read on. */
static bool read_line(struct csv *c)
{
	arena_rewind(&c->arena, c->empty);
	c->cells = 0;
	do {
		if (!read_cell(c))
			return false;
	} while (next_follows(c));
	return true;
}

/* What the columns of the file are. */
struct header {
	int *column; /* import_column, or IMPORT_COLUMNS + the number of a hyperparameter */
	int columns;
	struct import_record record; /* its texts are set line by line */
};

static bool is_double(const struct csv *c, int i)
{
	for (int k = 0; k < i; k++)
		if (!strcmp(c->cell[k].text, c->cell[i].text)) {
			diag_add(c->d, c->cell[i].at, "column %s stands here twice",
				diag_quote(c->im->a, c->cell[i].text));
			return true;
		}
	return false;
}

static bool read_header(struct csv *c, struct header *h)
{
	struct arena *a = c->im->a;
	struct import_record *r = &h->record;
	bool good = true;

	*h = (struct header){ .record = { .d = c->d } };
	if (!read_line(c))
		return false;
	h->columns = c->cells;
	h->column = NEW_ARRAY(a, int, c->cells);
	r->hyper = NEW_ARRAY(a, const char *, c->cells);
	r->value = NEW_ARRAY(a, struct import_cell, c->cells);
	for (int i = 0; i < c->cells; i++) {
		int k = is_double(c, i)
			? -1
			: import_column_of(c->im, c->d, c->cell[i].text, c->cell[i].at);

		good = good && k >= 0;
		h->column[i] = k;
		if (k >= 0 && k < IMPORT_COLUMNS) {
			r->known[k].text = "";
		} else if (k >= 0) {
			h->column[i] += r->hypers;
			r->hyper[r->hypers++] = arena_strdup(a, c->cell[i].text);
		}
	}
	return good && import_is_whole(r);
}

static void take_line(struct csv *c, struct header *h, size_t at)
{
	struct import_record *r = &h->record;

	if (c->cells == 1 && !*c->cell[0].text)
		return;
	if (c->cells != h->columns) {
		diag_add(c->d, at, "%d cell%s here, and %d in the first line", c->cells,
			c->cells > 1 ? "s" : "", h->columns);
		return;
	}
	r->at = at;
	for (int i = 0; i < c->cells; i++)
		if (h->column[i] < IMPORT_COLUMNS)
			r->known[h->column[i]] = c->cell[i];
		else
			r->value[h->column[i] - IMPORT_COLUMNS] = c->cell[i];
	import_take(c->im, r);
}

void import_csv(struct import_set *im, struct diag *d)
{
	struct csv c = { .im = im, .d = d };
	struct header h;
	bool good;

	(void)arena_alloc(&c.arena, 1, 1); /* a chunk that rewinding keeps */
	c.empty = arena_mark(&c.arena);
	good = read_header(&c, &h);
	while (good && !at_end(&c)) {
		size_t start = c.at;

		good = read_line(&c);
		if (good)
			take_line(&c, &h, start);
	}
	arena_release(&c.arena);
}
