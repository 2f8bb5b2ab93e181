#include "orchestrator/json/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cjson/cJSON.h>

struct walk {
	const struct json_marks *marks;
	int next;
	struct arena *arena;
	struct diag *d;
};

const char *json_kind_name(enum json_kind kind)
{
	static const char *const names[] = { "null", "true or false", "a number",
		"a string", "a list", "an object" };

	return names[kind];
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	for (const struct json *m = object->child; m; m = m->next)
		if (!strcmp(m->key, key))
			return m;
	return NULL;
}

/* Sorts by name, then by place, so that the first of equal keys comes first. */
static int by_key(const void *a, const void *b)
{
	const struct json *const *x = a;
	const struct json *const *y = b;
	int order = strcmp((*x)->key, (*y)->key);

	return order ? order
		     : ((*x)->key_at > (*y)->key_at) - ((*x)->key_at < (*y)->key_at);
}

static void check_duplicates(const struct walk *w, const struct json *object)
{
	const struct json **sorted;
	const struct json *first;
	int n = 0;

	if (object->count < 2)
		return;
	sorted = NEW_ARRAY(w->arena, const struct json *, object->count);
	for (const struct json *m = object->child; m; m = m->next)
		sorted[n++] = m;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers are what is sorted */
	qsort(sorted, (size_t)n, sizeof(*sorted), by_key);
	first = sorted[0];
	for (int i = 1; i < n; i++) {
		int line, column;

		if (strcmp(sorted[i]->key, first->key) != 0) {
			first = sorted[i];
			continue;
		}
		if (w->d->kept == DIAG_MAX) /* placing thousands would take minutes */
			return;
		diag_place(w->d, first->key_at, &line, &column);
		diag_add(w->d, sorted[i]->key_at,
			"duplicate key %s; the first is at line %d",
			diag_quote(w->arena, first->key), line);
	}
}

static struct json *build(struct walk *w, const cJSON *from)
{
	struct json *v = NEW(w->arena, struct json);
	struct json **tail = &v->child;
	const struct json_mark *mark;

	ASSERT(w->next < w->marks->count);
	mark = &w->marks->mark[w->next++];
	v->at = mark->at;
	v->key_at = mark->key_at == UINT32_MAX ? mark->at : mark->key_at;
	if (from->string)
		v->key = arena_strdup(w->arena, from->string);
	v->kind = cJSON_IsObject(from) ? JSON_OBJECT
		: cJSON_IsArray(from)  ? JSON_ARRAY
		: cJSON_IsString(from) ? JSON_STRING
		: cJSON_IsNumber(from) ? JSON_NUMBER
		: cJSON_IsBool(from)   ? JSON_BOOL
				       : JSON_NULL;
	v->boolean = cJSON_IsTrue(from);
	v->number = v->kind == JSON_NUMBER ? from->valuedouble : 0;
	if (v->kind == JSON_STRING)
		v->string = arena_strdup(w->arena, from->valuestring);
	for (const cJSON *c = from->child; c; c = c->next) {
		*tail = build(w, c);
		tail = &(*tail)->next;
		v->count++;
	}
	if (v->kind == JSON_OBJECT)
		check_duplicates(w, v);
	return v;
}

/* Refuses NUL and other bytes that no text has; the first of them is the fault. */
static bool is_text(struct diag *d)
{
	const char *s = d->text;

	if (d->n >= 2 && (!memcmp(s, "\xff\xfe", 2) || !memcmp(s, "\xfe\xff", 2))) {
		diag_add(d, 0, "this is UTF-16; a sweep file is UTF-8");
		return false;
	}
	for (size_t i = 0; i < d->n;) {
		int length = utf8_length(s + i, d->n - i);
		unsigned char byte = (unsigned char)s[i];

		if (length == 0 || byte == 0x7f ||
			(byte < 0x20 && !strchr("\t\n\r", byte)) || byte == 0) {
			diag_add(d, i, "this is not a text file: byte 0x%02x %s", byte,
				length ? "is a control character" : "is not UTF-8");
			return false;
		}
		i += (size_t)length;
	}
	return true;
}

struct json *json_parse(struct arena *a, struct diag *d)
{
	struct json_marks marks = { 0 };
	struct walk w = { &marks, 0, a, d };
	int before = d->total;
	struct json *root;
	cJSON *tree;
	char *text;

	if (d->n > JSON_BYTES_MAX) {
		diag_add(d, 0, "the file has %zu bytes; at most 4 MiB are read", d->n);
		return NULL;
	}
	if (!is_text(d))
		return NULL;
	text = arena_strndup(a, d->text, d->n);
	if (d->n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		memset(text, ' ', 3);
	if (!json_blank_comments(text, d->n, d) || !json_scan(text, d->n, &marks, a, d))
		return NULL;
	tree = cJSON_ParseWithLengthOpts(text, d->n + 1, NULL, 1);
	if (!tree) { /* a promise of json_scan that cJSON does not share, or no memory */
		diag_add(d, 0, "this text cannot be decoded");
		return NULL;
	}
	root = build(&w, tree);
	ASSERT(w.next == marks.count);
	cJSON_Delete(tree);
	return d->total == before ? root : NULL;
}

int json_read_file(struct diag *d, struct err *e)
{
	size_t most = JSON_BYTES_MAX + 1; /* json_parse refuses what has more */
	struct arena scratch = { 0 };
	FILE *f = fopen(d->path, "rb");
	char *bytes;
	int rc = OK;

	if (!f)
		return err_set(e, ERR_SPEC, "%s: %s", d->path, strerror(errno));
	bytes = arena_alloc(&scratch, most, 1);
	errno = 0;
	d->n = fread(bytes, 1, most, f);
	if (ferror(f))
		rc = err_set(e, ERR_SPEC, "%s: %s", d->path, strerror(errno));
	fclose(f);
	d->text = arena_strndup(d->arena, bytes, d->n);
	arena_release(&scratch);
	return rc;
}

int json_load(struct diag *d, const struct json **root, struct err *e)
{
	int rc = json_read_file(d, e);

	*root = rc ? NULL : json_parse(d->arena, d);
	return rc;
}
