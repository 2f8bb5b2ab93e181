/* dataset, model and train of another trainer: whatever keys it wants. */
#include "orchestrator/spec/spec_read.h"

#include <string.h>

#define KEY_CHARACTERS 64
#define VALUE_BYTES 4096

/* Whether a text could be taken for a value of another kind. */
static bool is_ambiguous(const char *text)
{
	double v;

	return *text == '[' || *text == '"' || !strcmp(text, "true") ||
		!strcmp(text, "false") || number_parse(text, &v);
}

static bool put_element(
	const struct spec_reader *r, const struct json *node, struct str *out)
{
	char buf[NUMBER_MAX];

	switch (node->kind) {
	case JSON_NUMBER:
		str_put(out, number_format(node->number, buf));
		return true;
	case JSON_BOOL:
		str_put(out, node->boolean ? "true" : "false");
		return true;
	case JSON_STRING:
		str_json(out, node->string);
		return true;
	default:
		diag_add(r->d, node->at,
			"a list holds numbers, texts, true and false here, not %s",
			json_kind_name(node->kind));
		return false;
	}
}

static bool put_list(
	const struct spec_reader *r, const struct json *list, struct str *out)
{
	bool good = true;

	str_put(out, "[");
	for (const struct json *m = list->child; m; m = m->next) {
		if (m != list->child)
			str_put(out, ",");
		good = put_element(r, m, out) && good;
	}
	str_put(out, "]");
	return good;
}

const char *open_value(const struct spec_reader *r, const struct json *node)
{
	struct str out = { .arena = r->a };
	bool good = true;

	if (node->kind == JSON_ARRAY)
		good = put_list(r, node, &out);
	else if (node->kind == JSON_STRING && !is_ambiguous(node->string))
		str_put(&out, node->string);
	else if (node->kind == JSON_OBJECT || node->kind == JSON_NULL) {
		diag_add(r->d, node->at,
			"a trainer is given numbers, texts, true, false and flat lists, "
			"not %s",
			json_kind_name(node->kind));
		return NULL;
	} else
		good = put_element(r, node, &out);
	if (good && out.n > VALUE_BYTES) {
		diag_add(r->d, node->at, "a value has at most %d bytes", VALUE_BYTES);
		return NULL;
	}
	return good ? str_get(&out) : NULL;
}

static bool check_key(const struct spec_reader *r, const struct json *node)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t n = strlen(node->key);

	if (n >= 1 && n <= KEY_CHARACTERS && !node->key[strspn(node->key, allowed)])
		return true;
	diag_add(r->d, node->key_at, "%s is no key: 1 to %d letters, digits, '_', '-'",
		diag_quote(r->a, node->key), KEY_CHARACTERS);
	return false;
}

static void read_value(const struct spec_reader *r, const struct json *node,
	const char *name, struct params *ps)
{
	const char *text = open_value(r, node);

	if (text)
		params_set(ps, r->a, name, text);
}

/* The keys below path, as the variant sees them, into ps as "to.KEY". */
static void read_section(const struct spec_reader *r, const char *path, const char *to,
	struct params *ps)
{
	const struct json *section = read_at(r, path);
	size_t n = strlen(path);

	if (section && section->kind == JSON_STRING)
		read_value(r, section, arena_printf(r->a, "%s.name", to), ps);
	else if (section && expect_kind(r, section, JSON_OBJECT, path))
		for (const struct json *m = section->child; m; m = m->next)
			if (check_key(r, m))
				read_value(r, m,
					arena_printf(r->a, "%s.%s", to, m->key), ps);
	for (int i = 0; i < r->nover; i++) {
		const char *over = r->over[i].path;

		if (!strncmp(over, path, n) && over[n] == '.')
			read_value(r, r->over[i].node,
				arena_printf(r->a, "%s%s", to, over + n), ps);
	}
}

/* Only its name says which program it is: where it lies differs between machines. */
static const char *command_text(
	const struct spec_reader *r, const struct spec_trainer *t)
{
	struct str out = { .arena = r->a };

	str_put(&out, "[");
	for (int i = 0; t->command[i]; i++) {
		const char *slash = i ? NULL : strrchr(t->command[i], '/');

		if (i)
			str_put(&out, ",");
		str_json(&out, slash ? slash + 1 : t->command[i]);
	}
	str_put(&out, "]");
	return str_get(&out);
}

static const char *task_names(const struct spec_reader *r, const struct spec_trainer *t)
{
	struct str out = { .arena = r->a };

	for (int k = 0; k < t->ntasks; k++)
		str_printf(&out, "%s%s", k ? " " : "", t->tasks[k].name);
	return str_get(&out);
}

void read_open_setup(const struct spec_reader *r, const struct spec_trainer *trainer,
	struct spec_variant *v)
{
	struct params *ps = &v->base;

	read_section(r, "dataset", "dataset", ps);
	read_section(r, "train", "train", ps);
	v->epochs = read_whole(r, "train.epochs");
	params_set_number(ps, r->a, "train.epochs", v->epochs);
	params_set(ps, r->a, "trainer.command", command_text(r, trainer));
	if (*trainer->version)
		params_set(ps, r->a, "trainer.version", trainer->version);
	v->stl = params_copy(r->a, ps);
	read_section(r, "model", "model", ps);
	read_section(r, read_at(r, "baseline.model") ? "baseline.model" : "model",
		"model", &v->stl);
	/* A baseline knows its own task alone, so others may come and go. */
	params_set(ps, r->a, "trainer.tasks", task_names(r, trainer));
	v->tasks = trainer->tasks;
	v->ntasks = trainer->ntasks;
}
