#include "orchestrator/plan/datasets.h"

#include <string.h>
#include "catalogue/describe.h"
#include "common/store/store.h"
#include "orchestrator/plan/child.h"

static bool matters(const char *name)
{
	static const char prefix[] = "dataset.";

	return !strncmp(name, prefix, sizeof(prefix) - 1);
}

static int prepare(const char *const *argv, const struct description **out,
	struct arena *a, struct err *e)
{
	struct description *d = NEW(a, struct description);
	const char *answer;
	int rc = child_ask(argv, a, &answer, e);

	if (!rc && describe_parse(answer, a, d, e))
		rc = err_wrap(e, "the answer of %s", argv[0]);
	*out = d;
	return rc;
}

int datasets_prepare(
	struct spec *spec, const char *worker, struct arena *a, struct err *e)
{
	const char ***asked = NEW_ARRAY(a, const char **, spec->nvariants);
	const struct description **is =
		NEW_ARRAY(a, const struct description *, spec->nvariants);

	for (int i = 0; i < spec->nvariants; i++) {
		struct variant *v = &spec->variants[i];
		int rc = OK;
		int k = 0;

		asked[i] = child_question(worker, "--prepare", &v->base, matters, a);
		while (!child_same_question(asked[k], asked[i]))
			k++;
		if (k < i)
			is[i] = is[k];
		else
			rc = prepare(asked[i], &is[i], a, e);
		if (rc)
			return rc;
		params_set(&v->base, a, "dataset.digest", is[i]->digest);
		params_set(&v->stl, a, "dataset.digest", is[i]->digest);
		v->input[0] = is[i]->c;
		v->input[1] = is[i]->h;
		v->input[2] = is[i]->w;
	}
	return OK;
}

static int check_frost(struct spec *spec, const struct variant *v, const char *worker,
	struct arena *a, struct err *e)
{
	const char *const argv[] = { worker, "--textures", spec->winners.textures,
		arena_printf(a, "%d", v->input[1]), arena_printf(a, "%d", v->input[2]),
		NULL };
	const char *answer;
	int rc = child_ask(argv, a, &answer, e);

	if (!rc)
		spec->winners.digest = arena_strndup(a, answer, strcspn(answer, "\n"));
	return rc;
}

int datasets_check_pictures(
	struct spec *spec, const char *worker, struct arena *a, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && *spec->winners.corruptions && i < spec->nvariants; i++) {
		const struct variant *v = &spec->variants[i];

		if (v->input[1] < PICTURE_SIDE_MIN || v->input[2] < PICTURE_SIDE_MIN)
			return err_set(e, ERR_SPEC,
				"%s: \"evaluate\" wants pictures, and data set \"%s\" "
				"has inputs of %dx%dx%d",
				spec->path, v->dataset->name, v->input[0], v->input[1],
				v->input[2]);
		if (*spec->winners.textures)
			rc = check_frost(spec, v, worker, a, e);
	}
	return rc;
}

static int take(struct store *s, const struct variant *v, const struct criterion *c,
	const char *split, double *value, struct err *e)
{
	struct rows r;
	int rc = rows_open(&r, s, STMT_BASELINE_FOREIGN,
		ARGS(TEXT(split), TEXT(c->text), TEXT(v->label)), e);

	if (!rc)
		rc = rows_next(&r, e);
	if (rc > 0)
		*value = rows_real(&r, 0);
	else if (rc == 0)
		rc = err_set(e, ERR_DB, "%s has no %s baseline of %s", s->path, split,
			c->text);
	rows_close(&r);
	return rc > 0 ? OK : rc;
}

static int take_all(struct store *s, struct spec *spec, struct err *e)
{
	int rc = OK;

	for (int i = 0; i < spec->nvariants; i++) {
		struct variant *v = &spec->variants[i];

		for (int k = 0; !rc && k < v->ncriteria; k++) {
			struct criterion *c = &v->criteria[k];

			rc = take(s, v, c, "val", &c->base_val, e);
			if (!rc)
				rc = take(s, v, c, "test", &c->base_test, e);
		}
	}
	return rc;
}

int datasets_base_from(struct spec *spec, struct err *e)
{
	struct store s;
	int rc;

	if (spec->baseline.source != BASELINE_FROM)
		return OK;
	rc = store_open(&s, spec->baseline.from, STORE_READER, e);
	if (rc)
		return err_wrap(e, "baseline.from");
	rc = take_all(&s, spec, e);
	store_close(&s);
	return rc;
}
