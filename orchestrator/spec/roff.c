#include "orchestrator/spec/roff.h"

#include <ctype.h>
#include <string.h>
#include "common/version.h"

#define CELLS_MAX 8

struct roff {
	struct str *out;
	struct arena *a;
	bool fenced;
	bool paragraph; /* a paragraph begins with the next text */
	bool headed; /* nothing has followed the heading yet */
	bool titled; /* the title is all there was: what follows describes it */
	const char *head[CELLS_MAX]; /* of the table that is being read */
	int heads; /* 0: no table */
};

static void put_character(struct str *out, const char *c, bool first)
{
	switch (*c) {
	case '\\':
		str_put(out, "\\e");
		break;
	case '-':
		str_put(out, "\\-");
		break;
	case '~':
		str_put(out, "\\(ti");
		break;
	case '^':
		str_put(out, "\\(ha");
		break;
	case '\'':
		str_put(out, "\\(aq");
		break;
	case '.':
		str_put(out, first ? "\\&." : ".");
		break;
	default:
		str_putn(out, c, 1);
	}
}

/* "[words](address)" at s: the length of the words, and behind in *n; 0 where it is none. */
static size_t link_words(const char *s, size_t *n)
{
	size_t words = *s == '[' ? strcspn(s + 1, "]") : 0;
	const char *round = s + words + 2;

	if (!words || s[words + 1] != ']' || *round != '(')
		return 0;
	*n = words + 2 + strcspn(round, ")") + 1;
	return words;
}

/* A line of text; `code` is bold, a link is its words. */
static void put_inline(struct roff *r, const char *s)
{
	bool code = false;
	bool first = true;

	while (*s) {
		size_t n = 1;
		size_t words = code ? 0 : link_words(s, &n);

		if (*s == '`') {
			code = !code;
			str_put(r->out, code ? "\\fB" : "\\fR");
		} else if (words) {
			put_inline(r, arena_strndup(r->a, s + 1, words));
		} else {
			put_character(r->out, s, first);
		}
		first = false;
		s += n;
	}
}

static void put_text(struct roff *r, const char *s)
{
	if (r->titled)
		str_put(r->out, ".SH DESCRIPTION\n");
	else if (r->paragraph && !r->headed)
		str_put(r->out, ".PP\n");
	r->paragraph = r->headed = r->titled = false;
	put_inline(r, s);
	str_put(r->out, "\n");
}

/* The next cell of "| a | b |", without the blanks around it; NULL behind the last. */
static const char *next_cell(struct roff *r, const char **line)
{
	const char *from = *line + (**line == '|');
	size_t n = strcspn(from, "|");

	if (!from[n])
		return NULL;
	*line = from + n;
	while (n && *from == ' ') {
		from++;
		n--;
	}
	while (n && from[n - 1] == ' ')
		n--;
	return arena_strndup(r->a, from, n);
}

static int split_cells(struct roff *r, const char *line, const char **cell)
{
	int n = 0;

	while (n < CELLS_MAX && (cell[n] = next_cell(r, &line)) != NULL)
		n++;
	return n;
}

/* What stands between the tag and the text, in brackets. */
static void put_between(struct roff *r, const char *const *cell, int from, int to)
{
	bool any = false;

	for (int i = from; i < to; i++) {
		if (!*cell[i] || !strcmp(cell[i], "–"))
			continue;
		str_put(r->out, any ? "; " : " (");
		put_inline(r, r->head[i]);
		str_put(r->out, ": ");
		put_inline(r, cell[i]);
		any = true;
	}
	if (any)
		str_put(r->out, ")");
}

static void put_row(struct roff *r, const char *line)
{
	const char *cell[CELLS_MAX];
	int n = split_cells(r, line, cell);
	int tags = r->heads && !strcmp(r->head[0], "of") ? 2 : 1;

	if (!r->heads) {
		memcpy(r->head, cell, sizeof(cell));
		r->heads = n;
		return;
	}
	if (n != r->heads || !strncmp(cell[0], "---", 3))
		return;
	r->headed = false;
	str_put(r->out, ".TP\n");
	put_inline(r, cell[0]);
	if (tags == 2) {
		str_put(r->out, " ");
		put_inline(r, cell[1]);
	}
	str_put(r->out, "\n\\&");
	put_inline(r, n > tags ? cell[n - 1] : "");
	put_between(r, cell, tags, n - 1);
	str_put(r->out, "\n");
}

/* "# name – what it is" */
static void put_title(struct roff *r, const char *title, int section)
{
	static const char dash[] = " – ";
	const char *at = strstr(title, dash);
	const char *name =
		arena_strndup(r->a, title, at ? (size_t)(at - title) : strlen(title));
	char *upper = arena_strdup(r->a, name);

	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	str_put(r->out, ".TH ");
	put_inline(r, upper);
	str_printf(r->out, " %d \"%s\" \"deltam %s\"\n.SH NAME\n", section, DELTAM_DATE,
		DELTAM_VERSION);
	put_inline(r, name);
	str_put(r->out, " \\- ");
	put_inline(r, at ? at + sizeof(dash) - 1 : name);
	str_put(r->out, "\n");
	r->titled = true;
}

static void put_heading(struct roff *r, const char *heading)
{
	char *upper = arena_strdup(r->a, heading);

	for (char *p = upper; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	str_put(r->out, ".SH ");
	put_inline(r, upper);
	str_put(r->out, "\n");
	r->headed = true;
	r->titled = false;
}

static void put_fence(struct roff *r)
{
	r->fenced = !r->fenced;
	if (r->fenced && !r->headed)
		str_put(r->out, ".PP\n");
	str_put(r->out, r->fenced ? ".RS 4\n.nf\n" : ".fi\n.RE\n");
	r->paragraph = r->headed = false;
}

static void put_line(struct roff *r, const char *line, int section)
{
	if (*line != '|' || r->fenced)
		r->heads = 0;
	if (!strncmp(line, "```", 3))
		put_fence(r);
	else if (r->fenced)
		put_text(r, line);
	else if (!strncmp(line, "<!--", 4))
		return;
	else if (!strncmp(line, "# ", 2))
		put_title(r, line + 2, section);
	else if (!strncmp(line, "## ", 3))
		put_heading(r, line + 3);
	else if (*line == '|')
		put_row(r, line);
	else if (*line)
		put_text(r, line);
	else
		r->paragraph = true;
}

void roff_page(struct str *out, const char *page, int section)
{
	struct roff r = { .out = out, .a = out->arena };

	str_put(out,
		".\\\" -*- coding: utf-8 -*-\n"
		".\\\" Generated by `make docs` from the tables; do not edit.\n");
	while (*page) {
		size_t n = strcspn(page, "\n");

		put_line(&r, arena_strndup(r.a, page, n), section);
		page += n + (page[n] == '\n');
	}
}
