/* Kirchdorfer et al. 2025, Tables 1 and 2; Li et al., Tables I and III. */
#include "orchestrator/layout/layout.h"
#include "orchestrator/layout/layout_rows.h"
#include "orchestrator/print/shape.h"

int layout_criteria(struct benchmark *b, struct err *e)
{
	layout_compact(b);
	layout_note_chosen(b);
	shape_stack(b->report);
	return layout_letters(b, e);
}
