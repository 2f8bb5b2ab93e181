/* docs/sweep.schema.json. */
#include "orchestrator/spec/spec_docs.h"

#include <string.h>
#include "orchestrator/spec/spec_read.h"

/* Schemas that rows refer to. */
static const char definitions[] =
	"  \"$defs\": {\n"
	"    \"axis\": { \"anyOf\": [\n"
	"      { \"type\": \"number\" },\n"
	"      { \"type\": \"array\", \"items\": { \"type\": \"number\" }, "
	"\"minItems\": 1 },\n"
	"      { \"type\": \"object\", \"additionalProperties\": false,\n"
	"        \"required\": [\"from\", \"to\"], \"properties\": {\n"
	"          \"from\": { \"type\": \"number\" }, \"to\": { \"type\": \"number\" "
	"},\n"
	"          \"step\": { \"type\": \"number\" }, \"per_decade\": { \"type\": "
	"\"number\" },\n"
	"          \"fine\": { \"type\": \"number\" } } } ] },\n"
	"    \"weights\": { \"anyOf\": [\n"
	"      { \"type\": \"array\", \"items\": { \"type\": \"number\" }, "
	"\"minItems\": 1 },\n"
	"      { \"type\": \"array\", \"items\": { \"type\": \"array\",\n"
	"        \"items\": { \"type\": \"number\" } }, \"minItems\": 1 },\n"
	"      { \"type\": \"object\", \"additionalProperties\": false, "
	"\"properties\": {\n"
	"        \"step\": { \"type\": \"number\" }, \"fine\": { \"type\": \"number\" "
	"},\n"
	"        \"ends\": { \"type\": \"boolean\" },\n"
	"        \"random\": { \"type\": \"integer\" } } } ] }\n"
	"  }\n";

static void put_quoted(struct str *out, const char *s)
{
	str_put(out, "\"");
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			str_put(out, "\\");
		str_putn(out, s, 1);
	}
	str_put(out, "\"");
}

/* "a|b" as ["a", "b"]. */
static void put_enum(struct str *out, const char *choices)
{
	str_put(out, "\"enum\": [\"");
	for (; *choices; choices++)
		if (*choices == '|')
			str_put(out, "\", \"");
		else
			str_putn(out, choices, 1);
	str_put(out, "\"]");
}

static void put_limits(struct str *out, double min, double max)
{
	char low[NUMBER_MAX], high[NUMBER_MAX];

	str_printf(out, ", \"minimum\": %s, \"maximum\": %s", number_format(min, low),
		number_format(max, high));
}

/* One value of a parameter. */
static void put_value(struct str *out, const struct param_info *p)
{
	switch (p->kind) {
	case PARAM_REAL:
	case PARAM_INT:
		str_printf(out, "\"type\": \"%s\"",
			p->kind == PARAM_INT ? "integer" : "number");
		put_limits(out, p->min, p->max);
		break;
	case PARAM_BOOL:
		str_put(out, "\"type\": \"boolean\"");
		break;
	case PARAM_CHOICE:
		put_enum(out, p->choices);
		break;
	case PARAM_LIST:
		str_put(out, "\"type\": \"array\", \"items\": { \"type\": \"number\"");
		put_limits(out, p->min, p->max);
		str_put(out, " }");
		break;
	case PARAM_TEXT:
		str_put(out, "\"type\": \"string\"");
		break;
	case PARAM_SIMPLEX:
		str_put(out, "\"$ref\": \"#/$defs/weights\"");
	}
}

/* A hyperparameter: a value, a list, or for numbers a range. */
static void put_hyperparameter(struct str *out, const struct param_info *p)
{
	if (p->kind == PARAM_SIMPLEX) {
		put_value(out, p);
		return;
	}
	if (p->each) {
		str_put(out,
			"\"anyOf\": [{ \"$ref\": \"#/$defs/axis\" }, { \"type\": "
			"\"object\" }]");
		return;
	}
	if (p->kind == PARAM_REAL || p->kind == PARAM_INT) {
		str_put(out, "\"$ref\": \"#/$defs/axis\"");
		return;
	}
	str_put(out, "\"anyOf\": [{ ");
	put_value(out, p);
	str_put(out, " }, { \"type\": \"array\", \"items\": { ");
	put_value(out, p);
	str_put(out, " } }]");
}

static void put_params(struct str *out, const struct param_info *p,
	void (*put)(struct str *, const struct param_info *))
{
	for (; p->name; p++) {
		str_printf(out, ",\n        \"%s\": { ", p->name);
		put(out, p);
		str_put(out, ", \"description\": ");
		put_quoted(out, p->help);
		str_put(out, " }");
	}
}

/* { "name": const, ... }: one row of a table of the catalogue. */
static void put_named(
	struct str *out, const char *name, const struct param_info *params)
{
	str_printf(out,
		"\n      { \"type\": \"object\", \"additionalProperties\": false, "
		"\"required\": [\"name\"],\n        \"properties\": { \"name\": { "
		"\"const\": \"%s\" }",
		name);
	put_params(out, params, put_value);
	str_put(out, " } }");
}

static void put_optimizer(struct str *out)
{
	int n;
	const struct optimizer_info *o = catalogue_optimizers(&n);

	str_put(out, "\"anyOf\": [{ \"enum\": [");
	for (int i = 0; i < n; i++)
		str_printf(out, "%s\"%s\"", i ? ", " : "", o[i].name);
	str_put(out, "] }");
	for (int i = 0; i < n; i++) {
		str_put(out, ",");
		put_named(out, o[i].name, o[i].params);
	}
	str_put(out, "]");
}

static void put_methods(struct str *out)
{
	int n;
	const struct method_info *m = catalogue_methods(&n);
	bool first = true;

	str_put(out,
		"\"type\": \"array\", \"minItems\": 1, \"items\": { \"anyOf\": [{ "
		"\"enum\": [");
	for (int i = 0; i < n; i++)
		if (strcmp(m[i].name, "stl") != 0) {
			str_printf(out, "%s\"%s\"", first ? "" : ", ", m[i].name);
			first = false;
		}
	str_put(out, "] }");
	for (int i = 0; i < n; i++) {
		if (!strcmp(m[i].name, "stl"))
			continue;
		str_printf(out,
			",\n      { \"type\": \"object\", \"additionalProperties\": "
			"false, \"required\": [\"name\"],\n        \"properties\": { "
			"\"name\": { \"const\": \"%s\" }, \"label\": { \"type\": "
			"\"string\" }, \"title\": { \"type\": \"string\" }, "
			"\"slots\": { \"type\": \"integer\", \"minimum\": 1, "
			"\"maximum\": 64 }",
			m[i].name);
		put_params(out, m[i].params, put_hyperparameter);
		str_put(out, " } }");
	}
	str_put(out, "] }");
}

static void put_dataset_names(struct str *out)
{
	int n;
	const struct dataset_info *d = catalogue_datasets(&n);

	str_put(out, "\"enum\": [");
	for (int i = 0; i < n; i++)
		str_printf(out, "%s\"%s\"", i ? ", " : "", d[i].name);
	str_put(out, "]");
}

static void put_model_names(struct str *out)
{
	int n;
	const struct model_info *m = catalogue_models(&n);

	str_put(out, "\"enum\": [");
	for (int i = 0; i < n; i++)
		str_printf(out, "%s\"%s\"", i ? ", " : "", m[i].name);
	str_put(out, "]");
}

static void put_corruptions(struct str *out)
{
	int n;
	const struct corruption_info *c = catalogue_corruptions(&n);

	str_put(out,
		"\"anyOf\": [{ \"enum\": [\"common\", \"all\"] }, { \"type\": "
		"\"array\", \"minItems\": 1, \"uniqueItems\": true, \"items\": "
		"{ \"enum\": [");
	for (int i = 0; i < n; i++)
		str_printf(out, "%s\"%s\"", i ? ", " : "", c[i].name);
	str_put(out, "] } }]");
}

static void put_section(struct str *out, const char *prefix);

/* The inside of one row's schema, without its braces. */
/* Kinds whose values have one form, whatever the row says. */
static const char *const plain_types[] = {
	[FIELD_BOOL] = "\"type\": \"boolean\"",
	[FIELD_AXIS] = "\"$ref\": \"#/$defs/axis\"",
	[FIELD_MODEL_OBJECT] = "\"type\": [\"string\", \"object\"]",
	[FIELD_LR_DECAY] = "\"type\": [\"string\", \"object\"]",
	[FIELD_NAMES] = "\"type\": [\"string\", \"array\"], "
			"\"items\": { \"type\": \"string\" }",
	[FIELD_RUNGS] = "\"type\": \"array\", \"items\": { \"type\": \"number\" }",
	[FIELD_WORDS] = "\"type\": \"array\", \"minItems\": 1, "
			"\"items\": { \"type\": \"string\", \"minLength\": 1 }",
	[FIELD_CRITERIA] = "\"type\": \"array\", \"minItems\": 1, "
			   "\"items\": { \"type\": \"string\", \"minLength\": 1 }",
	[FIELD_TASKS] = "\"type\": \"object\"",
	[FIELD_VARY] = "\"type\": \"object\"",
	[FIELD_VALUES] = "\"type\": \"object\"",
	[FIELD_REQUIRE] = "\"type\": \"object\"",
};

/* A name alone, or the section with all its keys. */
static void put_name_or_section(struct str *out, const struct spec_field *f)
{
	str_put(out, "\"anyOf\": [{ ");
	if (!strcmp(f->path, "model"))
		put_model_names(out);
	else
		put_dataset_names(out);
	str_put(out, " }, { ");
	put_section(out, f->path);
	str_put(out, " }]");
}

static void put_number(struct str *out, const struct spec_field *f)
{
	str_printf(out, "\"type\": \"%s\"",
		f->kind == FIELD_NUMBER ? "number" : "integer");
	put_limits(out, f->min, f->max);
}

/* A count, or a list of seeds. */
static void put_seeds(struct str *out, const struct spec_field *f)
{
	str_put(out, "\"anyOf\": [{ ");
	put_number(out, f);
	str_put(out,
		" }, { \"type\": \"array\", \"minItems\": 1, \"uniqueItems\": true, "
		"\"items\": { \"type\": \"integer\", \"minimum\": 0 } }]");
}

static void put_string(struct str *out, const struct spec_field *f)
{
	str_printf(out,
		"\"type\": \"string\", \"minLength\": %.0f, \"maxLength\": %.0f",
		f->min, f->max);
}

static void put_type(struct str *out, const struct spec_field *f)
{
	switch (f->kind) {
	case FIELD_SECTION:
		put_section(out, f->path);
		break;
	case FIELD_NAMED:
		put_name_or_section(out, f);
		break;
	case FIELD_WHOLE:
	case FIELD_NUMBER:
		put_number(out, f);
		break;
	case FIELD_SEEDS:
		put_seeds(out, f);
		break;
	case FIELD_CHOICE:
		put_enum(out, f->choices);
		break;
	case FIELD_TEXT:
	case FIELD_PATH:
		put_string(out, f);
		break;
	case FIELD_DATASET:
		put_dataset_names(out);
		break;
	case FIELD_MODEL:
		put_model_names(out);
		break;
	case FIELD_OPTIMIZER:
		put_optimizer(out);
		break;
	case FIELD_METHODS:
		put_methods(out);
		break;
	case FIELD_CORRUPTIONS:
		put_corruptions(out);
		break;
	default:
		str_put(out, plain_types[f->kind]);
	}
}

/* Beside `trainer` these are open; without it put_closed says what they hold. */
static const char *const open_fields[] = { "dataset", "model", "train", "methods" };
#define OPEN_FIELDS COUNT(open_fields)

static bool is_open(const struct spec_field *f)
{
	for (int i = 0; i < OPEN_FIELDS; i++)
		if (!strcmp(f->path, open_fields[i]))
			return true;
	return false;
}

static void put_row(struct str *out, const struct spec_field *f)
{
	if (is_open(f))
		str_put(out, "\"type\": [\"object\", \"array\", \"string\"]");
	else
		put_type(out, f);
	str_put(out, ", \"description\": ");
	put_quoted(out, f->help);
}

/* Keys of the catalogue in a section: whatever any row has; check says which fit. */
static void put_catalogue_keys(struct str *out, const char *section)
{
	const struct param_info *seen[64];
	int nseen = 0, n = 0;
	bool models = !strcmp(section, "model");
	const struct dataset_info *d = catalogue_datasets(&n);
	const struct model_info *m = models ? catalogue_models(&n) : NULL;

	for (int i = 0; i < n; i++)
		for (const struct param_info *p = models ? m[i].params : d[i].params;
			p->name; p++) {
			bool new = true;

			for (int k = 0; k < nseen; k++)
				new = new &&strcmp(seen[k]->name, p->name) != 0;
			if (!new || nseen == 64)
				continue;
			seen[nseen++] = p;
			str_printf(out, ",\n      \"%s\": { ", p->name);
			put_value(out, p);
			str_put(out, ", \"description\": ");
			put_quoted(out, p->help);
			str_put(out, " }");
		}
}

/* An object: the rows directly below prefix ("" the top). */
static void put_section(struct str *out, const char *prefix)
{
	size_t length = strlen(prefix);
	struct str required = { .arena = out->arena };
	bool first = true;
	int n;
	const struct spec_field *f = spec_fields(&n);

	str_put(out,
		"\"type\": \"object\", \"additionalProperties\": false, "
		"\"properties\": {");
	for (int i = 0; i < n; i++) {
		const char *key = f[i].path + (length ? length + 1 : 0);

		if (strncmp(f[i].path, prefix, length) != 0 ||
			(length && f[i].path[length] != '.') || strchr(key, '.'))
			continue;
		str_printf(out, "%s\n    \"%s\": { ", first ? "" : ",", key);
		put_row(out, &f[i]);
		str_put(out, " }");
		first = false;
		if (f[i].required)
			str_printf(&required, "%s\"%s\"", required.n ? ", " : "", key);
	}
	if (!strcmp(prefix, "dataset") || !strcmp(prefix, "model"))
		put_catalogue_keys(out, prefix);
	str_put(out, " }");
	if (required.n)
		str_printf(out, ", \"required\": [%s]", str_get(&required));
}

/* What the open fields hold where deltam's own trainer reads them. */
static void put_closed(struct str *out)
{
	str_put(out,
		",\n  \"if\": { \"not\": { \"required\": [\"trainer\"] } },\n  "
		"\"then\": { \"properties\": {");
	for (int i = 0; i < OPEN_FIELDS; i++) {
		str_printf(out, "%s\n    \"%s\": { ", i ? "," : "", open_fields[i]);
		put_type(out, field_find(open_fields[i]));
		str_put(out, " }");
	}
	str_put(out, " } }");
}

void spec_docs_schema(struct str *out)
{
	str_put(out,
		"{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
		"  \"title\": \"deltam sweep file\",\n  ");
	put_section(out, "");
	put_closed(out);
	str_put(out, ",\n");
	str_put(out, definitions);
	str_put(out, "}\n");
}
