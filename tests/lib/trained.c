#include "tests/lib/trained.h"

#include <check.h>
#include <string.h>

struct train *trained_job(
	const struct params *ps, const struct dataset *d, struct arena *a)
{
	struct train *t = NULL;
	struct err e = { 0 };

	ck_assert_msg(train_new(&t, ps, d, a, &e) == OK, "%s", e.msg);
	return t;
}

const struct epoch_rows *trained_epoch(struct train *t)
{
	const struct epoch_rows *rows = NULL;
	struct err e = { 0 };

	ck_assert_msg(train_epoch(t, NULL, NULL, &rows, &e) == OK, "%s", e.msg);
	return rows;
}

double trained_figure(const struct epoch_rows *r, const char *split, const char *task,
	const char *name)
{
	for (int i = 0; i < r->metrics; i++)
		if (!strcmp(r->metric[i].split, split) &&
			!strcmp(r->metric[i].task, task) &&
			!strcmp(r->metric[i].name, name))
			return r->metric[i].value;
	ck_abort_msg("no row %s %s/%s", split, task, name);
}
