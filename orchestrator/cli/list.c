/* deltam list: what a sweep file may name, from the catalogue. */
#include <stdio.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "orchestrator/cli/cli_tables.h"

#define NAMES_MAX 256
#define TOLD_ONCE 200 /* bytes of a help above which a list does not repeat it */

/* What the kinds of rows have in common; absent texts are NULL. */
struct entry {
	const char *name;
	const char *title;
	const char *summary;
	const char *source;
	const struct param_info *params;
	const char *(*sizes)(struct arena *a, const char *name); /* of a data set */
};

struct kind {
	const char *name, *one; /* "methods", "method" */
	int (*entry)(int i, struct entry *x); /* 0 past the last one */
	const char *word; /* of options.def that stands for such a name; NULL: none */
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

/* A line of the list, broken at 80 columns. */
static void print_line(const char *name, int indent, const char *text)
{
	printf("%-*s", indent, name);
	cli_wrap(stdout, (int)strlen(name) > indent ? (int)strlen(name) : indent,
		indent, text);
}

/* The row above row i that has said the same long text already; NULL: none has. */
static const char *told_at(const struct kind *k, int i, const struct param_info *p)
{
	struct entry x;

	for (int j = 0; strlen(p->help) > TOLD_ONCE && j < i && k->entry(j, &x); j++)
		for (const struct param_info *q = x.params; q && q->name; q++)
			if (!strcmp(q->help, p->help))
				return x.name;
	return NULL;
}

static void print_text(
	const struct kind *k, int i, const struct entry *x, struct arena *a)
{
	print_line(arena_printf(a, "%s ", x->name), 21,
		arena_printf(a, "%s%s%s", x->title ? x->title : "",
			x->title ? ": " : "", x->summary));
	for (const struct param_info *p = x->params; p && p->name; p++) {
		struct str out = { .arena = a };
		const char *told = told_at(k, i, p);

		str_put(&out, p->choices ? p->choices : kind_names[p->kind]);
		if (*default_of(p))
			str_printf(&out, ", default %s", default_of(p));
		if (p->search)
			str_printf(&out, " over %s", p->search);
		if (told)
			str_printf(&out, "; as above, %s", told);
		else
			str_printf(&out, "%s%s", *p->help ? "; " : "", p->help);
		print_line(arena_printf(a, "    %s ", p->name), 21, str_get(&out));
	}
}

static void put_range(struct str *out, const struct param_info *p)
{
	char min[NUMBER_MAX], max[NUMBER_MAX];

	if (p->kind == PARAM_REAL || p->kind == PARAM_INT || p->kind == PARAM_LIST)
		str_printf(out, ", %s to %s", number_format(p->min, min),
			number_format(p->max, max));
}

/* A row in full: everything that the tables know of it. */
static void print_row(const struct entry *x, struct arena *a)
{
	printf("%s%s%s\n", x->name, x->title ? ", in tables " : "",
		x->title ? x->title : "");
	cli_wrap(stdout, 0, 0, x->summary);
	if (x->source)
		cli_wrap(stdout, 0, 0, arena_printf(a, "from: %s", x->source));
	if (x->sizes)
		cli_wrap(stdout, 0, 0,
			arena_printf(a, "samples: %s", x->sizes(a, x->name)));
	for (const struct param_info *p = x->params; p && p->name; p++) {
		struct str out = { .arena = a };

		str_printf(&out, "%s: %s", p->name,
			p->choices ? p->choices : kind_names[p->kind]);
		put_range(&out, p);
		if (*default_of(p))
			str_printf(&out, "; default: %s", default_of(p));
		if (p->search)
			str_printf(&out, " over %s", p->search);
		printf("\n");
		cli_wrap(stdout, 0, 4, str_get(&out));
		if (*p->help) {
			printf("    ");
			cli_wrap(stdout, 4, 4, p->help);
		}
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

static const char *sizes_of(struct arena *a, const char *name)
{
	const struct dataset_info *d = catalogue_dataset(name);

	if (!d->train)
		return "all rows of the files";
	return arena_printf(a, "%d train, %d val, %d test; network: %s%s%s", d->train,
		d->val, d->test, d->model, d->install ? "; files: " : "",
		d->install ? d->install : "");
}

#define ENTRIES(what, type, title_, source_, params_, sizes_) \
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
			.params = (params_), \
			.sizes = (sizes_) }; \
		return 1; \
	}

ENTRIES(methods, method_info, row->title, row->source, row->params, NULL)
ENTRIES(datasets, dataset_info, NULL, row->source, row->params, sizes_of)
ENTRIES(models, model_info, NULL, row->source, row->params, NULL)
ENTRIES(metrics, metric_info, row->title, NULL, NULL, NULL)
ENTRIES(optimizers, optimizer_info, NULL, NULL, row->params, NULL)
ENTRIES(corruptions, corruption_info, NULL, "Hendrycks & Dietterich, ICLR 2019", NULL,
	NULL)

static int plots_entry(int i, struct entry *x)
{
	static const struct entry rows[] = {
#define PLOT(id, shows, figure) { .name = #id, .summary = shows, .source = figure },
#include "orchestrator/plot/plot.def"
#undef PLOT
	};

	if (i >= COUNT(rows))
		return 0;
	*x = rows[i];
	if (!strcmp(x->source, "none"))
		x->source = NULL;
	return 1;
}

static const struct kind kinds[] = { { "methods", "method", methods_entry, NULL },
	{ "datasets", "data set", datasets_entry, "DATASET" },
	{ "models", "model", models_entry, NULL },
	{ "metrics", "metric", metrics_entry, NULL },
	{ "optimizers", "optimizer", optimizers_entry, NULL },
	{ "corruptions", "corruption", corruptions_entry, "CORRUPTION" },
	{ "plots", "plot", plots_entry, "KIND" } };

/* A name that stands twice (a metric of two kinds of tasks) is said once. */
static bool came_before(const struct kind *k, int i, const char *name)
{
	struct entry x;

	for (int j = 0; j < i && k->entry(j, &x); j++)
		if (!strcmp(x.name, name))
			return true;
	return false;
}

const char *cli_names(const char *of, const char *between, struct arena *a)
{
	struct str out = { .arena = a };
	struct entry x;

	if (*of == '[') /* it may be left out */
		of = arena_strndup(a, of + 1, strcspn(of + 1, "]"));
	for (int n = 0; n < COUNT(kinds); n++) {
		const struct kind *k = &kinds[n];

		if (strcmp(of, k->name) != 0 && (!k->word || strcmp(of, k->word) != 0))
			continue;
		for (int i = 0; k->entry(i, &x); i++)
			if (!came_before(k, i, x.name))
				str_printf(&out, "%s%s", out.n ? between : "", x.name);
	}
	return str_get(&out);
}

static void print_json(const struct entry *x, struct arena *a)
{
	struct str out = { .arena = a };

	put_json(&out, x);
	fputs(str_get(&out), stdout);
}

static void print_all(const struct kind *k, bool json, struct arena *a)
{
	struct entry x;

	if (json)
		printf("[");
	for (int i = 0; k->entry(i, &x); i++) {
		if (json && i)
			printf(",\n ");
		if (json)
			print_json(&x, a);
		else
			print_text(k, i, &x, a);
	}
	if (json)
		printf("]\n");
}

/* Every row of that name: a metric may be one of several kinds of tasks. */
static int print_one(const struct kind *k, const char *name, bool json, struct arena *a,
	struct err *e)
{
	const char *names[NAMES_MAX];
	char hint[HINT_MAX];
	struct entry x;
	int found = 0;
	int n = 0;

	for (; n < NAMES_MAX && k->entry(n, &x); n++) {
		names[n] = x.name;
		if (strcmp(x.name, name) != 0)
			continue;
		if (found++)
			printf("\n");
		if (json)
			print_json(&x, a);
		else
			print_row(&x, a);
	}
	if (!found)
		return err_set(e, ERR_USAGE, "unknown %s \"%s\"%s", k->one, name,
			str_hint(str_nearest(name, names, n), hint));
	if (json)
		printf("\n");
	return OK;
}

int cmd_list(const struct cli_options *o, struct err *e)
{
	struct arena a = { 0 };
	int rc = OK;

	for (int i = 0; i < COUNT(kinds); i++)
		if (!strcmp(kinds[i].name, o->operand) && o->second)
			rc = print_one(&kinds[i], o->second, o->json, &a, e);
		else if (!strcmp(kinds[i].name, o->operand))
			print_all(&kinds[i], o->json, &a);
	arena_release(&a);
	return rc;
}
