#include "tests/lib/modelled.h"

#include <check.h>

struct params *modelled_params(const char *const pair[MODELLED_PARAMS], struct arena *a)
{
	struct params *ps = NEW(a, struct params);

	for (int i = 0; i < MODELLED_PARAMS && pair[i]; i += 2)
		params_set(ps, a, arena_printf(a, "model.%s", pair[i]), pair[i + 1]);
	params_set(ps, a, "train.batch", "8");
	return ps;
}

struct network modelled(
	const struct params *ps, const struct dataset *d, struct arena *a)
{
	struct network n = { .task = d->task, .K = d->tasks };
	struct err e = { 0 };

	for (int k = 0; k < n.K; k++)
		n.column[k] = k;
	ck_assert_msg(network_add(&n, ps, d, a, &e) == OK, "%s", e.msg);
	return n;
}
