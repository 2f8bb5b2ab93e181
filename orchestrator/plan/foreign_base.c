#include "orchestrator/plan/foreign_base.h"

#include <math.h>
#include <string.h>
#include "common/store/rows.h"

enum { NAME, TRAIN, VAL, TEST, DIGEST, PARTS };

static void own_parts(const struct params *ps, const char *part[PARTS])
{
	static const char *const names[PARTS] = { "dataset.name", "dataset.train",
		"dataset.val", "dataset.test", "dataset.digest" };

	for (int i = 0; i < PARTS; i++)
		part[i] = params_get(ps, names[i]);
}

/*
 * Says which data they are: "synthetic (train 200, val 50, test 50; digest 0f3a52c1)".
 */
static const char *words(struct arena *a, const char *const part[PARTS])
{
	return arena_printf(a, "%s (train %s, val %s, test %s%s%.8s)", part[NAME],
		part[TRAIN], part[VAL], part[TEST], part[DIGEST] ? "; digest " : "",
		part[DIGEST] ? part[DIGEST] : "");
}

static bool same(const char *const x[PARTS], const char *const y[PARTS])
{
	if (x[DIGEST])
		return !strcmp(x[DIGEST], y[DIGEST]);
	for (int i = NAME; i < DIGEST; i++)
		if (strcmp(x[i], y[i]) != 0)
			return false;
	return true;
}

/* The row of FOREIGN_BASE: sweep, its name, variant, then the parts. */
static int compare(struct foreign_base *f, struct rows *r, const char *const own[PARTS],
	struct arena *a, struct err *e)
{
	const char *part[PARTS];
	const char *sweep;

	f->sweep = rows_int64(r);
	sweep = rows_copy(r, a);
	f->variant = rows_copy(r, a);
	for (int i = 0; i < PARTS; i++)
		part[i] = rows_copy(r, a);
	if (!part[DIGEST] || !*part[DIGEST])
		return err_set(e, ERR_DB,
			"%s: sweep %s has a baseline, but no run that tells of which "
			"data",
			f->s->path, sweep);
	if (same(own, part))
		return OK;
	return err_set(e, ERR_DB,
		"%s: the baseline of sweep %s%s%s is of other data: %s; this sweep's "
		"are %s; Δm would compare what is not alike",
		f->s->path, sweep, *f->variant ? ", variant " : "", f->variant,
		words(a, part), words(a, own));
}

int foreign_base_find(struct foreign_base *f, struct store *s, const char *label,
	const struct params *ps, struct arena *a, struct err *e)
{
	const char *own[PARTS];
	struct rows r;

	own_parts(ps, own);
	r = rows_open(s, STMT_FOREIGN_BASE,
		ARGS(TEXT(own[DIGEST]), TEXT(label), TEXT(own[NAME]), TEXT(own[TRAIN]),
			TEXT(own[VAL]), TEXT(own[TEST])),
		e);
	*f = (struct foreign_base){ .s = s };
	if (rows_next(&r))
		r.rc = compare(f, &r, own, a, e);
	else if (!r.rc)
		r.rc = err_set(e, ERR_DB, "%s has no baseline", s->path);
	return rows_close(&r);
}

int foreign_base_value(const struct foreign_base *f, const struct spec_criterion *c,
	const char *split, double *value, struct err *e)
{
	struct arena a = { 0 };
	int rc = store_real(f->s, STMT_BASELINE_GET,
		ARGS(INT(f->sweep), TEXT(f->variant), TEXT(split), TEXT(c->text)),
		(double)NAN, value, e);

	if (!rc && isnan(*value))
		rc = err_set(e, ERR_DB, "%s has no %s baseline of %s", f->s->path,
			split, c->text);
	else if (!rc && *value == 0)
		rc = err_set(e, ERR_DB,
			"%s: its %s baseline of %s is 0, and Δm divides by it",
			f->s->path, split, c->text);
	else if (!rc && !metric_admits(c->metric, *value))
		rc = err_set(e, ERR_DB, "%s: its %s baseline of %s is %s, not %g",
			f->s->path, split, c->text, metric_range(c->metric, &a),
			*value);
	arena_release(&a);
	return rc;
}
