#include "orchestrator/plan/base_from.h"

#include "common/store/rows.h"
#include "common/store/store_open.h"
#include "orchestrator/plan/foreign_base.h"

static int take(struct store *s, const struct spec_variant *v,
	struct resolved_variant *x, struct arena *a, struct err *e)
{
	struct foreign_base f;
	int rc = foreign_base_find(&f, s, v->label, &x->base, a, e);

	for (int k = 0; !rc && k < v->ncriteria; k++) {
		const struct spec_criterion *c = &v->criteria[k];

		rc = foreign_base_value(&f, c, "val", &x->base_val[k], e);
		if (!rc)
			rc = foreign_base_value(&f, c, "test", &x->base_test[k], e);
	}
	return rc;
}

int base_from_read(struct resolved *out, struct arena *a, struct err *e)
{
	const struct spec *spec = out->spec;
	struct store s;
	int rc = store_open(&s, spec->baseline.from, STORE_READER, e);

	if (rc)
		return err_wrap(e, "baseline.from");
	for (int i = 0; !rc && i < spec->nvariants; i++)
		rc = take(&s, &spec->variants[i], &out->variants[i], a, e);
	store_close(&s);
	return rc ? err_wrap(e, "baseline.from") : OK;
}
