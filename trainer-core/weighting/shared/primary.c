#include "trainer-core/weighting/shared/primary.h"

#include <string.h>

int primary_parse(const struct weighting_setup *setup, const struct params *ps,
	int *task, struct err *e)
{
	const char *name = params_get(ps, "primary");

	*task = 0;
	if (!name)
		return OK;
	while (*task < setup->K && strcmp(setup->task[*task].name, name) != 0)
		++*task;
	return *task < setup->K
		? OK
		: err_set(e, ERR_SPEC, "primary: there is no task \"%s\"", name);
}
