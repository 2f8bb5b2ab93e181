/* The values of an axis, whether they come from a value, a list, a range or a grid. */
#include "orchestrator/spec/spec_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double axis_round(double v)
{
	char buf[NUMBER_MAX];

	snprintf(buf, sizeof(buf), "%.12g", v);
	return strtod(buf, NULL);
}

/* Rates are used as float32: what is 0 or infinite there is not what was meant. */
static bool check_step_size(const struct spec_reader *r, size_t at,
	const struct spec_axis_rule *rule, const char *text, double v)
{
	float narrow = (float)v;
	const char *fault = NULL;

	if (rule->positive && v <= 0)
		fault = "must be above 0";
	else if (v < 0)
		fault = "must not be negative";
	else if (!isfinite(narrow))
		fault = "is beyond the range of float32";
	else if (v > 0 && narrow == 0.0f)
		fault = "is too small for float32";
	if (fault)
		diag_add(r->d, at, "%s %s %s", rule->info->name, text, fault);
	return !fault;
}

/* Makes room for one more value: the arrays double when they hold a power of two. */
static void grow(struct arena *a, struct spec_axis *x)
{
	int capacity = x->count ? 2 * x->count : 1;
	const char **text;
	double *value;

	if (x->count & (x->count - 1))
		return;
	text = NEW_ARRAY(a, const char *, capacity);
	value = NEW_ARRAY(a, double, capacity);
	if (x->count) {
		memcpy(text, x->text, (size_t)x->count * sizeof(*text));
		memcpy(value, x->value, (size_t)x->count * sizeof(*value));
	}
	x->text = text;
	x->value = value;
}

bool axis_push(const struct spec_reader *r, size_t at,
	const struct spec_axis_rule *rule, struct spec_axis *out, const char *text)
{
	double v = 0;

	if (number_parse(text, &v) && rule->step_size &&
		!check_step_size(r, at, rule, text, v))
		return false;
	grow(r->a, out);
	out->text[out->count] = text;
	out->value[out->count++] = v;
	return true;
}

/* The numbers of a value to the digits that ranges are made of: 0.1 + 0.2 is 0.3. */
static const char *twelve_digits(struct arena *a, const char *text)
{
	struct str out = { .arena = a };

	while (*text) {
		size_t n = strcspn(text, " ");
		char buf[NUMBER_MAX];
		double v;

		if (number_parse(arena_strndup(a, text, n), &v))
			str_put(&out, number_format(axis_round(v), buf));
		else
			str_putn(&out, text, n);
		str_putn(&out, " ", text[n] == ' ');
		text += n + (text[n] == ' ');
	}
	return str_get(&out);
}

struct place {
	const char *text, *rounded;
	size_t at;
};

static int by_value(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;
	int order = strcmp(x->rounded, y->rounded);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

bool axis_distinct(
	const struct spec_reader *r, const struct spec_axis *x, const size_t *at)
{
	struct place *sorted = NEW_ARRAY(r->a, struct place, x->count);
	bool good = true;

	for (int i = 0; i < x->count; i++)
		sorted[i] = (struct place){ x->text[i], twelve_digits(r->a, x->text[i]),
			at[i] };
	qsort(sorted, (size_t)x->count, sizeof(*sorted), by_value);
	for (int i = 1; i < x->count; i++) {
		const struct place *p = &sorted[i];

		if (strcmp(p->rounded, p[-1].rounded) != 0)
			continue;
		good = false;
		if (strcmp(p->text, p[-1].text) != 0)
			diag_add(r->d, p->at,
				"%s: %s and %s are one value, to twelve digits",
				x->name, p[-1].text, p->text);
		else
			diag_add(r->d, p->at, "%s: %s stands twice in this list",
				x->name, p->text);
	}
	return good;
}
