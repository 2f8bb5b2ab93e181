#include "tests/lib/must.h"

#include <check.h>

void must(int rc, const struct err *e)
{
	ck_assert_msg(rc == OK, "%s", e->msg);
}
