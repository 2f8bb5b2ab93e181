#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "catalogue/setting.h"
#include "common/manual.h"

#define NAMES_MAX 256
#define KEYS_LISTED 10 /* a longer list helps nobody */

#define V(enumerator, word) "|" word
#define CHOICES(name, words) static const char words_##name[] = words;
#define CHOICES_OF(name) (words_##name + 1)
#define F(...)
#include "orchestrator/spec/spec_fields.def"
#undef F
#undef V

#define V(enumerator, word) word,
#define CHOICES(name, words) const char *const name##_words[] = { words };
#define F(...)
#include "orchestrator/spec/spec_fields.def"
#undef F
#undef V

static const struct spec_field fields[] = {
#define FIELD(path_, kind_) .path = (path_), .kind = FIELD_##kind_
#define LATER(text) .deflt = (text)
#define WORDS(text) .words = (text)
#define EITHER(first, second, text) .deflt = (first), .other = (second), .words = (text)
#include "catalogue/def_fields.h"
#include "orchestrator/spec/spec_fields.def"
#undef F
};

const struct spec_field *spec_fields(int *n)
{
	*n = COUNT(fields);
	return fields;
}

const struct spec_field *field_find(const char *path)
{
	for (int i = 0; i < COUNT(fields); i++)
		if (!strcmp(fields[i].path, path))
			return &fields[i];
	return NULL;
}

const char *field_name(const struct spec_field *f)
{
	const char *dot = strrchr(f->path, '.');

	return dot ? dot + 1 : f->path;
}

/* The rest of path behind prefix and a dot, "" where equal; NULL: not below it. */
static const char *below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(path, prefix, n) != 0)
		return NULL;
	return path[n] == '.' ? path + n + 1 : path[n] ? NULL : path + n;
}

const struct json *read_at(const struct spec_reader *r, const char *path)
{
	const struct json *node = r->root;
	const char *rest = path;

	for (int i = 0; i < r->nover; i++) {
		const char *tail = below(path, r->over[i].path);

		if (tail && strlen(tail) < strlen(rest)) {
			node = r->over[i].node;
			rest = tail;
		}
	}
	while (node && *rest) {
		size_t n = strcspn(rest, ".");

		node = json_get(node, arena_strndup(r->a, rest, n));
		rest += rest[n] ? n + 1 : n;
	}
	return node;
}

size_t read_place(const struct spec_reader *r, const char *path)
{
	char *around = arena_strdup(r->a, path);
	const struct json *node = read_at(r, path);
	char *dot;

	while (!node && (dot = strrchr(around, '.'))) {
		*dot = '\0';
		node = read_at(r, around);
	}
	return node ? node->at : r->root->at;
}

size_t read_first(const struct spec_reader *r, const char *const *paths)
{
	for (; *paths; paths++) {
		const struct json *node = read_at(r, *paths);

		if (node)
			return node->at;
	}
	return r->root->at;
}

/* Whether a key of object is plainly meant to be `name`: it is reported as unknown. */
static bool misspelled(const struct json *object, const char *name)
{
	for (const struct json *m = object->child; m; m = m->next)
		if (strcmp(m->key, name) != 0 && str_nearest(m->key, &name, 1))
			return true;
	return false;
}

/* Whether to say that path is missing: what it lies in is there, and no slip of it. */
static bool plainly_missing(const struct spec_reader *r, const char *path)
{
	const char *dot = strrchr(path, '.');
	const struct json *around = r->root;

	if (dot)
		around = read_at(r, arena_strndup(r->a, path, (size_t)(dot - path)));
	return around && around->kind == JSON_OBJECT &&
		!misspelled(around, dot ? dot + 1 : path);
}

const struct json *read_field(const struct spec_reader *r, const char *path)
{
	const struct json *node = read_at(r, path);

	if (!node && field_find(path)->required && plainly_missing(r, path))
		diag_add(r->d, read_place(r, path), "\"%s\" is missing", path);
	return node;
}

static bool field_number(
	const struct spec_reader *r, const struct spec_field *f, double *v)
{
	const struct param_info info = {
		.name = field_name(f),
		.kind = f->kind == FIELD_WHOLE ? PARAM_INT : PARAM_REAL,
		.min = f->min,
		.max = f->max,
	};
	const struct json *node = read_field(r, f->path);
	const char *text = f->deflt;

	if (node)
		text = value_text(r, node, &info, NULL);
	return text && number_parse(text, v);
}

int read_whole(const struct spec_reader *r, const char *path)
{
	const struct spec_field *f = field_find(path);
	double v;

	return field_number(r, f, &v) ? (int)v : 0;
}

double read_number(const struct spec_reader *r, const char *path)
{
	const struct spec_field *f = field_find(path);
	double v;

	return field_number(r, f, &v) ? v : (double)NAN;
}

int read_choice(const struct spec_reader *r, const char *path)
{
	const struct spec_field *f = field_find(path);
	const struct param_info info = {
		.name = field_name(f), .kind = PARAM_CHOICE, .choices = f->choices
	};
	const struct json *node = read_field(r, f->path);
	const char *text = node ? value_text(r, node, &info, NULL) : NULL;

	if (!text)
		text = f->deflt;
	return text ? choice_index(f->choices, text) : -1;
}

bool read_bool(const struct spec_reader *r, const char *path)
{
	const struct spec_field *f = field_find(path);
	const struct json *node = read_field(r, f->path);

	if (node && expect_kind(r, node, JSON_BOOL, field_name(f)))
		return node->boolean;
	return f->deflt && !strcmp(f->deflt, "true");
}

const char *read_text(const struct spec_reader *r, const char *path)
{
	const struct spec_field *f = field_find(path);
	const struct json *node = read_field(r, f->path);
	size_t n;

	if (!node || !expect_kind(r, node, JSON_STRING, field_name(f)))
		return NULL;
	n = strlen(node->string);
	if ((double)n < f->min || (double)n > f->max) {
		diag_add(r->d, node->at, "\"%s\" must have %.0f to %.0f characters",
			field_name(f), f->min, f->max);
		return NULL;
	}
	return node->string;
}

const char *path_text(const struct spec_reader *r, const char *text, size_t at)
{
	const char *whole = spec_path(r->a, r->folder, text);

	if (!whole)
		diag_add(r->d, at, "there is no home folder for %s: HOME is not set",
			diag_quote(r->a, text));
	return whole ? whole : "";
}

const char *read_path(const struct spec_reader *r, const char *path)
{
	const char *text = read_text(r, path);

	return text ? path_text(r, text, read_at(r, path)->at) : NULL;
}

/* What people write instead of a key. */
static const struct {
	const char *word, *key;
} aliases[] = {
#define F(...)
#define ALIAS(word, key) { word, key },
#include "orchestrator/spec/spec_fields.def"
#undef F
};

static bool is_among(const char *name, const char *const *known, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(name, known[i]))
			return true;
	return false;
}

/* The key that is meant by a word of another program; NULL: none, or one that is elsewhere. */
static const char *alias_of(const char *word, const char *const *known, int n)
{
	for (int i = 0; i < COUNT(aliases); i++) {
		const char *dot = strrchr(aliases[i].key, '.');

		if (strcmp(aliases[i].word, word) != 0)
			continue;
		if (is_among(dot ? dot + 1 : aliases[i].key, known, n))
			return dot ? dot + 1 : aliases[i].key;
		if (field_find(aliases[i].key))
			return aliases[i].key;
	}
	return NULL;
}

/* Where else such a key stands: `"train.epochs"` for "epochs"; "": nowhere. */
static const char *elsewhere(struct arena *a, const char *key)
{
	struct str out = { .arena = a };

	for (int i = 0; i < COUNT(fields); i++)
		if (strchr(fields[i].path, '.') && !strcmp(field_name(&fields[i]), key))
			str_printf(&out, "%s\"%s\"", out.n ? ", " : "", fields[i].path);
	return str_get(&out);
}

/*
 * What to write instead of an unknown key among the n known: `; did you mean "from"?`, the
 * keys of other places that are called so, all that there are; "" where nothing helps.
 */
static const char *key_hint(
	const struct spec_reader *r, const char *key, const char *const *known, int n)
{
	const char *near = alias_of(key, known, n);
	const char *places = elsewhere(r->a, key);
	struct str all = { .arena = r->a };

	if (!near)
		near = str_nearest(key, known, n);
	if (near)
		return arena_printf(r->a, "; did you mean \"%s\"?", near);
	if (*places)
		return arena_printf(r->a, "; did you mean %s%s?",
			strchr(places, ',') ? "one of " : "", places);
	if (n > KEYS_LISTED)
		return "";
	for (int i = 0; i < n; i++)
		str_printf(&all, "%s%s", i ? ", " : "; here belong ", known[i]);
	return str_get(&all);
}

/* A hint takes longer than to read the key, and only few of a file's faults are shown. */
static void add_unknown_key(const struct spec_reader *r, const struct json *member,
	const char *const *known, int n)
{
	const char *hint = diag_keeps(r->d, member->key_at)
		? key_hint(r, member->key, known, n)
		: "";

	diag_add(r->d, member->key_at, "unknown key %s%s",
		diag_quote(r->a, member->key), hint);
}

static void check_keys(const struct spec_reader *r, const struct json *object,
	const char *const *known, int n)
{
	for (const struct json *m = object->child; m; m = m->next) {
		bool found = false;

		for (int i = 0; i < n && !found; i++)
			found = !strcmp(known[i], m->key);
		if (!found)
			add_unknown_key(r, m, known, n);
	}
}

static int add_params(const struct param_info *params, const char **known, int n)
{
	for (; params && params->name && n < NAMES_MAX; params++)
		known[n++] = params->name;
	return n;
}

void read_members(const struct spec_reader *r, const struct json *object,
	const char *prefix, const struct param_info *params)
{
	const char *known[NAMES_MAX];
	int n = 0;

	for (int i = 0; i < COUNT(fields) && n < NAMES_MAX; i++) {
		const char *rest =
			*prefix ? below(fields[i].path, prefix) : fields[i].path;

		if (rest && *rest && !strchr(rest, '.'))
			known[n++] = rest;
	}
	check_keys(r, object, known, add_params(params, known, n));
}

void read_named_members(const struct spec_reader *r, const struct json *object,
	const struct param_info *params)
{
	const char *known[NAMES_MAX] = { "name" };

	check_keys(r, object, known, add_params(params, known, 1));
}

bool read_known(const struct spec_reader *r, const struct json *object,
	const char *const *known, int n)
{
	bool good = true;

	for (const struct json *m = object->child; m; m = m->next) {
		bool found = false;

		for (int i = 0; i < n && !found; i++)
			found = !strcmp(m->key, known[i]);
		if (!found)
			add_unknown_key(r, m, known, n);
		good = good && found;
	}
	return good;
}

int read_member_number(const struct spec_reader *r, const struct json *object,
	const char *key, double *v)
{
	const struct json *node = json_get(object, key);

	if (!node)
		return 0;
	*v = node->number;
	return expect_kind(r, node, JSON_NUMBER, key) ? 1 : -1;
}

void read_params(const struct spec_reader *r, const char *path, const char *to,
	const struct param_info *params, const char *owner, struct params *ps)
{
	for (; params->name; params++) {
		const struct json *node =
			read_at(r, arena_printf(r->a, "%s.%s", path, params->name));
		const char *text = node ? value_text(r, node, params, owner)
					: param_default(r->a, params);
		const char *name = arena_printf(r->a, "%s.%s", to, params->name);

		if (text && node && param_is_place(name))
			text = path_text(r, text, node->at);
		if (text)
			params_set(ps, r->a, name, text);
	}
}
void read_refuse(
	const struct spec_reader *r, const char *const *paths, const char *beside)
{
	for (; *paths; paths++) {
		const struct json *node = read_at(r, *paths);

		if (node)
			diag_add(r->d, node->key_at, "\"%s\" means nothing beside %s",
				field_name(field_find(*paths)), beside);
	}
}
