#include "tests/lib/prepared.h"

#include <check.h>
#include <string.h>

void prepared(const struct params *ps, struct arena *a, struct dataset *d)
{
	struct err e = { 0 };
	int rc = dataset_prepare(ps, a, d, &e);

	ck_assert_msg(rc == OK, "%s", e.msg);
}

void not_prepared(const struct params *ps, struct arena *a, int code, const char *part)
{
	struct dataset d;
	struct err e = { 0 };

	ck_assert_int_eq(dataset_prepare(ps, a, &d, &e), code);
	ck_assert_msg(strstr(e.msg, part) != NULL, "%s", e.msg);
}
