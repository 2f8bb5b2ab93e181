/* The entries of `methods` in one variant. */
#include "orchestrator/spec/spec_read.h"

#include <string.h>
#include "catalogue/setting.h"
#include "common/hidden.h"
#include "orchestrator/stats/weight_grid.h"

#define LABEL_CHARACTERS 64
#define ENTRIES_MAX 1000
#define POINTS_MAX 10000000
#define SLOTS_MAX 64

/* The methods that a sweep can list: all but the baseline. */
static const char **listable(struct arena *a, int *n)
{
	int all;
	const struct method_info *rows = catalogue_methods(&all);
	const char **names = NEW_ARRAY(a, const char *, all);

	*n = 0;
	for (int i = 0; i < all; i++)
		if (strcmp(rows[i].name, "stl") != 0)
			names[(*n)++] = rows[i].name;
	return names;
}

/* `entry` is what `methods` lists, node its name; NULL: no method, and reported. */
static const struct method_info *read_method(
	const struct spec_reader *r, const struct json *entry, const struct json *node)
{
	const struct method_info *info = catalogue_method(node->string);
	int n;
	const char **known;
	char hint[HINT_MAX];

	if (!strcmp(node->string, "stl")) {
		diag_add(r->d, node->at,
			"\"stl\" is the baseline, which every sweep trains: its "
			"settings go under \"baseline\"");
		return NULL;
	}
	if (info)
		return info;
	known = listable(r->a, &n);
	if (!read_at(r, "trainer"))
		report_unknown(r, node->at, "method", node->string, known, n);
	else if (json_get(entry, "title"))
		return own_method(r, entry, node);
	else
		diag_add(r->d, node->at,
			"unknown method %s%s (one of your own wants a \"title\")",
			diag_quote(r->a, node->string),
			str_hint(str_nearest(node->string, known, n), hint));
	return NULL;
}

/* Reports keys of the entry's object that the method does not have. */
static void check_hyperparameters(const struct spec_reader *r,
	const struct json *object, const struct method_info *method)
{
	struct str all = { .arena = r->a };

	for (const struct param_info *p = method->params; p->name; p++)
		str_printf(&all, "%s%s", all.n ? ", " : "", p->name);
	for (const struct json *m = object->child; m; m = m->next)
		if (!is_entry_key(m->key) && !param_info_find(method->params, m->key))
			diag_add(r->d, m->key_at,
				"method \"%s\" has no hyperparameter %s; it has %s",
				method->name, diag_quote(r->a, m->key),
				all.n ? str_get(&all) : "none");
}

/* Whether the method knows a primary task. */
static bool is_auxiliary(const struct method_info *method)
{
	return param_info_find(method->params, "primary") != NULL;
}

/* A task's name, "each", or NULL where the file has none. */
static const char *read_primary(
	const struct spec_reader *r, const struct spec_variant *v)
{
	const char *primary = read_text(r, "primary");
	const char **known = NEW_ARRAY(r->a, const char *, v->ntasks + 1);

	if (!primary || !strcmp(primary, "each"))
		return primary;
	for (int k = 0; k < v->ntasks; k++) {
		known[k] = v->tasks[k].name;
		if (!strcmp(primary, known[k]))
			return primary;
	}
	known[v->ntasks] = "each";
	report_unknown(
		r, read_place(r, "primary"), "task", primary, known, v->ntasks + 1);
	return NULL;
}

/* An entry that is judged by one task wants a criterion of it in Δm. */
static void check_primary_counts(
	const struct spec_reader *r, const struct spec_variant *v, const char *primary)
{
	for (int k = 0; primary && k < v->ntasks; k++) {
		const char *task = v->tasks[k].name;
		bool wanted = !strcmp(primary, "each") || !strcmp(primary, task);
		int counted = 0;

		for (int i = 0; i < v->ncriteria; i++)
			counted += v->criteria[i].counts &&
				!strcmp(v->criteria[i].task, task);
		if (wanted && !counted)
			diag_add(r->d, read_place(r, "select.criteria"),
				"\"%s\" is a primary task: one of its criteria must "
				"count",
				task);
	}
}

/*
 * What the file gives for a parameter whose row is marked WRITTEN is not its default even
 * where it is the same number: there it gets another spelling, 1.0e-12 for 1e-12, and so
 * an identity of its own.
 */
static void respell(
	const struct spec_reader *r, const struct param_info *p, struct spec_axis *x)
{
	const char *deflt = param_default(r->a, p);

	for (int i = 0; i < x->count; i++) {
		size_t n = strcspn(deflt, "e");

		if (!strcmp(x->text[i], deflt))
			x->text[i] = arena_printf(r->a, "%.*s%s0%s", (int)n, deflt,
				memchr(deflt, '.', n) ? "" : ".", deflt + n);
	}
}

/* Says whether a value is the row's word for none: the job has none then. */
static bool stands_for_nothing(const struct param_info *p, const struct json *value)
{
	return p->absent && value && value->kind == JSON_STRING &&
		!strcmp(value->string, p->absent);
}

static void read_hyperparameters(const struct spec_reader *r, const struct json *node,
	const struct spec_variant *v, struct spec_entry *e)
{
	struct spec_axis_rule rule = {
		.owner = arena_printf(r->a, "method \"%s\"", e->method->name),
		.tasks = v->ntasks,
		.task = v->tasks,
	};
	int n = 0;

	while (e->method->params[n].name)
		n++;
	e->axes = NEW_ARRAY(r->a, struct spec_axis, n + 1);
	for (int i = 0; i < n; i++) {
		const struct param_info *p = &e->method->params[i];
		const struct json *value = json_get(node, p->name);

		if (stands_for_nothing(p, value)) {
			e->every_task |= !strcmp(p->name, "primary");
			continue;
		}
		if (!strcmp(p->name, "primary") && read_at(r, "primary")) {
			if (value)
				diag_add(r->d, value->key_at,
					"\"primary\" is said for the whole sweep "
					"already");
			continue;
		}
		/*
		 * Where there is neither a value nor a default nor a search, the method
		 * decides.
		 */
		if (!value && !p->deflt && !p->search && p->kind != PARAM_SIMPLEX)
			continue;
		rule.info = p;
		if (read_axis(r, value, &rule, value ? value->at : node->at,
			    &e->axes[e->naxes])) {
			if (value && p->written)
				respell(r, p, &e->axes[e->naxes]);
			e->naxes++;
		}
	}
}

/* Whether a node is a short text of one line; if not, that is said. */
static bool read_line(
	const struct spec_reader *r, const struct json *node, const char *what)
{
	size_t n;

	if (!expect_kind(r, node, JSON_STRING, what))
		return false;
	n = strlen(node->string);
	for (size_t i = 0; i < n; i++)
		if (hidden_length(node->string + i))
			n = 0;
	if (n > 0 && n <= LABEL_CHARACTERS)
		return true;
	diag_add(r->d, node->at,
		"a %s has 1 to %d characters and is one line, without control characters "
		"and marks of direction",
		what, LABEL_CHARACTERS);
	return false;
}

/* What tables call the entry; "" where the file does not say. */
static const char *read_title(const struct spec_reader *r, const struct json *node)
{
	const struct json *title = json_get(node, "title");

	return title && read_line(r, title, "title") ? title->string : "";
}

static const char *read_label(
	const struct spec_reader *r, const struct json *node, const char *deflt)
{
	const struct json *label = json_get(node, "label");

	if (!label || !read_line(r, label, "label"))
		return deflt;
	if (!strcmp(label->string, "stl")) {
		diag_add(r->d, label->at, "the label \"stl\" belongs to the baseline");
		return deflt;
	}
	return label->string;
}

/* Slots of one GPU are all that a segment can have where several share it. */
static int read_slots(
	const struct spec_reader *r, const struct spec *s, const struct json *node)
{
	static const struct param_info info = {
		.name = "slots", .kind = PARAM_INT, .min = 1, .max = SLOTS_MAX
	};
	const struct json *slots = json_get(node, "slots");
	const char *text = slots ? value_text(r, slots, &info, NULL) : NULL;
	double n = 1;

	if (!text || !number_parse(text, &n))
		return 1;
	if (s->trainer && s->trainer->gpu_slots > 1 && n > s->trainer->gpu_slots)
		diag_add(r->d, slots->at,
			"slots %.0f is more than one GPU has: \"gpu\" makes %d of it",
			n, s->trainer->gpu_slots);
	return (int)n;
}

/* Reads an entry; false: it is none, which has been reported. */
static bool read_entry(const struct spec_reader *r, const struct spec *s,
	const struct json *node, const struct spec_variant *v, struct spec_entry *e)
{
	const struct json *name = node;

	if (node->kind == JSON_OBJECT) {
		name = json_get(node, "name");
		if (!name) {
			diag_add(r->d, node->at, "this entry has no \"name\"");
			return false;
		}
		if (!expect_kind(r, name, JSON_STRING, "name"))
			return false;
	} else if (node->kind != JSON_STRING) {
		diag_add(r->d, node->at,
			"a method is a name or an object with a name, not %s",
			json_kind_name(node->kind));
		return false;
	}
	e->method = read_method(r, node, name);
	if (!e->method)
		return false;
	e->label = read_label(r, node, e->method->name);
	e->title = read_title(r, node);
	e->slots = read_slots(r, s, node);
	if (node->kind == JSON_OBJECT)
		check_hyperparameters(r, node, e->method);
	read_hyperparameters(r, node, v, e);
	return true;
}

static void check_label(const struct spec_reader *r, const struct json *node,
	const struct spec_variant *v, const struct spec_entry *e)
{
	const struct json *label = json_get(node, "label");

	for (int i = 0; i < v->nentries; i++) {
		if (strcmp(v->entries[i].listed, e->label) != 0 &&
			strcmp(v->entries[i].label, e->label) != 0)
			continue;
		if (label)
			diag_add(r->d, label->at, "the label %s is taken by entry %d",
				diag_quote(r->a, e->label), v->entries[i].position);
		else
			diag_add(r->d, node->at,
				"\"%s\" is listed twice: give this entry a \"label\"",
				e->method->name);
		return;
	}
}

/* The most points of a refinement: edges reach one coarse step outward. */
static double fine_points(const struct spec_entry *e)
{
	double points = 1;

	for (int i = 0; i < e->naxes; i++) {
		const struct spec_axis *x = &e->axes[i];

		if (!(x->fine > 0))
			continue;
		if (x->scale == AXIS_SIMPLEX)
			points *= (double)weight_grid_neighbours(
				x->tasks, axis_fine_radius(x));
		else
			points *= 2 *
					(x->scale == AXIS_LOG ? x->fine
							      : x->step / x->fine) +
				3;
	}
	return points;
}

/* "lr 3, wd 1, T 7": what multiplies to the configurations of an entry. */
static const char *factors(
	const struct spec_reader *r, const struct spec *s, const struct spec_entry *e)
{
	struct str out = { .arena = r->a };

	str_printf(&out, "lr %d, wd %d", s->search.rates.lr.count,
		s->search.rates.wd.count);
	for (int i = 0; i < e->naxes; i++)
		if (e->axes[i].count > 1)
			str_printf(&out, ", %s %d", e->axes[i].name, e->axes[i].count);
	return str_get(&out);
}

/* The number of points must stay a small int, and last10 wants exactly one. */
static void check_points(const struct spec_reader *r, const struct json *node,
	const struct spec *s, const struct spec_entry *e)
{
	double points = (double)s->search.rates.lr.count * s->search.rates.wd.count;

	for (int i = 0; i < e->naxes; i++)
		points *= e->axes[i].count;
	if (points > POINTS_MAX)
		diag_add(r->d, node->at,
			"\"%s\" has %.0f configurations (%s); at most %d",
			e->method->name, points, factors(r, s, e), POINTS_MAX);
	else if (points > 1 && s->select.epoch == EPOCH_LAST10)
		diag_add(r->d, node->at,
			"\"last10\" chooses nothing, so a method has one "
			"configuration; "
			"\"%s\" has %.0f (%s)",
			e->method->name, points, factors(r, s, e));
	if (fine_points(e) > POINTS_MAX)
		diag_add(r->d, node->at,
			"the steps of \"fine\" give \"%s\" more than %d configurations "
			"around a point",
			e->method->name, POINTS_MAX);
}

static void add_entry(struct spec_variant *v, struct spec_entry *e)
{
	e->position = v->nentries + 1;
	v->entries[v->nentries++] = *e;
}

/* The entry with `task` as its primary task. */
static void add_primary(const struct spec_reader *r, struct spec_variant *v,
	const struct spec_entry *base, const char *task, bool each)
{
	struct spec_entry e = *base;
	struct spec_axis x = { .name = "primary", .count = 1, .scale = AXIS_LIST };

	e.primary = task;
	if (each)
		e.label = arena_printf(r->a, "%s [%s]", base->label, task);
	e.axes = NEW_ARRAY(r->a, struct spec_axis, base->naxes + 1);
	memcpy(e.axes, base->axes, (size_t)base->naxes * sizeof(*e.axes));
	x.text = NEW(r->a, const char *);
	x.text[0] = task;
	e.axes[e.naxes++] = x;
	add_entry(v, &e);
}

/* An entry as it is listed, or once for every task that it has as primary. */
static void add_entries(const struct spec_reader *r, struct spec_variant *v,
	struct spec_entry *e, const char *primary)
{
	bool each = primary && !strcmp(primary, "each");

	e->listed = e->label;
	if (primary && !each)
		e->primary = primary;
	if (!primary || !is_auxiliary(e->method) || e->every_task) {
		add_entry(v, e);
		return;
	}
	for (int k = 0; k < v->ntasks; k++)
		if (each || !strcmp(v->tasks[k].name, primary))
			add_primary(r, v, e, v->tasks[k].name, each);
}

/* Reads which entries are measured: all, or those that diagnose.entries lists. */
static void read_measured(const struct spec_reader *r, struct spec_variant *v)
{
	static const char path[] = "diagnose.entries";
	const char **known = NEW_ARRAY(r->a, const char *, v->nentries + 1);
	bool *chosen = NEW_ARRAY(r->a, bool, v->nentries + 1);

	known[0] = v->baseline.listed;
	for (int i = 0; i < v->nentries; i++)
		known[1 + i] = v->entries[i].listed;
	if (!read_names(r, path, "entry", known, v->nentries + 1, chosen))
		return;
	if (!read_at(r, "diagnose.gradients"))
		diag_add(r->d, read_place(r, path),
			"\"entries\" means nothing without \"gradients\"");
	v->baseline.unmeasured = !chosen[0];
	for (int i = 0; i < v->nentries; i++) {
		bool any = false;

		/* An auxiliary method that is listed once is an entry for each task. */
		for (int k = 0; k < v->nentries; k++)
			any |= chosen[1 + k] && !strcmp(known[1 + k], known[1 + i]);
		v->entries[i].unmeasured = !any;
	}
}

void read_entries(
	const struct spec_reader *r, const struct spec *s, struct spec_variant *v)
{
	const struct json *methods = read_field(r, "methods");
	const char *primary = read_primary(r, v);

	check_primary_counts(r, v, primary);
	v->baseline = (struct spec_entry){
		.label = "stl",
		.listed = "stl",
		.title = "",
		.method = catalogue_method("stl"),
		.slots = 1,
	};
	if (!methods || !expect_kind(r, methods, JSON_ARRAY, "methods"))
		return;
	if (!methods->child)
		diag_add(r->d, methods->at, "\"methods\" is an empty list");
	if (methods->count > ENTRIES_MAX) {
		diag_add(r->d, methods->at, "more than %d entries", ENTRIES_MAX);
		return;
	}
	v->entries =
		NEW_ARRAY(r->a, struct spec_entry, methods->count * (v->ntasks + 1));
	for (const struct json *m = methods->child; m; m = m->next) {
		struct spec_entry e = { .position = v->nentries + 1 };

		if (!read_entry(r, s, m, v, &e))
			continue;
		check_label(r, m, v, &e);
		check_points(r, m, s, &e);
		if (v->nentries + v->ntasks > ENTRIES_MAX) {
			diag_add(r->d, m->at, "more than %d entries", ENTRIES_MAX);
			return;
		}
		add_entries(r, v, &e, primary);
	}
	read_measured(r, v);
}
