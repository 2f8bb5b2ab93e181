/* A single value: its kind, its range, its spelling. */
#include "orchestrator/spec/spec_read.h"

#include <ctype.h>
#include <math.h>
#include <string.h>
#include "catalogue/setting.h"

bool expect_kind(const struct spec_reader *r, const struct json *node,
	enum json_kind kind, const char *name)
{
	if (node->kind == kind)
		return true;
	diag_add(r->d, node->at, "\"%s\" must be %s, not %s", name,
		json_kind_name(kind), json_kind_name(node->kind));
	return false;
}

void report_unknown(const struct spec_reader *r, size_t at, const char *what,
	const char *name, const char *const *known, int n)
{
	const char *near = str_nearest(name, known, n);
	const char *quoted = diag_quote(r->a, name);
	struct str all = { .arena = r->a };

	if (near) {
		diag_add(r->d, at, "unknown %s %s; did you mean \"%s\"?", what, quoted,
			near);
		return;
	}
	for (int i = 0; i < n; i++)
		str_printf(&all, "%s%s", i ? ", " : "", known[i]);
	diag_add(r->d, at, "unknown %s %s; there are %s", what, quoted, str_get(&all));
}

/* Writes whose value it is, " for method "dwa"", or nothing. */
static const char *suffix(const struct spec_reader *r, const char *owner)
{
	return owner ? arena_printf(r->a, " for %s", owner) : "";
}

static const char *number_text(const struct spec_reader *r, const struct json *node,
	const struct param_info *info, const char *owner)
{
	char value[NUMBER_MAX], limit[NUMBER_MAX];
	const char *fault = NULL;
	double v = node->number;

	if (node->kind != JSON_NUMBER) {
		diag_add(r->d, node->at, "\"%s\" must be %s, not %s", info->name,
			info->kind == PARAM_INT ? "a whole number" : "a number",
			json_kind_name(node->kind));
		return NULL;
	}
	number_format(v, value);
	if (info->kind == PARAM_INT && v != floor(v))
		diag_add(r->d, node->at, "%s %s must be a whole number", info->name,
			value);
	else if (v < info->min)
		fault = arena_printf(
			r->a, "below the minimum %s", number_format(info->min, limit));
	else if (v > info->max)
		fault = arena_printf(
			r->a, "above the maximum %s", number_format(info->max, limit));
	else
		return arena_strdup(r->a, value);
	if (fault)
		diag_add(r->d, node->at, "%s %s is %s%s", info->name, value, fault,
			suffix(r, owner));
	return NULL;
}

static const char *choice_text(const struct spec_reader *r, const struct json *node,
	const struct param_info *info)
{
	const char *known[32];
	int n = 0;

	if (!expect_kind(r, node, JSON_STRING, info->name))
		return NULL;
	for (const char *c = info->choices; n < 32;) {
		size_t length = strcspn(c, "|");

		known[n] = arena_strndup(r->a, c, length);
		if (!strcmp(known[n++], node->string))
			return node->string;
		if (!c[length])
			break;
		c += length + 1;
	}
	report_unknown(r, node->at, info->name, node->string, known, n);
	return NULL;
}

static const char *list_text(const struct spec_reader *r, const struct json *node,
	const struct param_info *info, const char *owner)
{
	struct param_info element = *info;
	struct str out = { .arena = r->a };

	if (!expect_kind(r, node, JSON_ARRAY, info->name))
		return NULL;
	if (!node->child) {
		diag_add(r->d, node->at, "\"%s\" is an empty list", info->name);
		return NULL;
	}
	element.kind = PARAM_REAL;
	for (const struct json *m = node->child; m; m = m->next) {
		const char *text = number_text(r, m, &element, owner);

		if (!text)
			return NULL;
		str_printf(&out, "%s%s", out.n ? " " : "", text);
	}
	return str_get(&out);
}

const char *value_text(const struct spec_reader *r, const struct json *node,
	const struct param_info *info, const char *owner)
{
	switch (info->kind) {
	case PARAM_REAL:
	case PARAM_INT:
		return number_text(r, node, info, owner);
	case PARAM_BOOL:
		if (!expect_kind(r, node, JSON_BOOL, info->name))
			return NULL;
		return node->boolean ? "true" : "false";
	case PARAM_CHOICE:
		return choice_text(r, node, info);
	case PARAM_LIST:
		return list_text(r, node, info, owner);
	case PARAM_TEXT:
		if (!expect_kind(r, node, JSON_STRING, info->name))
			return NULL;
		return node->string;
	case PARAM_SIMPLEX:
		break;
	}
	BUG("a parameter that is no single value");
}
