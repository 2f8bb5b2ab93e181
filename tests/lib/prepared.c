#include "tests/lib/prepared.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/must.h"
#include "tests/lib/scratch.h"

void prepared_enter(struct params *ps, struct arena *a)
{
	scratch_enter();
	setenv("DELTAM_CACHE", ".", 1);
	unsetenv("DELTAM_DATA");
	*a = (struct arena){ 0 };
	*ps = (struct params){ 0 };
}

void prepared_leave(struct arena *a)
{
	arena_release(a);
	scratch_leave();
}

void prepared(const struct params *ps, struct arena *a, struct dataset *d)
{
	struct err e = { 0 };
	int rc = dataset_prepare(ps, NULL, a, d, &e);

	must(rc, &e);
}

void not_prepared(const struct params *ps, struct arena *a, int code, const char *part)
{
	struct dataset d;
	struct err e = { 0 };

	ck_assert_int_eq(dataset_prepare(ps, NULL, a, &d, &e), code);
	ck_assert_msg(strstr(e.msg, part) != NULL, "%s", e.msg);
}

void prepared_sizes(struct params *ps, struct arena *a, const char *train,
	const char *val, const char *test)
{
	params_set(ps, a, "dataset.train", train);
	params_set(ps, a, "dataset.val", val);
	params_set(ps, a, "dataset.test", test);
}

const char *prepared_digest(const struct params *ps, struct arena *a)
{
	struct dataset d;

	prepared(ps, a, &d);
	dataset_close(&d);
	return arena_strdup(a, d.digest);
}

const uint8_t *prepared_bytes(const struct dataset_field *f)
{
	ck_assert_int_eq(f->element, ELEMENT_U8);
	return f->data;
}
