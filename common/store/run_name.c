#include "common/store/run_name.h"

#include <stdio.h>
#include "common/store/rows.h"

const char *store_run_name(struct store *s, int64_t job, char buf[RUN_NAME_MAX])
{
	struct rows r = rows_open(s, STMT_RUN_NAME, ARGS(INT(job)), NULL);

	snprintf(buf, RUN_NAME_MAX, "%s", rows_next(&r) ? rows_text(&r) : "a run");
	return rows_close(&r) ? "a run" : buf;
}
