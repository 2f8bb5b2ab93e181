#include "orchestrator/report/require.h"

#include <math.h>
#include <string.h>
#include "orchestrator/json/json.h"

static double limit_of(const struct json *object, const char *key, double otherwise)
{
	const struct json *limit = json_get(object, key);

	return limit ? limit->number : otherwise;
}

struct require require_read(const char *text, struct arena *a)
{
	struct diag d = { .arena = a, .path = "", .text = text, .n = strlen(text) };
	const struct json *root = json_parse(a, &d);
	const struct json *select = root ? json_get(root, "select") : NULL;
	const struct json *object = select ? json_get(select, "require") : NULL;
	struct require_limit *limit =
		NEW_ARRAY(a, struct require_limit, object ? object->count : 1);
	int n = 0;

	for (const struct json *x = object ? object->child : NULL; x; x = x->next)
		limit[n++] = (struct require_limit){ x->key,
			limit_of(x, "min", -HUGE_VAL), limit_of(x, "max", HUGE_VAL) };
	return (struct require){ limit, n };
}

bool require_holds(const struct require *r, const char *criterion, double value)
{
	for (int i = 0; i < r->n; i++)
		if (!strcmp(r->limit[i].criterion, criterion) &&
			(value < r->limit[i].min || value > r->limit[i].max))
			return false;
	return true;
}
