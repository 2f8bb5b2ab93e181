#include "catalogue/setting.h"

#include <string.h>
#include "catalogue/pseudo.h"
#include "common/manual.h"

/* The words of a choice behind a bar each. */
#define V(enumerator, word) "|" word
#define CHOICES(name, words) static const char words_##name[] = words;
#define CHOICES_OF(name) (words_##name + 1)
#define F(...)
#include "catalogue/job.def"
#undef F
#undef CHOICES
#undef V

static const struct param_info job_rows[] = {
#define WHOLE PARAM_INT
#define CHOICE PARAM_CHOICE
#define SECTION PARAM_TEXT
#define OPTIMIZER PARAM_TEXT
#define LR_DECAY PARAM_TEXT
#define NAMES PARAM_TEXT
#define FIELD(path, kind_) .name = (path), .kind = (kind_)
#define LATER(text) .deflt = (text), .later = true
#include "catalogue/def_fields.h"
#include "catalogue/job.def"
#undef F
	{ .name = NULL },
};

/* What follows the prefix; NULL where name does not begin with it. */
static const char *behind(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(name, prefix, n) != 0 ? NULL : name + n;
}

static const struct param_info *dataset_params(const struct params *ps)
{
	const char *name = params_get(ps, "dataset.name");
	const struct dataset_info *row = name ? catalogue_dataset(name) : NULL;

	return row ? row->params : NULL;
}

static const struct param_info *model_params(const struct params *ps)
{
	const char *name = catalogue_model_name(ps);
	const struct model_info *row = name ? catalogue_model(name) : NULL;

	return row ? row->params : NULL;
}

static const struct param_info *optimizer_params(const struct params *ps)
{
	const struct optimizer_info *row =
		catalogue_optimizer(setting_text(ps, "train.optimizer"));

	return row ? row->params : NULL;
}

static const struct param_info *method_params(const struct params *ps)
{
	const char *name = params_get(ps, "method");
	const struct method_info *row = name ? catalogue_method(name) : NULL;

	return row ? row->params : NULL;
}

/* Whether another trainer trains the job: of its parameters the method's alone are ours. */
static bool is_foreign(const struct params *ps)
{
	return params_get(ps, "trainer.command") != NULL;
}

const struct param_info *setting_row(const struct params *ps, const char *name)
{
	static const struct {
		const char *prefix;
		const struct param_info *(*params)(const struct params *ps);
	} sections[] = { { "dataset.", dataset_params }, { "model.", model_params },
		{ "train.optimizer.", optimizer_params }, { "", method_params } };
	const struct param_info *row = param_info_find(job_rows, name);

	if (is_foreign(ps)) {
		row = strchr(name, '.') ? NULL : method_params(ps);
		return row ? param_info_find(row, name) : NULL;
	}
	for (int i = 0; !row; i++) {
		const char *rest = behind(name, sections[i].prefix);

		if (!rest)
			continue;
		row = sections[i].params(ps);
		return row ? param_info_find(row, rest) : NULL;
	}
	return row;
}

/*
 * Finds the row and the text of a value; *text is NULL where there is neither a value
 * nor a default.
 */
static int find(const struct params *ps, const char *name,
	const struct param_info **row, const char **text, struct err *e)
{
	*row = setting_row(ps, name);
	*text = params_get(ps, name);
	if (!*row)
		return *text
			? err_set(e, ERR_SPEC, "%s: there is no such parameter", name)
			: OK;
	if (!*text)
		*text = (*row)->deflt;
	return *text || !(*row)->required ? OK
					  : err_set(e, ERR_SPEC, "%s is missing", name);
}

static int check_range(
	const struct param_info *row, const char *name, double v, struct err *e)
{
	/* This is not `<`, because a NaN must fail. */
	if (v >= row->min && v <= row->max)
		return OK;
	return err_set(
		e, ERR_SPEC, "%s: %g is not in %g to %g", name, v, row->min, row->max);
}

int setting_real(const struct params *ps, const char *name, double *v, struct err *e)
{
	const struct param_info *row;
	const char *text;
	int rc = find(ps, name, &row, &text, e);

	if (rc || !text)
		return rc;
	if (!number_parse(text, v))
		return err_set(e, ERR_SPEC, "%s: \"%s\" is not a number", name, text);
	return check_range(row, name, *v, e);
}

int setting_whole(const struct params *ps, const char *name, int *v, struct err *e)
{
	const struct param_info *row;
	const char *text;
	int64_t wide;
	int rc = find(ps, name, &row, &text, e);

	if (rc || !text)
		return rc;
	if (!integer_parse(text, &wide))
		return err_set(e, ERR_SPEC, "%s: \"%s\" is not an integer", name, text);
	rc = check_range(row, name, (double)wide, e);
	if (!rc)
		*v = (int)wide;
	return rc;
}

int setting_bool(const struct params *ps, const char *name, bool *v, struct err *e)
{
	const struct param_info *row;
	const char *text;
	int rc = find(ps, name, &row, &text, e);

	if (rc || !text)
		return rc;
	*v = !strcmp(text, "true");
	return *v || !strcmp(text, "false")
		? OK
		: err_set(e, ERR_SPEC, "%s: \"%s\" is neither true nor false", name,
			  text);
}

int choice_index(const char *choices, const char *word)
{
	size_t n = strlen(word);

	for (int i = 0; choices; i++) {
		size_t length = strcspn(choices, "|");

		if (length == n && !memcmp(choices, word, n))
			return i;
		choices = choices[length] ? choices + length + 1 : NULL;
	}
	return -1;
}

int setting_choice(const struct params *ps, const char *name, int *v, struct err *e)
{
	const struct param_info *row;
	const char *text;
	int rc = find(ps, name, &row, &text, e);

	if (rc || !text)
		return rc;
	*v = choice_index(row->choices, text);
	return *v >= 0 ? OK
		       : err_set(e, ERR_SPEC, "%s: \"%s\" is none of %s", name, text,
				 row->choices);
}

int setting_list(const struct params *ps, const char *name, double *v, int max, int *n,
	struct err *e)
{
	const struct param_info *row;
	const char *text;
	int rc = find(ps, name, &row, &text, e);

	*n = 0;
	if (!rc && text)
		rc = numbers_parse(name, text, v, max, n, e);
	for (int i = 0; !rc && i < *n; i++)
		rc = check_range(row, name, v[i], e);
	return rc;
}

int setting_each(
	const struct params *ps, const char *name, int K, double *v, struct err *e)
{
	const char *text = params_get(ps, name);
	double given[TASKS_MAX];
	int n;
	int rc;

	if (text && behind(text, PARAM_RUN))
		return OK;
	rc = setting_list(ps, name, given, TASKS_MAX, &n, e);
	if (rc || !n)
		return rc;
	if (n != 1 && n != K)
		return err_set(e, ERR_SPEC, "%s: %d numbers for %d tasks", name, n, K);
	for (int k = 0; k < K; k++)
		v[k] = given[n == 1 ? 0 : k];
	return OK;
}

bool setting_run(const struct params *ps, const char **identity, const char **row)
{
	const struct param_info *p = method_params(ps);

	for (; p && p->name; p++) {
		const char *text = p->each ? params_get(ps, p->name) : NULL;

		*identity = text ? behind(text, PARAM_RUN) : NULL;
		*row = p->each;
		if (*identity)
			return true;
	}
	return false;
}

const char *setting_text(const struct params *ps, const char *name)
{
	const struct param_info *row;
	const char *text;

	return find(ps, name, &row, &text, NULL) ? NULL : text;
}

bool setting_is_written(const struct params *ps, const char *name)
{
	const char *text = params_get(ps, name);
	const struct param_info *row = setting_row(ps, name);

	return text && !(row && row->deflt && !strcmp(text, row->deflt));
}

const char *param_default(struct arena *a, const struct param_info *row)
{
	struct str out = { .arena = a };
	const char *s = row->deflt;

	if (!s || (row->kind != PARAM_REAL && row->kind != PARAM_LIST))
		return s;
	while (*s) {
		size_t n = strcspn(s, " ");
		char buf[NUMBER_MAX];
		double v;

		if (!number_parse(arena_strndup(a, s, n), &v))
			BUG("a default in the tables is no number");
		str_printf(&out, "%s%s", out.n ? " " : "", number_format(v, buf));
		s += n + (s[n] == ' ');
	}
	return str_get(&out);
}

void setting_canonical(const struct params *ps,
	const struct param_info *(*row_of)(const struct params *, const char *),
	bool with_paths, struct arena *a, struct str *out)
{
	struct params kept = { 0 };

	for (int i = 0; i < ps->n; i++) {
		const struct param *p = &ps->p[i];
		const struct param_info *row = row_of(ps, p->name);
		const char *deflt = row && row->later ? param_default(a, row) : NULL;

		if (param_is_place(p->name) || (deflt && !strcmp(p->value, deflt)))
			continue;
		/* Of files that label the digest of the data set has the labels. */
		if (!strcmp(p->name, "dataset.pseudo") && !with_paths)
			params_set(&kept, a, p->name, pseudo_names(ps, a));
		else
			params_set(&kept, a, p->name, p->value);
	}
	if (!is_foreign(ps))
		params_set_number(&kept, a, "numerics", NUMERICS);
	params_json(&kept, out);
}
