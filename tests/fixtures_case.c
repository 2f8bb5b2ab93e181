/* What the runners share: reading a case, comparing, saying where it failed. */
#include "tests/fixtures.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

PRINTF(2, 0)
static void set_reason(struct fixture *f, const char *fmt, va_list ap)
{
	if (!f->reason[0])
		vsnprintf(f->reason, sizeof(f->reason), fmt, ap);
}

enum outcome fixture_fail(struct fixture *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_reason(f, fmt, ap);
	va_end(ap);
	return FAILED;
}

enum outcome fixture_skip(struct fixture *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_reason(f, fmt, ap);
	va_end(ap);
	return SKIPPED;
}

static const cJSON *use(struct fixture *f, const cJSON *object, const char *name)
{
	const cJSON *j = cJSON_GetObjectItemCaseSensitive(object, name);

	if (j) {
		ASSERT(f->uses < COUNT(f->used));
		f->used[f->uses++] = j;
	}
	return j;
}

const cJSON *fixture_expect(struct fixture *f, const char *name)
{
	return use(f, f->expect, name);
}

const cJSON *fixture_hyper(struct fixture *f, const char *name)
{
	return use(f, f->hyperparameters, name);
}

double fixture_number(struct fixture *f, const char *name, double deflt)
{
	const cJSON *j = fixture_hyper(f, name);

	return j ? json_number(j) : deflt;
}

const char *fixture_text(struct fixture *f, const char *name, const char *deflt)
{
	const cJSON *j = fixture_hyper(f, name);

	return cJSON_IsString(j) ? j->valuestring : deflt;
}

bool fixture_near(struct fixture *f, double got, double want, const char *fmt, ...)
{
	double scale = f->absolute ? 1 : fmax(1, fabs(want));
	char place[160];
	va_list ap;

	if (isfinite(want) ? fabs(got - want) <= f->tolerance * scale
			   : got == want || (isnan(want) && isnan(got)))
		return true;
	va_start(ap, fmt);
	vsnprintf(place, sizeof(place), fmt, ap);
	va_end(ap);
	(void)fixture_fail(f, "%s: got %.17g, want %.17g, tolerance %g%s", place, got,
		want, f->tolerance, f->absolute ? " absolute" : "");
	return false;
}

bool fixture_near_all(struct fixture *f, const double *got, const cJSON *row, int n,
	const char *place)
{
	int count;
	double *want = json_numbers(f->arena, row, &count);

	if (count != n) {
		(void)fixture_fail(f, "%s: got %d numbers, want %d", place, n, count);
		return false;
	}
	for (int i = 0; i < n; i++)
		if (!fixture_near(f, got[i], want[i], "%s[%d]", place, i))
			return false;
	return true;
}

void fixture_kept_in_float32(struct fixture *f)
{
	f->tolerance = fmax(f->tolerance, 1e-5);
}

double json_number(const cJSON *j)
{
	if (cJSON_IsNumber(j))
		return j->valuedouble;
	if (cJSON_IsBool(j))
		return cJSON_IsTrue(j);
	if (cJSON_IsString(j) && !strcmp(j->valuestring, "Infinity"))
		return INFINITY;
	if (cJSON_IsString(j) && !strcmp(j->valuestring, "-Infinity"))
		return -INFINITY;
	return NAN;
}

static int count_numbers(const cJSON *j)
{
	const cJSON *child;
	int n = 0;

	if (!cJSON_IsArray(j) && !cJSON_IsObject(j))
		return 1;
	cJSON_ArrayForEach(child, j) n += count_numbers(child);
	return n;
}

static void put_numbers(const cJSON *j, double *v, int *n)
{
	const cJSON *child;

	if (!cJSON_IsArray(j) && !cJSON_IsObject(j)) {
		v[(*n)++] = json_number(j);
		return;
	}
	cJSON_ArrayForEach(child, j) put_numbers(child, v, n);
}

double *json_numbers(struct arena *a, const cJSON *j, int *n)
{
	double *v;

	*n = 0;
	if (!j)
		return NULL;
	v = NEW_ARRAY(a, double, count_numbers(j));
	put_numbers(j, v, n);
	return v;
}

float *json_floats(struct arena *a, const cJSON *j, int *n)
{
	double *v = json_numbers(a, j, n);
	float *x = arena_alloc_aligned(a, (size_t)*n * sizeof(*x) + 64);

	for (int i = 0; i < *n; i++)
		x[i] = (float)v[i];
	return x;
}
