#include "common/str.h"

#include <ctype.h>
#include <float.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct str *b, size_t more)
{
	size_t want = b->n + more + 1;
	char *s;

	if (want <= b->capacity)
		return;
	if (want < 2 * b->capacity)
		want = 2 * b->capacity;
	s = arena_alloc(b->arena, want, 1);
	if (b->n)
		memcpy(s, b->s, b->n);
	b->s = s;
	b->capacity = want;
}

void str_putn(struct str *b, const char *s, size_t n)
{
	reserve(b, n);
	memcpy(b->s + b->n, s, n);
	b->n += n;
	b->s[b->n] = '\0';
}

void str_put(struct str *b, const char *s)
{
	str_putn(b, s, strlen(s));
}

void str_printf(struct str *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	ASSERT(n >= 0);
	reserve(b, (size_t)n);
	va_start(ap, fmt);
	vsnprintf(b->s + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void str_json(struct str *out, const char *s)
{
	str_put(out, "\"");
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			str_printf(out, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			str_printf(out, "\\u%04x", (unsigned char)*s);
		else
			str_putn(out, s, 1);
	}
	str_put(out, "\"");
}

const char *str_get(const struct str *b)
{
	return b->s ? b->s : "";
}

char *number_format(double v, char buf[NUMBER_MAX])
{
	int digits;

	ASSERT(isfinite(v));
	if (v ==
		0) /* one zero: -0 would give an equal configuration another identity */
		v = 0;
	if (v == floor(v) && fabs(v) < 1e15) {
		snprintf(buf, NUMBER_MAX, "%.0f", v);
		return buf;
	}
	/*
	 * A decimal of up to 15 digits comes back from the double next to it, and %g leaves out
	 * zeros at its end: fewer need not be tried, but where doubles have lost digits.
	 */
	for (digits = fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
		snprintf(buf, NUMBER_MAX, "%.*g", digits, v);
		if (strtod(buf, NULL) == v)
			break;
	}
	return buf;
}

bool number_parse(const char *s, double *v)
{
	char *end;

	if (!*s || isspace((unsigned char)*s))
		return false;
	*v = strtod(s, &end);
	return *end == '\0' && isfinite(*v);
}

bool integer_parse(const char *s, int64_t *v)
{
	char *end;

	if (!*s || isspace((unsigned char)*s))
		return false;
	errno = 0;
	*v = strtoll(s, &end, 10);
	return *end == '\0' && errno == 0;
}

#define WORD_MAX 64

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edit distance, letter case costing nothing: wrong case is the commonest slip. */
static int distance(const char *a, const char *b)
{
	int row[WORD_MAX + 1];
	int na = (int)strlen(a);
	int nb = (int)strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (int j = 0; j <= nb; j++)
		row[j] = j;
	for (int i = 1; i <= na; i++) {
		int diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= nb; j++) {
			int above = row[j];
			bool same = tolower((unsigned char)a[i - 1]) ==
				tolower((unsigned char)b[j - 1]);

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + !same);
			diagonal = above;
		}
	}
	return row[nb];
}

static int lengths_apart(const char *a, const char *b)
{
	return abs((int)strlen(a) - (int)strlen(b));
}

const char *str_nearest(const char *word, const char *const *candidates, int n)
{
	const char *best = NULL;
	int limit = (int)strlen(word) / 3;
	int best_distance;

	if (limit < 2)
		limit = 2;
	best_distance = limit + 1;
	for (int i = 0; i < n; i++) {
		const char *c = candidates[i];
		int d = distance(word, c);
		/* A letter too few or too many is a commoner slip than a wrong one. */
		bool likelier = best && d == best_distance &&
			lengths_apart(word, c) > lengths_apart(word, best);

		/* "a" is not a slip of "eps": something of the word must remain. */
		if ((d < best_distance || likelier) && d < (int)strlen(c)) {
			best = c;
			best_distance = d;
		}
	}
	return best;
}

const char *str_hint(const char *near, char buf[HINT_MAX])
{
	if (!near)
		return "";
	snprintf(buf, HINT_MAX, "; did you mean \"%s\"?", near);
	return buf;
}

bool str_has_line(const char *text, const char *line, size_t n)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length == n && !strncmp(text, line, n))
			return true;
		text += length + (text[length] == '\n');
	}
	return false;
}
