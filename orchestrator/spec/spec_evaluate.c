/* What a sweep wants of its winners: `evaluate` and `save`. */
#include "orchestrator/spec/spec_read.h"

#include <string.h>

/* Whether a list of names (or one of the words) asks for this corruption. */
static bool asked_for(
	const struct json *node, const struct corruption_info *c, bool textures)
{
	if (!node || node->kind == JSON_STRING) {
		const char *word =
			node ? node->string : field_find("evaluate.corruptions")->deflt;
		bool all = !strcmp(word, "all");

		return (all || !c->extra) && (textures || !c->textures);
	}
	for (const struct json *m = node->child; m; m = m->next)
		if (!strcmp(m->string, c->name))
			return true;
	return false;
}

static bool check_name(
	const struct spec_reader *r, const struct json *node, bool textures)
{
	const struct corruption_info *c;
	const char *known[64];
	int n;

	if (!expect_kind(r, node, JSON_STRING, "corruptions"))
		return false;
	c = catalogue_corruption(node->string);
	if (c && c->textures && !textures)
		diag_add(r->d, node->at, "\"%s\" wants \"textures\"", c->name);
	if (c)
		return textures || !c->textures;
	c = catalogue_corruptions(&n);
	ASSERT(n <= 64);
	for (int i = 0; i < n; i++)
		known[i] = c[i].name;
	report_unknown(r, node->at, "corruption", node->string, known, n);
	return false;
}

static bool check_list(
	const struct spec_reader *r, const struct json *node, bool textures)
{
	bool good = true;

	if (!node->child)
		diag_add(r->d, node->at, "\"corruptions\" is empty");
	for (const struct json *m = node->child; m; m = m->next) {
		good = check_name(r, m, textures) && good;
		for (const struct json *k = node->child; good && k != m; k = k->next)
			if (!strcmp(k->string, m->string))
				diag_add(r->d, m->at, "\"%s\" twice", m->string);
	}
	return good && node->child;
}

static bool check_corruptions(
	const struct spec_reader *r, const struct json *node, bool textures)
{
	if (!node)
		return true;
	if (node->kind == JSON_ARRAY)
		return check_list(r, node, textures);
	if (node->kind == JSON_STRING &&
		(!strcmp(node->string, "common") || !strcmp(node->string, "all")))
		return true;
	diag_add(r->d, node->at,
		"\"corruptions\" must be \"common\", \"all\" or a list of names");
	return false;
}

void read_evaluate(const struct spec_reader *r, struct spec *s)
{
	const struct json *node = read_at(r, "evaluate.corruptions");
	const char *textures = read_path(r, "evaluate.textures");
	struct str names = { .arena = r->a };
	int n;
	const struct corruption_info *all = catalogue_corruptions(&n);

	s->winners.save = read_choice(r, "save") == SAVE_WINNERS;
	s->winners.textures = textures ? textures : "";
	if (read_at(r, "evaluate") && check_corruptions(r, node, textures != NULL))
		for (int i = 0; i < n; i++)
			if (asked_for(node, &all[i], textures != NULL))
				str_printf(&names, "%s%s", names.n ? " " : "",
					all[i].name);
	s->winners.corruptions = str_get(&names);
}
