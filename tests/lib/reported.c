#include "tests/lib/reported.h"

#include <check.h>
#include <string.h>

static const char sweep[] =
	"{ \"sweep\": \"t\", \"trainer\": { \"command\": [\"true\"], \"tasks\": {"
	" \"a\": { \"acc\": \"higher\", \"err\": \"lower\" }, \"b\": { \"acc\": \"higher\""
	" } } }, \"dataset\": {}, \"train\": { \"epochs\": 10 }, \"methods\": [\"ew\"],"
	" \"search\": { \"lr\": [0.1] } }";

struct report_form reported_form(struct arena *a, const char *task)
{
	struct spec *spec = NEW(a, struct spec);
	struct str report = { .arena = a };
	struct err e;

	ck_assert_msg(!spec_parse(spec, a, "t.json", sweep, strlen(sweep), &report, &e),
		"%s", str_get(&report));
	return (struct report_form){ .variant = &spec->variants[0], .task = task };
}
