#include "trainer-core/dataset/npy_header.h"

#include <stdarg.h>
#include <string.h>
#include "common/arena.h"

/* The text of the dictionary, read from left to right. */
struct scan {
	const char *path;
	const char *text;
	size_t n;
	size_t i;
	size_t at; /* of text[0] in the file */
	struct err *e;
};

static int expected(const struct scan *s, const char *what)
{
	size_t at = s->at + s->i;

	if (s->i >= s->n)
		return err_set(s->e, ERR_DATA,
			"%s: byte %zu: the header ends, expected %s", s->path, at,
			what);
	return err_set(s->e, ERR_DATA, "%s: byte %zu: found byte 0x%02x, expected %s",
		s->path, at, (unsigned char)s->text[s->i], what);
}

static bool peek(const struct scan *s, char c)
{
	return s->i < s->n && s->text[s->i] == c;
}

static void blanks(struct scan *s)
{
	while (peek(s, ' '))
		s->i++;
}

/* The character, blanks before and after it; false where it is another. */
static bool accept(struct scan *s, char c)
{
	blanks(s);
	if (!peek(s, c))
		return false;
	s->i++;
	blanks(s);
	return true;
}

static bool accept_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n - s->i < n || memcmp(s->text + s->i, word, n) != 0)
		return false;
	s->i += n;
	return true;
}

/* 'text' or "text" of less than max bytes, without escapes. */
static int read_string(struct scan *s, char *out, size_t max, const char *what)
{
	char quote;
	size_t n = 0;

	if (!peek(s, '\'') && !peek(s, '"'))
		return expected(s, what);
	quote = s->text[s->i++];
	while (s->i < s->n && !peek(s, quote) && !peek(s, '\\') && n + 1 < max)
		out[n++] = s->text[s->i++];
	out[n] = '\0';
	if (!peek(s, quote))
		return expected(s, what);
	s->i++;
	return OK;
}

/* NumPy's kind and size of an element: "<f4", ">i8", "|u1", "|b1". */
static int read_descr(struct scan *s, struct npy_header *h)
{
	static const char known[] = "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1";
	static const char what[] =
		"the type of a number ('<f4', '>i2', '|u1', '|b1' ...)";
	size_t begin = s->i;
	char t[8];
	int rc = read_string(s, t, sizeof(t), what);

	if (rc)
		return rc;
	if (strlen(t) != 3 || !strchr("<>|=", t[0]) || !strstr(known, t + 1) ||
		t[2] == ' ' || (strchr("|=", t[0]) && t[2] != '1')) {
		s->i = begin + 1;
		return expected(s, what);
	}
	h->big = t[0] == '>';
	h->kind = t[1];
	h->size = t[2] - '0';
	return OK;
}

static int read_order(struct scan *s, struct npy_header *h)
{
	h->fortran = accept_word(s, "True");
	if (!h->fortran && !accept_word(s, "False"))
		return expected(s, "True or False");
	return OK;
}

/* A dimension; Python 2 wrote some with an L behind. */
static int read_dim(struct scan *s, uint64_t *dim)
{
	size_t begin = s->i;

	*dim = 0;
	while (s->i < s->n && s->text[s->i] >= '0' && s->text[s->i] <= '9') {
		*dim = *dim * 10 + (uint64_t)(s->text[s->i] - '0');
		if (*dim > INT32_MAX)
			return expected(s, "a dimension below 2147483648");
		s->i++;
	}
	if (s->i == begin)
		return expected(s, "a dimension");
	if (peek(s, 'L'))
		s->i++;
	return OK;
}

static int read_shape(struct scan *s, struct npy_header *h)
{
	bool comma = true;
	int n = 0;

	if (!accept(s, '('))
		return expected(s, "the shape: (N, ...)");
	while (!accept(s, ')')) {
		int rc;

		if (!comma)
			return expected(s, "a comma or the end of the shape");
		if (n == NPY_DIMS_MAX)
			return expected(s, "no more than 8 dimensions");
		rc = read_dim(s, &h->dim[n++]);
		if (rc)
			return rc;
		comma = accept(s, ',');
		/* (5) is a number in Python, no tuple. */
		if (n == 1 && !comma)
			return expected(s, "a comma");
	}
	while (n > 0 && h->dim[n - 1] == 1)
		n--;
	h->dims = n;
	return OK;
}

static const struct {
	const char *key;
	int (*read)(struct scan *s, struct npy_header *h);
} entries[] = {
	{ "descr", read_descr },
	{ "fortran_order", read_order },
	{ "shape", read_shape },
};

static int read_entry(struct scan *s, struct npy_header *h, bool seen[COUNT(entries)])
{
	static const char what[] = "'descr', 'fortran_order' or 'shape', each once";
	size_t begin = s->i;
	char key[16];
	int rc = read_string(s, key, sizeof(key), what);

	if (rc)
		return rc;
	for (int i = 0; i < COUNT(entries); i++) {
		if (strcmp(key, entries[i].key) != 0 || seen[i])
			continue;
		seen[i] = true;
		if (!accept(s, ':'))
			return expected(s, "a colon");
		return entries[i].read(s, h);
	}
	s->i = begin;
	return expected(s, what);
}

static int read_dictionary(struct scan *s, struct npy_header *h)
{
	bool seen[COUNT(entries)] = { false };
	bool comma = true;

	if (!accept(s, '{'))
		return expected(s, "{");
	while (!accept(s, '}')) {
		int rc;

		if (!comma)
			return expected(s, "a comma or }");
		rc = read_entry(s, h, seen);
		if (rc)
			return rc;
		comma = accept(s, ',');
	}
	for (int i = 0; i < COUNT(entries); i++)
		if (!seen[i])
			return err_set(s->e, ERR_DATA,
				"%s: byte %zu: the header ends, expected '%s' in it",
				s->path, s->at + s->i, entries[i].key);
	blanks(s);
	if (!peek(s, '\n') || s->i + 1 != s->n)
		return expected(s, "blanks and one newline at the end of the header");
	return OK;
}

/* n bytes of the file at `at`. */
static int take(
	FILE *f, const char *path, size_t at, void *out, size_t n, struct err *e)
{
	size_t got = fread(out, 1, n, f);

	if (got == n)
		return OK;
	if (ferror(f))
		return err_errno(e, "%s: byte %zu", path, at + got);
	return err_set(e, ERR_DATA,
		"%s: byte %zu: the file ends, expected %zu bytes more", path, at + got,
		n - got);
}

/* Magic, version and length; *at is where the dictionary begins. */
static int read_preamble(
	FILE *f, const char *path, size_t *at, size_t *length, struct err *e)
{
	static const char magic[] = "\x93NUMPY";
	unsigned char b[12];
	int rc = take(f, path, 0, b, 8, e);

	if (rc)
		return rc;
	if (memcmp(b, magic, 6) != 0)
		return err_set(e, ERR_DATA,
			"%s: byte 0: found %02x %02x %02x %02x %02x %02x, expected 93 "
			"4e 55 4d 50 59 (.npy)",
			path, b[0], b[1], b[2], b[3], b[4], b[5]);
	if (b[6] < 1 || b[6] > 3 || b[7] != 0)
		return err_set(e, ERR_DATA,
			"%s: byte 6: version %d.%d, expected 1.0, 2.0 or 3.0", path,
			b[6], b[7]);
	*at = b[6] == 1 ? 10 : 12;
	rc = take(f, path, 8, b, *at - 8, e);
	if (rc)
		return rc;
	*length = 0;
	for (size_t i = *at - 8; i > 0; i--)
		*length = *length << 8 | b[i - 1];
	if (*length > NPY_HEADER_MAX)
		return err_set(e, ERR_DATA,
			"%s: byte 8: a header of %zu bytes, expected at most %d", path,
			*length, NPY_HEADER_MAX);
	return OK;
}

int npy_header_read(FILE *f, const char *path, struct npy_header *h, struct err *e)
{
	char text[NPY_HEADER_MAX];
	struct scan s = { .path = path, .text = text, .e = e };
	int rc = read_preamble(f, path, &s.at, &s.n, e);

	if (!rc)
		rc = take(f, path, s.at, text, s.n, e);
	if (rc)
		return rc;
	*h = (struct npy_header){ .at = s.at + s.n };
	return read_dictionary(&s, h);
}
