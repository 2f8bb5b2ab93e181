#include "catalogue/catalogue.h"

#include <math.h>
#include <string.h>
#include "catalogue/def_params.h"

/* The words of a choice behind a bar each; a row's list begins behind the first bar. */
#define V(enumerator, word) "|" word
#define CHOICES(name, words) static const char words_##name[] = words;
#define CHOICES_OF(name) (words_##name + 1)
#define W(...)
#include "catalogue/weighting.def"
#undef W
#define CHOICES(name, words) static const char words_##name[] = words;
#define D(...)
#include "catalogue/dataset.def"
#undef D
#define CHOICES(name, words) static const char words_##name[] = words;
#define MODEL(...)
#include "catalogue/model.def"
#undef MODEL
#undef V

static const struct method_info methods[] = {
#define W(id, title_, params_, summary_, source_) \
	{ .name = #id, \
		.title = title_, \
		.params = params_, \
		.summary = summary_, \
		.source = source_ },
#include "catalogue/weighting.def"
#undef W
};

static const struct dataset_info datasets[] = {
#define D( \
	id, model_, params_, train_, val_, test_, times_, summary_, source_, install_) \
	{ .name = #id, \
		.model = model_, \
		.params = params_, \
		.train = train_, \
		.val = val_, \
		.test = test_, \
		.times = times_, \
		.summary = summary_, \
		.source = source_, \
		.install = install_ },
#include "catalogue/dataset.def"
#undef D
};

static const struct model_info models[] = {
#define FLAT false
#define MAPS true
#define ONE false
#define OWN true
#define MODEL(id, maps_, inputs_, params_, summary_, source_) \
	{ .name = #id, \
		.maps = maps_, \
		.own_inputs = inputs_, \
		.params = params_, \
		.summary = summary_, \
		.source = source_ },
#include "catalogue/model.def"
#undef MODEL
};

static const struct optimizer_info optimizers[] = {
#define O(id, params_, summary_) \
	{ .name = #id, .params = params_, .summary = summary_ },
#include "catalogue/optimizer.def"
#undef O
};

static const struct metric_info metrics[] = {
#define HIGHER true
#define LOWER false
#define UNBOUNDED HUGE_VAL
#define ALWAYS false
#define ASKED true
#define M(id, name_, kind_, asked_, higher_, title_, scale_, most_, summary_) \
	{ .name = name_, \
		.kind = TASK_##kind_, \
		.asked = asked_, \
		.higher = higher_, \
		.title = title_, \
		.scale = scale_, \
		.most = most_, \
		.summary = summary_ },
#include "catalogue/metric.def"
#undef M
#undef ASKED
#undef ALWAYS
#undef UNBOUNDED
};

static const struct corruption_info corruptions[] = {
#define FULL(...)
#define SMALL(...)
#define COMMON
#define TEXTURED .textures = true,
#define EXTRA .extra = true,
#define CORRUPTION(id, set, full, small, summary_) \
	{ .name = #id, set.summary = summary_ },
#include "catalogue/corrupt.def"
#undef CORRUPTION
#undef EXTRA
#undef TEXTURED
#undef COMMON
#undef FULL
#undef SMALL
};

#define TABLE(type, plural, singular) \
	const struct type *catalogue_##plural(int *n) \
	{ \
		*n = COUNT(plural); \
		return plural; \
	} \
	const struct type *catalogue_##singular(const char *name) \
	{ \
		for (int i = 0; i < COUNT(plural); i++) \
			if (!strcmp(plural[i].name, name)) \
				return &plural[i]; \
		return NULL; \
	}

TABLE(method_info, methods, method)
TABLE(metric_info, metrics, metric)
TABLE(dataset_info, datasets, dataset)
TABLE(model_info, models, model)
TABLE(optimizer_info, optimizers, optimizer)
TABLE(corruption_info, corruptions, corruption)

bool metric_is_measured(const struct metric_info *m, const char *words)
{
	size_t n = strlen(m->name);

	for (; m->asked && words && *words; words += strspn(words, " ")) {
		size_t length = strcspn(words, " ");

		if (length == n && !strncmp(words, m->name, n))
			return true;
		words += length;
	}
	return !m->asked;
}

bool metric_admits(const struct metric_info *m, double value)
{
	return value >= m->least && value <= m->most && isfinite(value);
}

const char *metric_range(const struct metric_info *m, struct arena *a)
{
	if (isinf(m->least))
		return "a number";
	if (m->scale == 100) /* NOLINT: a table constant */
		return "a share, 0 to 1 (0.5 is 50 %)";
	return isinf(m->most) ? "a number of at least 0"
			      : arena_printf(a, "a number from 0 to %g", m->most);
}

bool task_is_map(enum task_kind kind)
{
	return kind == TASK_SEG || kind == TASK_DEPTH || kind == TASK_NORMAL ||
		kind == TASK_EDGES || kind == TASK_VECTOR || kind == TASK_SOFT_MAP;
}

float task_ignored(enum task_kind kind)
{
	return kind == TASK_SEG || kind == TASK_EDGES ? -1 : 0;
}

const char *method_shown(const struct method_info *method, const char *column)
{
	for (const struct param_info *p = method->params; p->name; p++)
		if (p->column && !strcmp(p->column, column))
			return p->name;
	return NULL;
}

/* The entry's label tells which task is primary. */
static bool is_told(const struct param_info *p, const char *value)
{
	return p->column || !value || !strcmp(p->name, "primary") ||
		(p->deflt && !strcmp(p->deflt, value));
}

const char *method_hyper(
	const struct method_info *method, const struct params *ps, struct arena *a)
{
	const struct param_info *p = method->params;
	struct str out = { .arena = a };

	for (; p && p->name; p++) {
		const char *value = params_get(ps, p->name);

		if (!is_told(p, value))
			str_printf(&out, "%s%s %s", out.n ? " " : "", p->name, value);
	}
	return out.n ? str_get(&out) : NULL;
}

const char *catalogue_model_name(const struct params *ps)
{
	const char *dataset = params_get(ps, "dataset.name");
	const struct dataset_info *row = dataset ? catalogue_dataset(dataset) : NULL;
	const char *name = params_get(ps, "model.name");

	return name ? name : row ? row->model : NULL;
}

const struct param_info *param_info_find(
	const struct param_info *params, const char *name)
{
	for (; params->name; params++)
		if (params->name[0] == name[0] && !strcmp(params->name, name))
			return params;
	return NULL;
}
