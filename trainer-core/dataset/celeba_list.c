#include "trainer-core/dataset/celeba_list.h"

#include <string.h>
#include "common/str.h"

/* One line at a time, taken to pieces at the blanks. */
struct lines {
	FILE *f;
	const char *path;
	int line; /* its number, from 1 */
	long next; /* byte at which the next one begins */
	char text[2048];
	char *rest;
};

/* ERR_DATA at `word` of the line; word NULL: at its end. */
static int expected(
	const struct lines *l, const char *word, const char *what, struct err *e)
{
	return err_set(e, ERR_DATA, "%s: line %d: found \"%.40s\", expected %s",
		l->path, l->line, word ? word : "", what);
}

static int read_line(struct lines *l, const char *what, struct err *e)
{
	size_t n;

	l->line++;
	if (!fgets(l->text, sizeof(l->text), l->f)) {
		if (ferror(l->f))
			return err_errno(e, "%s: line %d", l->path, l->line);
		return err_set(e, ERR_DATA, "%s: line %d: the file ends, expected %s",
			l->path, l->line, what);
	}
	/* A NUL inside would hide what follows it: then less was counted than was read. */
	n = strlen(l->text);
	l->next += (long)n;
	l->rest = l->text;
	if (n && l->text[n - 1] != '\n' && feof(l->f) && ftell(l->f) == l->next)
		return OK; /* the last line needs no end */
	if (n == 0 || l->text[n - 1] != '\n')
		return err_set(e, ERR_DATA,
			"%s: line %d: found no end of the line, expected %s and a "
			"newline",
			l->path, l->line, what);
	l->text[n - 1] = '\0';
	if (n > 1 && l->text[n - 2] == '\r')
		l->text[n - 2] = '\0';
	return OK;
}

/* The next word; NULL at the end of the line. */
static char *word(struct lines *l)
{
	char *w = l->rest + strspn(l->rest, " ");
	size_t n = strcspn(w, " ");

	l->rest = w + n;
	if (n == 0)
		return NULL;
	if (*l->rest)
		*l->rest++ = '\0';
	return w;
}

static int end_of_line(struct lines *l, struct err *e)
{
	char *w = word(l);

	return w ? expected(l, w, "the end of the line", e) : OK;
}

static int end_of_file(struct lines *l, struct err *e)
{
	if (fgetc(l->f) == EOF)
		return OK;
	return err_set(e, ERR_DATA,
		"%s: line %d: found another one, expected the end of the file", l->path,
		l->line + 1);
}

/* A line an image takes at least so many bytes: the name, and " 1" an attribute. */
static int read_count(struct lines *l, int attributes, int *images, struct err *e)
{
	long here, size;
	char *w;
	int64_t n;
	int rc = read_line(l, "the number of images", e);

	if (rc)
		return rc;
	here = ftell(l->f);
	if (here < 0 || fseek(l->f, 0, SEEK_END) != 0 || (size = ftell(l->f)) < 0 ||
		fseek(l->f, here, SEEK_SET) != 0)
		return err_errno(e, "%s", l->path);
	w = word(l);
	if (!w || !integer_parse(w, &n) || n < 1 || n > size / (2 + 2 * attributes))
		return expected(l, w,
			"a number of images for which the file is large enough", e);
	*images = (int)n;
	return end_of_line(l, e);
}

static int read_names(struct lines *l, const char *const *names, int n, struct err *e)
{
	int rc = read_line(l, "the names of the attributes", e);

	for (int i = 0; i < n && !rc; i++) {
		const char *w = word(l);

		if (!w || strcmp(w, names[i]) != 0)
			rc = expected(l, w, names[i], e);
	}
	return rc ? rc : end_of_line(l, e);
}

static int read_attributes(struct lines *l, int n, uint8_t *out, struct err *e)
{
	for (int i = 0; i < n; i++) {
		const char *w = word(l);

		if (!w || (strcmp(w, "1") != 0 && strcmp(w, "-1") != 0))
			return expected(l, w, "1 or -1", e);
		out[i] = *w == '1';
	}
	return end_of_line(l, e);
}

int celeba_read_attributes(struct celeba_list *list, struct arena *a, FILE *f,
	const char *path, const char *const *names, int n, struct err *e)
{
	struct lines l = { .f = f, .path = path };
	int rc = read_count(&l, n, &list->images, e);

	if (!rc)
		rc = read_names(&l, names, n, e);
	if (rc)
		return rc;
	list->attributes = n;
	list->name = arena_alloc(a, (size_t)list->images, sizeof(*list->name));
	list->attribute = NEW_ARRAY(a, uint8_t, (size_t)list->images * (size_t)n);
	for (int i = 0; i < list->images; i++) {
		const char *w;

		rc = read_line(&l, "another image", e);
		if (rc)
			return rc;
		w = word(&l);
		if (!w || strlen(w) >= CELEBA_NAME_MAX || strchr(w, '/') || *w == '.')
			return expected(&l, w, "the name of an image", e);
		memcpy(list->name[i], w, strlen(w) + 1);
		rc = read_attributes(&l, n, list->attribute + (size_t)i * (size_t)n, e);
		if (rc)
			return rc;
	}
	return end_of_file(&l, e);
}

int celeba_read_partition(struct celeba_list *list, struct arena *a, FILE *f,
	const char *path, struct err *e)
{
	struct lines l = { .f = f, .path = path };

	list->part = NEW_ARRAY(a, uint8_t, list->images);
	for (int i = 0; i < list->images; i++) {
		int rc = read_line(&l, "another image", e);
		const char *w;

		if (rc)
			return rc;
		w = word(&l);
		if (!w || strcmp(w, list->name[i]) != 0)
			return expected(&l, w, list->name[i], e);
		w = word(&l);
		if (!w || strlen(w) != 1 || *w < '0' || *w > '2')
			return expected(&l, w, "0, 1 or 2", e);
		list->part[i] = (uint8_t)(*w - '0');
		rc = end_of_line(&l, e);
		if (rc)
			return rc;
	}
	return end_of_file(&l, e);
}
