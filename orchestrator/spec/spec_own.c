/* Methods that the user's trainer knows and the catalogue does not. */
#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <string.h>

#define NAME_CHARACTERS 64

static bool check_name(const struct spec_reader *r, const struct json *name)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_.-";
	size_t n = strlen(name->string);

	if (n >= 1 && n <= NAME_CHARACTERS &&
		!name->string[strspn(name->string, allowed)])
		return true;
	diag_add(r->d, name->at,
		"a method's name: 1 to %d letters, digits, '_', '.', '-'",
		NAME_CHARACTERS);
	return false;
}

/* What a job calls otherwise cannot be a hyperparameter. */
static void check_key(const struct spec_reader *r, const struct json *node)
{
	static const char *const taken[] = { "lr", "wd", "seed", "task", "method" };
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t n = strlen(node->key);

	for (int i = 0; i < COUNT(taken); i++)
		if (!strcmp(node->key, taken[i])) {
			diag_add(r->d, node->key_at,
				"\"%s\" is no hyperparameter: every job has one",
				taken[i]);
			return;
		}
	if (n >= 1 && n <= NAME_CHARACTERS && !node->key[strspn(node->key, allowed)])
		return;
	diag_add(r->d, node->key_at,
		"a hyperparameter's name: 1 to %d letters, digits, '_', '-'",
		NAME_CHARACTERS);
}

/* A word that reads as a number or as true would come out of the job as that. */
static void check_word(const struct spec_reader *r, const struct json *node)
{
	const char *text = node->kind == JSON_STRING ? open_value(r, node) : NULL;

	if (!text || !strcmp(text, node->string))
		return;
	diag_add(r->d, node->at, "%s is no word: write it without quotes",
		diag_quote(r->a, node->string));
}

static enum param_kind kind_of(const struct json *node)
{
	if (node->kind == JSON_ARRAY && node->child)
		node = node->child;
	return node->kind == JSON_STRING  ? PARAM_TEXT
		: node->kind == JSON_BOOL ? PARAM_BOOL
					  : PARAM_REAL;
}

static void read_own_param(const struct json *node, struct param_info *p)
{
	bool weights = !strcmp(node->key, "weights");

	*p = (struct param_info){ .name = node->key,
		.kind = weights ? PARAM_SIMPLEX : kind_of(node),
		.min = weights ? 0 : -(double)INFINITY,
		.max = weights ? 1 : (double)INFINITY,
		.column = weights ? "weights" : NULL };
}

bool is_entry_key(const char *key)
{
	static const char *const keys[] = { "name", "label", "title", "slots" };

	for (int i = 0; i < COUNT(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

const struct method_info *own_method(
	const struct spec_reader *r, const struct json *entry, const struct json *name)
{
	struct method_info *m = NEW(r->a, struct method_info);
	struct param_info *params =
		NEW_ARRAY(r->a, struct param_info, entry->count + 1);
	int n = 0;

	if (!check_name(r, name))
		return NULL;
	for (const struct json *k = entry->child; k; k = k->next) {
		if (is_entry_key(k->key))
			continue;
		for (const struct json *w = k->kind == JSON_ARRAY ? k->child : NULL; w;
			w = w->next)
			check_word(r, w);
		check_key(r, k);
		check_word(r, k);
		read_own_param(k, &params[n++]);
	}
	*m = (struct method_info){
		.name = name->string, .title = name->string, .params = params
	};
	return m;
}
