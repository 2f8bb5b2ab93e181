/* deltam list: what a sweep file may name, from the catalogue. */
#include <stdio.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "orchestrator/cli/cli.h"

/* What the kinds of rows have in common; absent texts are NULL. */
struct entry {
	const char *name;
	const char *title;
	const char *summary;
	const char *source;
	const struct param_info *params;
};

static const char *const kind_names[] = { [PARAM_REAL] = "number",
	[PARAM_INT] = "integer",
	[PARAM_BOOL] = "boolean",
	[PARAM_CHOICE] = "choice",
	[PARAM_LIST] = "list",
	[PARAM_SIMPLEX] = "simplex",
	[PARAM_TEXT] = "text" };

static const char *default_of(const struct param_info *p)
{
	if (p->deflt)
		return p->deflt;
	return p->search ? "searched" : "";
}

static void put_text(struct str *out, const struct entry *x)
{
	str_printf(out, "%-20s %s%s%s\n", x->name, x->title ? x->title : "",
		x->title ? ": " : "", x->summary);
	for (const struct param_info *p = x->params; p && p->name; p++) {
		str_printf(out, "    %-16s %s", p->name,
			p->choices ? p->choices : kind_names[p->kind]);
		if (*default_of(p))
			str_printf(out, ", default %s", default_of(p));
		if (p->search)
			str_printf(out, " over %s", p->search);
		str_printf(out, "%s%s\n", *p->help ? "; " : "", p->help);
	}
}

static void put_pair(
	struct str *out, const char *before, const char *key, const char *text)
{
	str_printf(out, "%s\"%s\":", before, key);
	if (text)
		str_json(out, text);
	else
		str_put(out, "null");
}

static void put_json(struct str *out, const struct entry *x)
{
	const struct param_info *p = x->params;

	put_pair(out, "{", "name", x->name);
	put_pair(out, ",", "title", x->title);
	put_pair(out, ",", "summary", x->summary);
	put_pair(out, ",", "source", x->source);
	str_put(out, ",\"params\":[");
	for (; p && p->name; p++) {
		put_pair(out, p == x->params ? "{" : ",{", "name", p->name);
		put_pair(out, ",", "kind", kind_names[p->kind]);
		put_pair(out, ",", "default", p->deflt);
		put_pair(out, ",", "choices", p->choices);
		put_pair(out, ",", "search", p->search);
		if (p->kind == PARAM_REAL || p->kind == PARAM_INT ||
			p->kind == PARAM_LIST)
			str_printf(out, ",\"min\":%.17g,\"max\":%.17g", p->min, p->max);
		put_pair(out, ",", "help", p->help);
		str_put(out, "}");
	}
	str_put(out, "]}");
}

#define ENTRIES(what, type, title_, source_, params_) \
	static int what##_entry(int i, struct entry *x) \
	{ \
		int n; \
		const struct type *row = catalogue_##what(&n); \
		if (i >= n) \
			return 0; \
		row += i; \
		*x = (struct entry){ .name = row->name, \
			.title = (title_), \
			.summary = row->summary, \
			.source = (source_), \
			.params = (params_) }; \
		return 1; \
	}

ENTRIES(methods, method_info, row->title, row->source, row->params)
ENTRIES(datasets, dataset_info, NULL, row->source, row->params)
ENTRIES(models, model_info, NULL, row->source, row->params)
ENTRIES(metrics, metric_info, row->title, NULL, NULL)
ENTRIES(corruptions, corruption_info, NULL, "Hendrycks & Dietterich, ICLR 2019", NULL)

static const struct {
	const char *name;
	int (*entry)(int i, struct entry *x); /* 0 past the last one */
} kinds[] = { { "methods", methods_entry }, { "datasets", datasets_entry },
	{ "models", models_entry }, { "metrics", metrics_entry },
	{ "corruptions", corruptions_entry } };

static void put_all(struct str *out, int (*entry)(int i, struct entry *x), bool json)
{
	struct entry x;

	if (json)
		str_put(out, "[");
	for (int i = 0; entry(i, &x); i++) {
		if (json && i)
			str_put(out, ",\n ");
		if (json)
			put_json(out, &x);
		else
			put_text(out, &x);
	}
	if (json)
		str_put(out, "]\n");
}

int cmd_list(const struct cli_options *o, struct err *e)
{
	struct arena a = { 0 };
	struct str out = { .arena = &a };

	(void)e;
	for (int i = 0; i < COUNT(kinds); i++)
		if (!strcmp(kinds[i].name, o->operand))
			put_all(&out, kinds[i].entry, o->json);
	fputs(str_get(&out), stdout);
	arena_release(&a);
	return OK;
}
