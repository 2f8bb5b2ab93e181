/* Kirchdorfer et al. 2025, Table 4: Δm of every method in every set-up. */
#include "orchestrator/layout/layout.h"
#include "orchestrator/layout/layout_pivot.h"
#include "orchestrator/layout/layout_rows.h"

static int place(const struct benchmark *b, const struct query_entry *x,
	struct layout_place *out, struct err *e)
{
	(void)e;
	*out = (struct layout_place){ "", benchmark_title(x), x->label,
		*x->variant ? x->variant : b->sweep->name, x->variant };
	return OK;
}

int layout_setups(struct benchmark *b, struct err *e)
{
	struct layout_pivot p = { "label", "Method", false, place, 0, 0 };
	int rc = layout_turn(b, &p, e);

	if (rc)
		return rc;
	layout_note_chosen(b);
	return OK;
}
