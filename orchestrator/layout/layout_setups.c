/* Kirchdorfer et al. 2025, Table 4: Δm of every method in every set-up. */
#include "orchestrator/layout/layout_pivot.h"
#include "orchestrator/layout/layout_rows.h"

static int place(const struct benchmark *b, const struct query_entry *x,
	struct layout_place *out, struct err *e)
{
	const char *variant = layout_variant(b, x->variant);

	(void)e;
	*out = (struct layout_place){ "", benchmark_title(x), x->label,
		*variant ? variant : b->sweep->name, variant };
	return OK;
}

static int build(struct benchmark *b, struct layout_whole *w, struct err *e)
{
	struct layout_pivot p = { "label", "Method", false, place, 0, 0 };
	int rc = layout_turn(b, &p, e);

	(void)w;
	if (rc)
		return rc;
	layout_note_chosen(b);
	return OK;
}

const struct layout_shape layout_setups = { MEET_COLUMNS, build, NULL };
