/* This reads train.lr_decay and train.warm_up; lr_decay.h has the canonical text. */
#include "orchestrator/spec/spec_read.h"

#define MILESTONES_MAX 32

static const char path[] = "train.lr_decay";

/* Returns a number of the object as its text; NULL: absent, or wrong and said. */
static const char *member_text(const struct spec_reader *r, const struct json *object,
	const struct param_info *info)
{
	const struct json *node = json_get(object, info->name);

	return node ? value_text(r, node, info, NULL) : NULL;
}

static const char *factor_of(const struct spec_reader *r, const struct json *object)
{
	static const struct param_info info = {
		.name = "factor", .kind = PARAM_REAL, .min = 1e-9, .max = 1
	};

	return member_text(r, object, &info);
}

/* Writes "EVERY FACTOR". */
static const char *read_every(const struct spec_reader *r, const struct json *object)
{
	static const struct param_info info = {
		.name = "every", .kind = PARAM_INT, .min = 1, .max = 1000000000
	};
	const char *every = member_text(r, object, &info);
	const char *factor = factor_of(r, object);

	return every && factor ? arena_printf(r->a, "%s %s", every, factor) : NULL;
}

/* Writes "milestones FACTOR A B ...". */
static const char *read_milestones(
	const struct spec_reader *r, const struct json *object)
{
	static const struct param_info info = {
		.name = "milestones", .kind = PARAM_INT, .min = 1, .max = 1000000000
	};
	const struct json *list = json_get(object, info.name);
	const char *factor = factor_of(r, object);
	struct str text = { .arena = r->a };
	double before = 0;

	if (!expect_kind(r, list, JSON_ARRAY, info.name) || !factor)
		return NULL;
	if (list->count < 1 || list->count > MILESTONES_MAX) {
		diag_add(r->d, list->at, "\"milestones\" holds 1 to %d numbers",
			MILESTONES_MAX);
		return NULL;
	}
	str_printf(&text, "milestones %s", factor);
	for (const struct json *m = list->child; m; m = m->next) {
		const char *one = value_text(r, m, &info, NULL);

		if (!one)
			return NULL;
		if (m->number <= before) {
			diag_add(r->d, m->at, "\"milestones\" must rise");
			return NULL;
		}
		before = m->number;
		str_printf(&text, " %s", one);
	}
	return str_get(&text);
}

/* Writes "power P". */
static const char *read_power(const struct spec_reader *r, const struct json *object)
{
	static const struct param_info info = {
		.name = "power", .kind = PARAM_REAL, .min = 1e-9, .max = 100
	};
	const char *power = member_text(r, object, &info);

	return power ? arena_printf(r->a, "power %s", power) : NULL;
}

static const char *read_cosine(const struct spec_reader *r, const struct json *object)
{
	const struct json *node = json_get(object, "cosine");

	if (node->kind == JSON_BOOL && node->boolean)
		return "cosine";
	diag_add(r->d, node->at, "\"cosine\" is true where it stands");
	return NULL;
}

/* A shape is made by a key, which may want a factor beside it, and has a reader. */
static const struct shape {
	const char *key;
	bool factor;
	const char *(*read)(const struct spec_reader *r, const struct json *object);
} shapes[] = {
	{ "every", true, read_every },
	{ "milestones", true, read_milestones },
	{ "power", false, read_power },
	{ "cosine", false, read_cosine },
};
#define SHAPES COUNT(shapes)

/* Returns the one shape that the object has; NULL: none or several, and said. */
static const struct shape *shape_of(
	const struct spec_reader *r, const struct json *object)
{
	const struct shape *found = NULL;
	int n = 0;

	for (int i = 0; i < SHAPES; i++)
		if (json_get(object, shapes[i].key)) {
			found = &shapes[i];
			n++;
		}
	if (n == 1 && found->factor == (json_get(object, "factor") != NULL))
		return found;
	diag_add(r->d, object->at,
		"\"lr_decay\" wants \"every\" or \"milestones\" with \"factor\", "
		"\"power\", or \"cosine\"");
	return NULL;
}

static const char *read_object(const struct spec_reader *r, const struct json *object)
{
	static const char *const keys[] = { "every", "milestones", "power", "cosine",
		"factor", "per" };
	static const struct param_info per = {
		.name = "per", .kind = PARAM_CHOICE, .choices = "epoch|step"
	};
	const struct json *unit = json_get(object, "per");
	const char *word = unit ? value_text(r, unit, &per, NULL) : "epoch";
	const struct shape *shape;
	const char *text;

	if (!read_known(r, object, keys, 6) || !word)
		return NULL;
	shape = shape_of(r, object);
	text = shape ? shape->read(r, object) : NULL;
	return text && *word == 's' ? arena_printf(r->a, "%s step", text) : text;
}

void read_schedule(const struct spec_reader *r, struct params *ps)
{
	static const struct param_info word = {
		.name = "lr_decay", .kind = PARAM_CHOICE, .choices = "none|cosine"
	};
	const struct json *node = read_at(r, path);
	const char *text = field_find(path)->deflt;
	int warm_up = read_whole(r, "train.warm_up");

	if (node && node->kind == JSON_OBJECT)
		text = read_object(r, node);
	else if (node)
		text = value_text(r, node, &word, NULL);
	if (text)
		params_set(ps, r->a, path, text);
	if (warm_up)
		params_set_number(ps, r->a, "train.warm_up", warm_up);
}
