#include "orchestrator/spec/spec_diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "orchestrator/json/json.h"

#define VALUE_MAX 60 /* bytes of a value that are shown */

struct diff {
	struct arena *arena;
	struct str *out;
	int lines;
};

static void line(struct diff *d, const char *fmt, ...) PRINTF(2, 3);
static void line(struct diff *d, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (d->lines++ >= SPEC_DIFF_LINES)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Keys and labels are the user's: nothing of them may move the cursor. */
	for (char *p = text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	str_printf(d->out, "  %s\n", text);
}

/* A value as compact JSON. */
static void put_value(struct str *out, const struct json *v)
{
	char number[NUMBER_MAX];
	bool list = v->kind == JSON_ARRAY;

	switch (v->kind) {
	case JSON_STRING:
		str_json(out, v->string);
		return;
	case JSON_NUMBER:
		str_put(out, number_format(v->number, number));
		return;
	case JSON_BOOL:
		str_put(out, v->boolean ? "true" : "false");
		return;
	case JSON_NULL:
		str_put(out, "null");
		return;
	default:
		break;
	}
	str_put(out, list ? "[" : "{");
	for (const struct json *c = v->child; c; c = c->next) {
		if (!list) {
			str_json(out, c->key);
			str_put(out, ": ");
		}
		put_value(out, c);
		if (c->next)
			str_put(out, ", ");
	}
	str_put(out, list ? "]" : "}");
}

/* The same, cut where it is long, between two characters. */
static const char *shown(const struct diff *d, const struct json *v)
{
	struct str out = { .arena = d->arena };
	size_t at = 0;

	put_value(&out, v);
	if (out.n <= VALUE_MAX)
		return str_get(&out);
	while (at < VALUE_MAX)
		at += (size_t)utf8_length(out.s + at, out.n - at);
	return arena_printf(d->arena, "%.*s…", (int)at, out.s);
}

static bool same_value(const struct json *x, const struct json *y);

/* Objects are the same whatever the order of their keys. */
static bool same_members(const struct json *x, const struct json *y)
{
	for (const struct json *m = x->child; m; m = m->next) {
		const struct json *other = json_get(y, m->key);

		if (!other || !same_value(m, other))
			return false;
	}
	return true;
}

static bool same_value(const struct json *x, const struct json *y)
{
	const struct json *b = y->child;

	if (x->kind != y->kind || x->count != y->count)
		return false;
	if (x->kind == JSON_STRING)
		return !strcmp(x->string, y->string);
	if (x->kind == JSON_NUMBER)
		return x->number == y->number;
	if (x->kind == JSON_BOOL)
		return x->boolean == y->boolean;
	if (x->kind == JSON_OBJECT)
		return same_members(x, y);
	for (const struct json *m = x->child; m; m = m->next, b = b->next)
		if (!same_value(m, b))
			return false;
	return true;
}

static void diff_value(struct diff *d, const char *path, const struct json *before,
	const struct json *now);

/* Members of two objects; skip: a key that is compared elsewhere. */
static void diff_members(struct diff *d, const char *path, const struct json *before,
	const struct json *now, const char *skip)
{
	const char *dot = *path ? "." : "";

	for (const struct json *m = before ? before->child : NULL; m; m = m->next)
		if (!skip || strcmp(m->key, skip) != 0)
			diff_value(d,
				arena_printf(d->arena, "%s%s%s", path, dot, m->key), m,
				json_get(now, m->key));
	for (const struct json *m = now ? now->child : NULL; m; m = m->next)
		if ((!skip || strcmp(m->key, skip) != 0) && !json_get(before, m->key))
			diff_value(d,
				arena_printf(d->arena, "%s%s%s", path, dot, m->key),
				NULL, m);
}

static bool is_object(const struct json *v)
{
	return v && v->kind == JSON_OBJECT;
}

/* One key; NULL where a version does not have it. */
static void diff_value(struct diff *d, const char *path, const struct json *before,
	const struct json *now)
{
	if ((is_object(before) || !before) && (is_object(now) || !now))
		diff_members(d, path, before, now, NULL);
	else if (!before)
		line(d, "%s: not given before, %s now", path, shown(d, now));
	else if (!now)
		line(d, "%s: %s before, not given now", path, shown(d, before));
	else if (!same_value(before, now))
		line(d, "%s: %s before, %s now", path, shown(d, before), shown(d, now));
}

/* What an entry of `methods` is called; NULL: the file does not say. */
static const char *label_of(const struct json *entry)
{
	const struct json *label = json_get(entry, "label");
	const struct json *name = json_get(entry, "name");

	if (entry->kind == JSON_STRING)
		return entry->string;
	return label && label->string ? label->string : name ? name->string : NULL;
}

/* The method of an entry: "uw" is { "name": "uw" }. */
static const char *method_of(const struct json *entry)
{
	const struct json *name = json_get(entry, "name");

	return entry->kind == JSON_STRING ? entry->string
		: name && name->string    ? name->string
					  : "";
}

static const struct json *entry_called(const struct json *methods, const char *label)
{
	for (const struct json *x = methods->child; label && x; x = x->next) {
		const char *own = label_of(x);

		if (own && !strcmp(own, label))
			return x;
	}
	return NULL;
}

static void diff_entry(
	struct diff *d, const struct json *before, const struct json *now)
{
	const char *path = arena_printf(d->arena, "entry %s", label_of(now));

	if (strcmp(method_of(before), method_of(now)) != 0)
		line(d, "%s: method %s before, %s now", path, method_of(before),
			method_of(now));
	for (int i = 0; i < 2; i++) { /* a label that is the name need not be given */
		const struct json *x = i ? now : before;
		const struct json *y = i ? before : now;

		for (const struct json *m = is_object(x) ? x->child : NULL; m;
			m = m->next) {
			const struct json *other = json_get(y, m->key);

			if (!strcmp(m->key, "name") || !strcmp(m->key, "label") ||
				(i && other))
				continue;
			diff_value(d, arena_printf(d->arena, "%s: %s", path, m->key),
				i ? NULL : m, i ? m : other);
		}
	}
}

/* Entries are the same by their label; their order is that of the table's rows. */
static void diff_methods(
	struct diff *d, const struct json *before, const struct json *now)
{
	const struct json *at = now->child;
	bool moved = false;
	int lines = d->lines;

	for (const struct json *x = before->child; x; x = x->next)
		if (!entry_called(now, label_of(x)))
			line(d, "entry %s is gone", label_of(x) ? label_of(x) : "?");
	for (const struct json *x = now->child; x; x = x->next) {
		const struct json *old = entry_called(before, label_of(x));

		if (old)
			diff_entry(d, old, x);
		else
			line(d, "entry %s is new", label_of(x) ? label_of(x) : "?");
	}
	for (const struct json *x = before->child; x && at; x = x->next, at = at->next)
		moved |= entry_called(now, label_of(x)) != at;
	if (moved && lines == d->lines)
		line(d, "methods: in another order");
}

/* NULL: it is none. */
static const struct json *object_of(const char *text, struct arena *a)
{
	struct diag d = { .arena = a, .path = "", .text = text, .n = strlen(text) };
	const struct json *root = json_parse(a, &d);

	return is_object(root) ? root : NULL;
}

static bool is_list(const struct json *v)
{
	return v && v->kind == JSON_ARRAY;
}

const char *spec_diff(const char *before, const char *now, struct arena *a)
{
	const struct json *x = object_of(before, a);
	const struct json *y = object_of(now, a);
	const struct json *old = json_get(x, "methods");
	const struct json *new = json_get(y, "methods");
	struct str out = { .arena = a };
	struct diff d = { .arena = a, .out = &out };
	bool lists = is_list(old) && is_list(new);

	if (x && y) {
		diff_members(&d, "", x, y, lists ? "methods" : NULL);
		if (lists)
			diff_methods(&d, old, new);
	} else if (strcmp(before, now) != 0) {
		line(&d, "%s is no sweep file that can be read",
			x ? "what it says now" : "what it said before");
	}
	if (d.lines > SPEC_DIFF_LINES)
		str_printf(&out, "  and %d more\n", d.lines - SPEC_DIFF_LINES);
	return str_get(&out);
}
