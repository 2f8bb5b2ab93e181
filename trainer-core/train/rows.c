#include "trainer-core/train/rows.h"

#include <math.h>

void rows_begin(struct row_sheet *s, int epoch)
{
	s->rows = (struct epoch_rows){
		.epoch = epoch, .metric = s->metric, .weight = s->weight
	};
}

int rows_put(struct row_sheet *s, const char *split, const char *task, const char *name,
	double value, struct err *e)
{
	if (!isfinite(value))
		return err_set(e, ERR_DIVERGED, "epoch %d: %s %s/%s is %g",
			s->rows.epoch, split, task, name, value);
	s->metric[s->rows.metrics++] = (struct metric_row){ split, task, name, value };
	return OK;
}
