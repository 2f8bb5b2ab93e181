#include "orchestrator/json/json.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_CHARACTERS 60 /* cJSON's own limit is 63 */

struct scan {
	const char *s;
	size_t n; /* s[n] is NUL */
	size_t i;
	int depth;
	struct json_marks *marks;
	struct arena *arena;
	struct diag *d;
};

#define NO_KEY UINT32_MAX

static bool scan_value(struct scan *c, uint32_t key_at);

bool json_blank_comments(char *text, size_t n, struct diag *d)
{
	bool string = false;

	for (size_t i = 0; i < n; i++) {
		size_t start = i;

		if (string) {
			if (text[i] == '\\' && i + 1 < n && text[i + 1] != '\n')
				i++;
			else if (text[i] == '"' || text[i] == '\n')
				string = false;
		} else if (text[i] == '"') {
			string = true;
		} else if (text[i] == '/' && text[i + 1] == '/') {
			while (i < n && text[i] != '\n')
				text[i++] = ' ';
		} else if (text[i] == '/' && text[i + 1] == '*') {
			char *end = strstr(text + i + 2, "*/");

			if (!end) {
				diag_add(d, start, "this comment has no end");
				return false;
			}
			for (; text + i < end + 2; i++)
				if (text[i] != '\n')
					text[i] = ' ';
			i--;
		}
	}
	return true;
}

static bool fault(struct scan *c, size_t at, const char *message)
{
	diag_add(c->d, at, "%s", message);
	return false;
}

static void skip_blanks(struct scan *c)
{
	while (c->i < c->n && strchr(" \t\r\n", c->s[c->i]))
		c->i++;
}

/* The end of the text where `what`, opened at `from`, still wants its end. */
static bool cut_off(struct scan *c, const char *what, size_t from)
{
	int line, column;

	diag_place(c->d, from, &line, &column);
	diag_add(c->d, c->n, "the file ends inside the %s that begins at line %d", what,
		line);
	return false;
}

/* Reads the four hexadecimal digits after \u at i; -1 where there are none. */
static int hex4(const struct scan *c, size_t i)
{
	int v = 0;

	for (int k = 0; k < 4; k++, i++) {
		char digit = i < c->n ? c->s[i] : '\0';

		if (!isxdigit((unsigned char)digit))
			return -1;
		v = v * 16 +
			(isdigit((unsigned char)digit) ? digit - '0'
						       : (digit | 32) - 'a' + 10);
	}
	return v;
}

/* Scans the escape at a backslash and leaves c->i behind it. */
static bool scan_escape(struct scan *c)
{
	size_t at = c->i;
	int code;

	if (c->s[at + 1] != 'u') {
		if (at + 1 >= c->n || !strchr("\"\\/bfnrt", c->s[at + 1]))
			return fault(c, at, "JSON has no such escape");
		c->i += 2;
		return true;
	}
	code = hex4(c, at + 2);
	if (code < 0)
		return fault(c, at, "\\u wants four hexadecimal digits");
	if (code == 0)
		return fault(c, at, "a NUL character in a string");
	c->i += 6;
	if (code < 0xd800 || code > 0xdfff)
		return true;
	if (code < 0xdc00 && c->s[c->i] == '\\' && c->s[c->i + 1] == 'u') {
		int low = hex4(c, c->i + 2);

		c->i += 6;
		if (low >= 0xdc00 && low <= 0xdfff)
			return true;
	}
	return fault(c, at, "half of a surrogate pair");
}

static bool scan_string(struct scan *c)
{
	size_t from = c->i++;

	while (c->i < c->n && c->s[c->i] != '"') {
		char ch = c->s[c->i];

		if (ch == '\n' || ch == '\r')
			return fault(c, from, "this string has no end on its line");
		if (ch == '\t')
			return fault(c, c->i, "a tab inside a string: write \\t");
		if (ch != '\\')
			c->i++;
		else if (!scan_escape(c))
			return false;
	}
	if (c->i >= c->n)
		return cut_off(c, "string", from);
	c->i++;
	return true;
}

static void skip_digits(struct scan *c)
{
	while (isdigit((unsigned char)c->s[c->i]))
		c->i++;
}

/* Whether a number's grammar holds; c->i behind it. */
static bool number_grammar(struct scan *c)
{
	if (c->s[c->i] == '-')
		c->i++;
	if (!isdigit((unsigned char)c->s[c->i]))
		return false;
	if (c->s[c->i] == '0')
		c->i++;
	else
		skip_digits(c);
	if (c->s[c->i] == '.') {
		c->i++;
		if (!isdigit((unsigned char)c->s[c->i]))
			return false;
		skip_digits(c);
	}
	if ((c->s[c->i] | 32) == 'e') {
		c->i++;
		if (c->s[c->i] == '-' || c->s[c->i] == '+')
			c->i++;
		if (!isdigit((unsigned char)c->s[c->i]))
			return false;
		skip_digits(c);
	}
	return !isalnum((unsigned char)c->s[c->i]) && c->s[c->i] != '.';
}

/* Whether there is such a digit before an exponent: then the number is not zero. */
static bool has_digit_above_0(const char *s, const char *end)
{
	for (; s < end && (*s | 32) != 'e'; s++)
		if (*s >= '1' && *s <= '9')
			return true;
	return false;
}

static bool scan_number(struct scan *c)
{
	size_t from = c->i;
	double v;

	if (!number_grammar(c))
		return fault(c, from, "this is not a number as JSON writes it");
	if (c->i - from > NUMBER_CHARACTERS)
		return fault(c, from, "a number of more than 60 characters");
	v = strtod(c->s + from, NULL);
	if (!isfinite(v))
		return fault(c, from, "this number is beyond the range of a double");
	if (v == 0 && has_digit_above_0(c->s + from, c->s + c->i))
		return fault(c, from, "this number is too small for a double");
	return true;
}

static bool is_word(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_' || ch == '-' || ch == '+';
}

/* Scans true, false, null, or what people write instead of a value. */
static bool scan_word(struct scan *c)
{
	static const char *const words[] = { "true", "false", "null" };
	static const char *const of_python[][2] = { { "True", "true" },
		{ "False", "false" },
		{ "None", "null, and a key that is left out has its default" } };
	static const char *const no_numbers[] = { "nan", "inf", "infinity", "-inf",
		"-infinity", "-nan", "+inf", "+infinity" };
	size_t from = c->i;
	const char *word;

	while (c->i < c->n && is_word(c->s[c->i]))
		c->i++;
	word = arena_strndup(c->arena, c->s + from, c->i - from);
	for (int k = 0; k < 3; k++)
		if (!strcmp(word, words[k]))
			return true;
	for (int k = 0; k < COUNT(of_python); k++)
		if (!strcmp(word, of_python[k][0])) {
			diag_add(c->d, from,
				"expected a value, found %s, as Python writes it; JSON "
				"has %s",
				word, of_python[k][1]);
			return false;
		}
	for (int k = 0; k < COUNT(no_numbers); k++)
		if (!strcasecmp(word, no_numbers[k])) {
			diag_add(c->d, from,
				"%s is not a number that a sweep file can hold", word);
			return false;
		}
	diag_add(c->d, from, "expected a value, found %s", diag_quote(c->arena, word));
	return false;
}

/* What stands where something else should: a word whole, anything else by character. */
static bool unexpected(struct scan *c, const char *expected)
{
	size_t n = 0;

	while (c->i + n < c->n && is_word(c->s[c->i + n]))
		n++;
	if (n == 0)
		n = (size_t)utf8_length(c->s + c->i, c->n - c->i);
	diag_add(c->d, c->i, "expected %s, found %.*s", expected,
		(int)(n < 40 ? n : 40), c->s + c->i);
	return false;
}

/* Scans what follows a member or element: a comma and another one, or the end. */
static bool scan_separator(struct scan *c, char close, const char *what, size_t from)
{
	skip_blanks(c);
	if (c->i >= c->n)
		return cut_off(c, what, from);
	if (c->s[c->i] == close)
		return true;
	if (c->s[c->i] != ',')
		return unexpected(c,
			close == '}' ? "a comma or the end of the object"
				     : "a comma or the end of the list");
	c->i++;
	skip_blanks(c);
	if (c->i < c->n && c->s[c->i] == close)
		return fault(c, c->i, "a comma must be followed by another value");
	return true;
}

/* A key and its colon; leaves c->i at the value. */
static bool scan_key(struct scan *c, size_t object)
{
	if (c->s[c->i] != '"')
		return unexpected(c, "a key in double quotes");
	if (!scan_string(c))
		return false;
	skip_blanks(c);
	if (c->i >= c->n)
		return cut_off(c, "object", object);
	if (c->s[c->i] != ':')
		return unexpected(c, "a colon after the key");
	c->i++;
	skip_blanks(c);
	if (c->i >= c->n)
		return cut_off(c, "object", object);
	return true;
}

/* An object or a list, c->i at its bracket. */
static bool scan_container(struct scan *c)
{
	bool object = c->s[c->i] == '{';
	const char *what = object ? "object" : "list";
	char close = object ? '}' : ']';
	size_t from = c->i++;

	if (++c->depth > JSON_DEPTH_MAX)
		return fault(c, from, "nested more than 64 levels deep");
	skip_blanks(c);
	if (c->i >= c->n)
		return cut_off(c, what, from);
	while (c->s[c->i] != close) {
		uint32_t key_at = object ? (uint32_t)c->i : NO_KEY;

		if (object && !scan_key(c, from))
			return false;
		if (!scan_value(c, key_at) || !scan_separator(c, close, what, from))
			return false;
		if (c->i >= c->n)
			return cut_off(c, what, from);
	}
	c->i++;
	c->depth--;
	return true;
}

static bool scan_value(struct scan *c, uint32_t key_at)
{
	struct json_marks *m = c->marks;
	char ch = c->s[c->i];

	if (m->count == JSON_VALUES_MAX)
		return fault(
			c, c->i, "more than 100,000 values: that is no sweep file");
	(void)GROW(c->arena, m->mark, m->count, m->capacity);
	m->mark[m->count++] = (struct json_mark){ key_at, (uint32_t)c->i };
	if (ch == '{' || ch == '[')
		return scan_container(c);
	if (ch == '"')
		return scan_string(c);
	if (isdigit((unsigned char)ch) ||
		(ch == '-' && isdigit((unsigned char)c->s[c->i + 1])))
		return scan_number(c);
	if (is_word(ch))
		return scan_word(c);
	if (ch == '\'')
		return fault(c, c->i, "strings stand in double quotes");
	return unexpected(c, "a value");
}

bool json_scan(const char *text, size_t n, struct json_marks *marks, struct arena *a,
	struct diag *d)
{
	struct scan c = { text, n, 0, 0, marks, a, d };

	skip_blanks(&c);
	if (c.i >= n)
		return fault(&c, 0, "the file is empty");
	if (!scan_value(&c, NO_KEY))
		return false;
	skip_blanks(&c);
	if (c.i < n)
		return fault(&c, c.i, "text after the end of the sweep");
	return true;
}

size_t json_end(struct arena *a, const struct diag *d, size_t at)
{
	struct diag none = { .arena = a, .path = "", .text = d->text, .n = d->n };
	struct json_marks marks = { 0 };
	char *text = arena_strndup(a, d->text, d->n);
	struct scan c = { text, d->n, at, 0, &marks, a, &none };

	if (!json_blank_comments(text, d->n, &none) || !scan_value(&c, NO_KEY))
		BUG("a value that was good before");
	return c.i;
}
