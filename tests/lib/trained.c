#include "tests/lib/trained.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct params *trained_params(
	const char *const *base, const char *const *more, struct arena *a)
{
	/* What every job has. */
	static const char *const always[] = { "lr", "0.001", "wd", "0", "seed", "0",
		"train.epochs", "1", NULL };
	struct params *ps = NEW(a, struct params);

	for (const char *const *p = always; *p; p += 2)
		params_set(ps, a, p[0], p[1]);
	for (; *base; base += 2)
		params_set(ps, a, base[0], base[1]);
	for (; *more; more += 2)
		params_set(ps, a, more[0], more[1]);
	return ps;
}

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

uint64_t trained_digest(struct train *t, int epochs, struct arena *a)
{
	size_t n = train_state_size(t);
	unsigned char *bytes = arena_alloc(a, n, 1);
	uint64_t h = 0xcbf29ce484222325u;

	for (int i = 0; i < epochs; i++)
		(void)trained_epoch(t);
	train_state_save(t, bytes);
	for (size_t i = 0; i < n; i++)
		h = (h ^ bytes[i]) * 0x100000001b3u;
	return h;
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

bool trained_golden(void)
{
	return getenv("DELTAM_TEST_VALGRIND") == NULL;
}
