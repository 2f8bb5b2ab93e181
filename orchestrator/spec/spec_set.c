/*
 * --set KEY=VALUE: keys that are replaced for one call.
 *
 * The value is written into the text of the sweep file, so that everything after it (checks,
 * the database that keeps the text) sees one file and there is no second way to read a key.
 * What is from where is kept in pieces, and an error in a value points into the option.
 */
#include "orchestrator/spec/spec_read.h"

#include <ctype.h>
#include <string.h>

struct set {
	struct arena *a;
	struct diag *d; /* the text so far and its pieces */
	const char *path, *text; /* of the option, for messages: "search.lr=[1]" */
	size_t key, value; /* where both begin in it */
	size_t nkey;
};

/* Part of a text that is written: n bytes that are those of text at `at`. */
struct part {
	struct str *out;
	struct diag_piece *piece;
	int n;
};

static void add(struct part *p, const char *bytes, size_t n, struct diag_piece from)
{
	if (!n)
		return;
	from.from = p->out->n;
	from.n = n;
	str_putn(p->out, bytes, n);
	p->piece[p->n++] = from;
}

/* Bytes from ... to - 1 of the text so far, each still from where it was. */
static void add_old(struct part *p, const struct diag *d, size_t from, size_t to)
{
	for (int i = 0; i < d->pieces; i++) {
		struct diag_piece piece = d->piece[i];
		size_t begin = piece.from > from ? piece.from : from;
		size_t end = piece.from + piece.n < to ? piece.from + piece.n : to;

		if (begin >= end)
			continue;
		if (!piece.fixed)
			piece.at += begin - piece.from;
		add(p, d->text + begin, end - begin, piece);
	}
}

static struct diag_piece of_option(const struct set *s, size_t at, bool fixed)
{
	return (struct diag_piece){
		.path = s->path, .text = s->text, .at = at, .fixed = fixed
	};
}

/* Puts the value, between `before` and `after`, in the place of bytes from ... to - 1. */
static void splice(struct set *s, size_t from, size_t to, const char *before,
	const char *value, const char *after)
{
	struct str out = { .arena = s->a };
	struct diag *d = s->d;
	struct part p = { &out, NEW_ARRAY(s->a, struct diag_piece, 2 * d->pieces + 3),
		0 };
	bool verbatim = !strcmp(value, s->text + s->value);

	add_old(&p, d, 0, from);
	add(&p, before, strlen(before), of_option(s, s->key, true));
	add(&p, value, strlen(value), of_option(s, s->value, !verbatim));
	add(&p, after, strlen(after), of_option(s, s->value, true));
	add_old(&p, d, to, d->n);
	d->text = str_get(&out);
	d->n = out.n;
	d->piece = p.piece;
	d->pieces = p.n;
}

/* A message about the option itself, as a diagnostic of a text of its own. */
static bool fault(struct set *s, size_t at, const char *message)
{
	s->d->piece = NULL;
	s->d->pieces = 0;
	s->d->path = s->path;
	s->d->text = s->text;
	s->d->n = strlen(s->text);
	diag_add(s->d, at, "%s", message);
	return false;
}

/*
 * The value as JSON. A word that begins with a letter, "~" or "/" is a text, so that shells
 * need no quotes around quotes; what Python would write is left to the error that names it.
 */
static const char *json_of(struct set *s)
{
	static const char *const own[] = { "true", "false", "null", "True", "False",
		"None" };
	const char *value = s->text + s->value;
	struct str quoted = { .arena = s->a };

	if (!isalpha((unsigned char)*value) && !strchr("~/", *value))
		return value;
	for (int i = 0; i < COUNT(own); i++)
		if (!strcmp(value, own[i]))
			return value;
	str_json(&quoted, value);
	return str_get(&quoted);
}

/* Whether the value is JSON by itself: what is wrong with it is said in the option. */
static bool check_value(struct set *s, const char *value)
{
	char *text = arena_strdup(s->a, s->text);
	struct diag alone = { .arena = s->a, .path = s->path, .text = text };
	bool bare = !strchr("[{\"", *value); /* no comma belongs into it */

	if (strcmp(value, s->text + s->value) != 0)
		return true; /* a text that was quoted here */
	memset(text, ' ', s->value);
	alone.n = strlen(text);
	if (json_parse(s->a, &alone))
		return true;
	for (int i = 0; i < alone.kept; i++)
		(void)fault(s, alone.item[i].at,
			bare && text[alone.item[i].at] == ','
				? "one value ends here; a list stands in brackets: "
				  "search.lr=[1e-3,3e-4]"
				: alone.item[i].message);
	return false;
}

/* {"b": {"c": VALUE}} around the value for a key a.b.c of which `a` is there. */
static void insert(
	struct set *s, const struct json *object, const char *rest, const char *value)
{
	struct str before = { .arena = s->a };
	struct str after = { .arena = s->a };

	while (*rest) {
		size_t n = strcspn(rest, ".");

		str_put(&before, before.n ? "{ " : " ");
		str_json(&before, arena_strndup(s->a, rest, n));
		str_put(&before, ": ");
		rest += n + (rest[n] == '.');
		if (*rest)
			str_put(&after, " }");
	}
	if (object->child)
		str_put(&after, ",");
	splice(s, object->at + 1, object->at + 1, str_get(&before), value,
		str_get(&after));
}

/* Whether `vary` gives the key several values: one value would be lost without a word. */
static bool varies(const struct json *root, const char *key)
{
	const struct json *vary = json_get(root, "vary");
	const char *dot = strrchr(key, '.');

	return json_get(vary, key) || (dot && json_get(vary, dot + 1));
}

static bool replace(struct set *s, const char *key, const char *value)
{
	struct diag scratch = {
		.arena = s->a, .path = s->d->path, .text = s->d->text, .n = s->d->n
	};
	const struct json *node = json_parse(s->a, &scratch);
	const char *rest = key;

	if (!node || node->kind != JSON_OBJECT)
		return true; /* parsing the whole says why */
	if (varies(node, key))
		return fault(s, s->key, "\"vary\" gives this key its values: set them");
	while (*rest) {
		size_t n = strcspn(rest, ".");
		const struct json *next = json_get(node, arena_strndup(s->a, rest, n));

		if (!next)
			break;
		node = next;
		rest += n + (rest[n] == '.');
	}
	if (!*rest)
		splice(s, node->at, json_end(s->a, s->d, node->at), "", value, "");
	else if (node->kind != JSON_OBJECT)
		return fault(s, s->key,
			arena_printf(s->a,
				"\"%.*s\" is %s in the sweep file, and has no keys: set "
				"it as a whole",
				(int)(rest - key - 1), key,
				json_kind_name(node->kind)));
	else
		insert(s, node, rest, value);
	return true;
}

/* Whether a name of the key is empty. */
static bool double_dot(const char *key, size_t n)
{
	const char *at = strstr(key, "..");

	return at && (size_t)(at - key) < n;
}

static bool set_one(struct diag *d, const char *option)
{
	struct set s = { .a = d->arena, .d = d, .path = "--set", .text = option };
	const char *equals = strchr(option, '=');
	const char *value;

	s.nkey = equals ? (size_t)(equals - option) : 0;
	if (!s.nkey || !equals[1])
		return fault(&s, 0, "KEY=VALUE is expected: search.lr=[1e-3]");
	if (option[0] == '.' || equals[-1] == '.' || double_dot(option, s.nkey))
		return fault(&s, 0, "a key is a path of names: search.lr");
	s.value = s.nkey + 1;
	value = json_of(&s);
	return check_value(&s, value) &&
		replace(&s, arena_strndup(d->arena, option, s.nkey), value);
}

bool read_set(struct diag *d, const char *const *set, int n)
{
	struct diag_piece *whole = NEW(d->arena, struct diag_piece);

	if (!n)
		return true;
	*whole = (struct diag_piece){ 0, d->n, d->path, d->text, 0, false };
	d->piece = whole;
	d->pieces = 1;
	for (int i = 0; i < n; i++)
		if (!set_one(d, set[i]))
			return false;
	return true;
}
