#include "orchestrator/report/where.h"

#include <math.h>
#include <string.h>
#include "common/str.h"

#define EXACT 9007199254740992.0 /* from 2^53 on doubles miss whole numbers */

/* A comma is a part of the value unless another NAME= begins behind it. */
static const char *condition_end(const char *at)
{
	for (at += strcspn(at, ","); *at; at += 1 + strcspn(at + 1, ",")) {
		const char *next = at + 1;

		if (next[strcspn(next, ",=")] == '=')
			break;
	}
	return at;
}

static double number_of(const char *text)
{
	double x;

	return number_parse(text, &x) && fabs(x) < EXACT ? x : (double)NAN;
}

const char *where_name(const char *column)
{
	return strcmp(column, "temperature") ? column : "T";
}

static int first_of(const struct where *w, const char *name)
{
	int i = 0;

	while (i < w->n && strcmp(w->item[i].name, name) != 0)
		i++;
	return i;
}

int where_parse(struct where *w, const char *text, struct arena *a, struct err *e)
{
	const char *at = text;

	*w = (struct where){ 0 };
	while (at && *at) {
		const char *end = condition_end(at);
		char *name = arena_strndup(a, at, (size_t)(end - at));
		char *value = strchr(name, '=');
		struct where_condition x;

		if (!value || value == name)
			return err_set(e, ERR_USAGE,
				"--where: \"%s\" is not NAME=VALUE, as in "
				"method=uw_so,lr=0.003",
				name);
		*value++ = '\0';
		x = (struct where_condition){ .name = where_name(name),
			.value = value,
			.number = number_of(value) };
		x.first = first_of(w, x.name);
		(void)GROW(a, w->item, w->n, w->capacity);
		w->item[w->n++] = x;
		at = *end ? end + 1 : end;
	}
	return OK;
}

bool where_names(const struct where *w, const char *name)
{
	return first_of(w, name) < w->n;
}

bool where_is_text(const struct where_condition *c, const char *have)
{
	return !strcmp(have, c->value) || where_is_number(c, number_of(have));
}

bool where_is_number(const struct where_condition *c, double have)
{
	return have == c->number; /* false for NAN */
}

bool where_holds(const struct where *w, const bool *met)
{
	for (int i = 0; i < w->n; i++) {
		bool any = false;

		for (int k = i; k < w->n; k++)
			any = any || (w->item[k].first == i && met[k]);
		if (w->item[i].first == i && !any)
			return false;
	}
	return true;
}

int where_unknown(const char *name, const char *what, const char *const *names, int n,
	struct arena *a, struct err *e)
{
	const char *near = str_nearest(name, names, n);
	struct str list = { .arena = a };
	char hint[HINT_MAX];

	for (int i = 0; i < n; i++)
		str_printf(&list, "%s, ", names[i]);
	return err_set(e, ERR_USAGE, "--where: no %s has a \"%s\"%s", what, name,
		near ? str_hint(near, hint)
		     : arena_printf(a,
			       "; there are %sand the parameters that `deltam show RUN` lists",
			       str_get(&list)));
}
