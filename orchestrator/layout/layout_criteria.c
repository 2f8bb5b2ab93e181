/* Kirchdorfer et al. 2025, Tables 1 and 2; Li et al., Tables I and III. */
#include "orchestrator/layout/layout_rows.h"

static int build(struct benchmark *b, struct layout_whole *w, struct err *e)
{
	(void)w;
	(void)e;
	layout_compact(b);
	layout_note_chosen(b);
	return OK;
}

const struct layout_shape layout_criteria = { MEET_NAMED, build, layout_letters };
