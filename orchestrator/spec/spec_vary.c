/* vary: every setting of its axes becomes a variant. */
#include "orchestrator/spec/spec_read.h"

#include <string.h>

#define VARY_AXES_MAX 8
#define VARIANTS_MAX 200

struct vary_axis {
	const char *path; /* "train.batch", "model" */
	const struct json *values;
};

struct vary {
	struct vary_axis axis[VARY_AXES_MAX];
	int n;
	int variants;
};

/* Whether `key` is one of the parameters of any row of a section's table. */
static bool table_has(const char *section, const char *key)
{
	int n;

	if (!strcmp(section, "model")) {
		const struct model_info *rows = catalogue_models(&n);

		for (int i = 0; i < n; i++)
			if (param_info_find(rows[i].params, key))
				return true;
	}
	if (!strcmp(section, "dataset")) {
		const struct dataset_info *rows = catalogue_datasets(&n);

		for (int i = 0; i < n; i++)
			if (param_info_find(rows[i].params, key))
				return true;
	}
	return false;
}

/* Another trainer's sections have the keys that the file gives them. */
static bool section_has(
	const struct spec_reader *r, const char *section, const char *key)
{
	if (read_at(r, "trainer"))
		return read_at(r, arena_printf(r->a, "%s.%s", section, key));
	return field_find(arena_printf(r->a, "%s.%s", section, key)) ||
		table_has(section, key);
}

/* What another trainer may be given without standing in the section itself. */
static bool is_open_key(const struct spec_reader *r, const char *key)
{
	return read_at(r, "trainer") && *key && !strchr(key, '.');
}

/*
 * Finds the path that "batch", "train.batch" or "model" stands for; NULL: there is
 * none, which has been reported.
 */
static const char *vary_path(const struct spec_reader *r, const struct json *node)
{
	static const char *const sections[] = { "train", "model", "dataset" };
	const char *path = NULL;

	for (int i = 0; i < 3; i++) {
		const char *section = sections[i];
		size_t n = strlen(section);

		if (i > 0 && !strcmp(node->key, section))
			return section;
		if (!strncmp(node->key, section, n) && node->key[n] == '.' &&
			(section_has(r, section, node->key + n + 1) ||
				is_open_key(r, node->key + n + 1)))
			return node->key;
		if (strchr(node->key, '.') || !section_has(r, section, node->key))
			continue;
		if (path) {
			diag_add(r->d, node->key_at,
				"%s is a key of more than one section: write \"%s\" or "
				"\"%s.%s\"",
				diag_quote(r->a, node->key), path, section, node->key);
			return NULL;
		}
		path = arena_printf(r->a, "%s.%s", section, node->key);
	}
	if (!path)
		diag_add(r->d, node->key_at,
			"%s is no key of \"dataset\", \"model\" or \"train\" that "
			"could vary%s",
			diag_quote(r->a, node->key),
			read_at(r, "trainer")
				? ": write the section, too, \"train.KEY\""
				: "");
	return path;
}

static bool read_vary_axis(
	const struct spec_reader *r, const struct json *node, struct vary *y)
{
	const char *path = vary_path(r, node);

	if (!path || !expect_kind(r, node, JSON_ARRAY, node->key))
		return false;
	if (!node->child) {
		diag_add(r->d, node->at, "\"%s\" is an empty list", node->key);
		return false;
	}
	for (int i = 0; i < y->n; i++)
		if (!strcmp(y->axis[i].path, path)) {
			diag_add(r->d, node->key_at, "\"%s\" varies twice", path);
			return false;
		}
	if (y->n == VARY_AXES_MAX ||
		(int64_t)y->variants * node->count > VARIANTS_MAX) {
		diag_add(r->d, node->key_at, "more than %d axes or %d variants",
			VARY_AXES_MAX, VARIANTS_MAX);
		return false;
	}
	y->axis[y->n++] = (struct vary_axis){ path, node };
	y->variants *= node->count;
	return true;
}

static void read_pin(
	const struct spec_reader *r, const struct json *pin, struct spec *s)
{
	static const struct param_info info = {
		.name = "pin", .kind = PARAM_CHOICE, .choices = "winner"
	};

	s->pin_winner = value_text(r, pin, &info, NULL) != NULL;
}

/*
 * A value as a label shows it: "sgd", "256", "sgd nesterov=true". Numbers to twelve
 * digits: what differs by less is the same setting, and two are not called alike.
 */
static void put_label(struct str *out, const struct json *v)
{
	char buf[NUMBER_MAX];

	switch (v->kind) {
	case JSON_STRING:
		str_put(out, v->string);
		break;
	case JSON_NUMBER:
		str_put(out, number_format(axis_round(v->number), buf));
		break;
	case JSON_BOOL:
		str_put(out, v->boolean ? "true" : "false");
		break;
	case JSON_NULL:
		str_put(out, "null");
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		for (const struct json *m = v->child; m; m = m->next) {
			if (m != v->child)
				str_put(out, v->kind == JSON_ARRAY ? "," : " ");
			if (m->key && strcmp(m->key, "name") != 0)
				str_printf(out, "%s=", m->key);
			put_label(out, m);
		}
	}
}

static const struct json *nth(const struct json *list, int i)
{
	const struct json *m = list->child;

	while (i-- > 0)
		m = m->next;
	return m;
}

/* Reads variant number i; of the axes the last runs fastest. */
static void read_variant(struct spec_reader *r, struct spec *s, const struct vary *y,
	int i, struct spec_variant *v)
{
	struct spec_override *over = NEW_ARRAY(r->a, struct spec_override, y->n);
	struct str label = { .arena = r->a };
	int rest = i;

	for (int k = y->n - 1; k >= 0; k--) {
		const struct json *values = y->axis[k].values;

		over[k].path = y->axis[k].path;
		over[k].node = nth(values, rest % values->count);
		/* A data set or a network by name keeps the section's other keys. */
		if (over[k].node->kind == JSON_STRING && !strchr(over[k].path, '.'))
			over[k].path = arena_printf(r->a, "%s.name", over[k].path);
		rest /= values->count;
	}
	for (int k = 0; k < y->n; k++) {
		if (k)
			str_put(&label, " ");
		put_label(&label, over[k].node);
	}
	r->over = v->over = over;
	r->nover = v->nover = y->n;
	v->position = v->stl_of = i;
	v->label = str_get(&label);
	for (int k = 0; k < i; k++)
		if (!strcmp(s->variants[k].label, v->label))
			diag_add(r->d, over[y->n - 1].node->at,
				"two variants are called %s",
				diag_quote(r->a, v->label));
	if (s->trainer)
		read_open_setup(r, s->trainer, v);
	else
		read_setup(r, v);
	read_criteria(r, s, v);
	read_entries(r, s, v);
	read_rungs(r, s, v);
	r->over = NULL;
	r->nover = 0;
}

/* The variant that has the first value of each chosen axis, and else those of variant i. */
static int across_of(const struct vary *y, const bool *chosen, int i)
{
	int stride = 1;

	for (int k = y->n - 1; k >= 0; k--) {
		if (chosen[k])
			i -= i / stride % y->axis[k].values->count * stride;
		stride *= y->axis[k].values->count;
	}
	return i;
}

/* Whether a baseline may be another variant's: data and epochs are those of its methods. */
static bool may_share(const struct spec_reader *r, const struct vary_axis *x)
{
	bool may = strncmp(x->path, "dataset", 7) != 0 &&
		strcmp(x->path, "train.epochs") != 0 &&
		strcmp(x->path, "train.metrics") != 0;

	if (!may)
		diag_add(r->d, read_place(r, "baseline.across"),
			"\"%s\" is part of what a baseline is compared on: it cannot "
			"be the same across it",
			x->path);
	return may;
}

/*
 * baseline.across: equal settings are equal jobs, so variants whose baselines have one
 * setting share what is trained.
 */
static void read_across(
	const struct spec_reader *r, const struct vary *y, struct spec *s)
{
	const char *known[2 * VARY_AXES_MAX];
	bool chosen[2 * VARY_AXES_MAX];

	for (int k = 0; k < y->n; k++) {
		known[k] = y->axis[k].path;
		known[y->n + k] = y->axis[k].values->key;
	}
	if (!read_names(r, "baseline.across", "axis", known, 2 * y->n, chosen))
		return;
	for (int k = 0; k < y->n; k++) {
		chosen[k] |= chosen[y->n + k];
		chosen[k] = chosen[k] && may_share(r, &y->axis[k]);
	}
	for (int i = 0; i < s->nvariants; i++) {
		struct spec_variant *v = &s->variants[i];

		v->stl_of = across_of(y, chosen, i);
		v->stl = s->variants[v->stl_of].stl;
	}
}

void read_variants(struct spec_reader *r, struct spec *s)
{
	const struct json *node = read_at(r, "vary");
	struct vary y = { .variants = 1 };
	bool good = true;

	if (node && expect_kind(r, node, JSON_OBJECT, "vary")) {
		for (const struct json *m = node->child; m; m = m->next)
			if (!strcmp(m->key, "pin"))
				read_pin(r, m, s);
			else
				good = read_vary_axis(r, m, &y) && good;
	}
	if (node && node->kind == JSON_OBJECT && y.n == 0 && good)
		diag_add(r->d, node->at, "\"vary\" varies nothing");
	s->variants = NEW_ARRAY(r->a, struct spec_variant, y.variants);
	s->nvariants = y.variants;
	for (int i = 0; i < y.variants; i++)
		read_variant(r, s, &y, i, &s->variants[i]);
	read_across(r, &y, s);
}

/* Whether a key of `vary`, written "batch", "train.batch" or "trainer.batch", is that axis. */
static bool is_axis(const struct json *key, const char *name)
{
	const char *dot = strrchr(key->key, '.');

	return !strcmp(dot ? dot + 1 : key->key, name);
}

/* The labels of one variant: of the axis, of all others, of all. */
struct vary_label {
	struct str value, rest, whole;
};

static void put_part(struct str *out, const char *text)
{
	str_printf(out, "%s%s", out->n ? " " : "", text);
}

/* The labels of variant number i of the axes, of which the last runs fastest. */
static struct vary_label label_of(
	const struct json *vary, int variants, int i, const char *name, struct arena *a)
{
	struct vary_label l = { { .arena = a }, { .arena = a }, { .arena = a } };

	for (const struct json *axis = vary->child; axis; axis = axis->next) {
		struct str text = { .arena = a };

		if (axis->kind != JSON_ARRAY || !axis->count)
			continue;
		variants /= axis->count;
		put_label(&text, nth(axis, i / variants % axis->count));
		put_part(&l.whole, str_get(&text));
		put_part(is_axis(axis, name) ? &l.value : &l.rest, str_get(&text));
	}
	return l;
}

bool spec_vary_axis(const struct json *root, const char *variant, const char *name,
	struct arena *a, const char **value, const char **rest)
{
	const struct json *vary = root ? json_get(root, "vary") : NULL;
	bool varied = false;
	int variants = 1;

	for (const struct json *axis = vary ? vary->child : NULL; axis;
		axis = axis->next) {
		variants *= axis->kind == JSON_ARRAY && axis->count ? axis->count : 1;
		varied = varied || (axis->kind == JSON_ARRAY && is_axis(axis, name));
	}
	for (int i = 0; varied && i < variants; i++) {
		struct vary_label l = label_of(vary, variants, i, name, a);

		if (strcmp(str_get(&l.whole), variant) != 0)
			continue;
		*value = str_get(&l.value);
		*rest = str_get(&l.rest);
		return true;
	}
	return false;
}
