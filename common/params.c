#include "common/params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where name is, or where it would go. */
static int position(const struct params *ps, const char *name, bool *found)
{
	int lo = 0;
	int hi = ps->n;

	*found = false;
	while (lo < hi) {
		int mid = lo + (hi - lo) / 2;
		int order = strcmp(ps->p[mid].name, name);

		if (order == 0) {
			*found = true;
			return mid;
		}
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void params_set(struct params *ps, struct arena *a, const char *name, const char *value)
{
	bool found;
	int at = position(ps, name, &found);

	if (found) {
		ps->p[at].value = arena_strdup(a, value);
		return;
	}
	(void)GROW(a, ps->p, ps->n, ps->capacity);
	memmove(ps->p + at + 1, ps->p + at, (size_t)(ps->n - at) * sizeof(*ps->p));
	ps->p[at] = (struct param){ arena_strdup(a, name), arena_strdup(a, value) };
	ps->n++;
}

void params_set_number(struct params *ps, struct arena *a, const char *name, double v)
{
	char buf[NUMBER_MAX];

	params_set(ps, a, name, number_format(v, buf));
}

void params_unset(struct params *ps, const char *name)
{
	bool found;
	int at = position(ps, name, &found);

	if (!found)
		return;
	ps->n--;
	memmove(ps->p + at, ps->p + at + 1, (size_t)(ps->n - at) * sizeof(*ps->p));
}

struct params params_copy(struct arena *a, const struct params *ps)
{
	struct params copy = { NULL, ps->n, ps->n };

	if (ps->n) {
		copy.p = NEW_ARRAY(a, struct param, ps->n);
		memcpy(copy.p, ps->p, (size_t)ps->n * sizeof(*ps->p));
	}
	return copy;
}

const char *params_get(const struct params *ps, const char *name)
{
	bool found;
	int at = position(ps, name, &found);

	return found ? ps->p[at].value : NULL;
}

static int find(
	const struct params *ps, const char *name, const char **text, struct err *e)
{
	*text = params_get(ps, name);
	return *text ? OK : err_set(e, ERR_SPEC, "%s is missing", name);
}

int params_number(const struct params *ps, const char *name, double *v, struct err *e)
{
	const char *text;
	int rc = find(ps, name, &text, e);

	if (!rc && !number_parse(text, v))
		rc = err_set(e, ERR_SPEC, "%s: \"%s\" is not a number", name, text);
	return rc;
}

int params_integer(const struct params *ps, const char *name, int *v, struct err *e)
{
	const char *text;
	int64_t wide = 0;
	int rc = find(ps, name, &text, e);

	if (!rc &&
		(!integer_parse(text, &wide) || wide < INT32_MIN || wide > INT32_MAX))
		rc = err_set(e, ERR_SPEC, "%s: \"%s\" is not an integer", name, text);
	if (!rc)
		*v = (int)wide;
	return rc;
}

int numbers_parse(
	const char *name, const char *text, double *v, int max, int *n, struct err *e)
{
	const char *s = text;

	*n = 0;
	while (*s) {
		char *end;
		double x = strtod(s, &end);

		if (end == s || (*end && *end != ' ') || !isfinite(x))
			return err_set(e, ERR_SPEC,
				"%s: \"%s\" is not a list of finite numbers", name, s);
		if (*n == max)
			return err_set(
				e, ERR_SPEC, "%s: more than %d numbers", name, max);
		v[(*n)++] = x;
		s = *end ? end + 1 : end;
	}
	return OK;
}

void params_json(const struct params *ps, struct str *out)
{
	str_put(out, "{");
	for (int i = 0; i < ps->n; i++) {
		if (i)
			str_put(out, ",");
		str_json(out, ps->p[i].name);
		str_put(out, ":");
		str_json(out, ps->p[i].value);
	}
	str_put(out, "}");
}

bool param_is_place(const char *name)
{
	static const char prefix[] = "dataset.path";

	return !strncmp(name, prefix, sizeof(prefix) - 1) ||
		!strcmp(name, "model.init") || !strcmp(name, "model.path") ||
		!strcmp(name, "train.path");
}

bool param_names_file(const char *name)
{
	return param_is_place(name) || !strcmp(name, "dataset.pseudo");
}
