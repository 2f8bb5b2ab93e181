#include "orchestrator/plan/base_from.h"

#include "common/store/store.h"

static int take(struct store *s, const struct variant *v, const struct criterion *c,
	const char *split, double *value, struct err *e)
{
	struct rows r;
	int rc = rows_open(&r, s, STMT_BASELINE_FOREIGN,
		ARGS(TEXT(split), TEXT(c->text), TEXT(v->label)), e);

	if (!rc)
		rc = rows_next(&r, e);
	if (rc > 0)
		*value = rows_real(&r, 0);
	else if (rc == 0)
		rc = err_set(e, ERR_DB, "%s has no %s baseline of %s", s->path, split,
			c->text);
	rows_close(&r);
	return rc > 0 ? OK : rc;
}

static int take_all(struct store *s, struct resolved *out, struct err *e)
{
	int rc = OK;

	for (int i = 0; i < out->spec->nvariants; i++) {
		const struct variant *v = &out->spec->variants[i];
		struct resolved_variant *x = &out->variants[i];

		for (int k = 0; !rc && k < v->ncriteria; k++) {
			const struct criterion *c = &v->criteria[k];

			rc = take(s, v, c, "val", &x->base_val[k], e);
			if (!rc)
				rc = take(s, v, c, "test", &x->base_test[k], e);
		}
	}
	return rc;
}

int base_from_read(struct resolved *out, struct err *e)
{
	struct store s;
	int rc = store_open(&s, out->spec->baseline.from, STORE_READER, e);

	if (rc)
		return err_wrap(e, "baseline.from");
	rc = take_all(&s, out, e);
	store_close(&s);
	return rc;
}
