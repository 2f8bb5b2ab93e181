#include "orchestrator/stage/direction.h"

#include <string.h>
#include "common/log.h"

/* How many curves there are, and in how many a later epoch is better, or worse. */
struct curves {
	int n, better, worse;
};

static int read_curves(struct store *s, int64_t sweep, const struct spec_variant *v,
	const struct spec_criterion *c, struct curves *x, struct err *e)
{
	struct rows r = rows_open(s, STMT_DIRECTION_CURVES,
		ARGS(INT(sweep), TEXT(v->label), TEXT(c->task), TEXT(c->metric->name),
			INT(c->metric->higher ? 1 : -1)),
		e);

	*x = (struct curves){ 0 };
	if (rows_next(&r)) {
		x->n = rows_int(&r);
		x->better = rows_int(&r);
		x->worse = rows_int(&r);
	}
	return rows_close(&r);
}

int direction_warn(struct store *s, int64_t sweep, const struct spec_variant *v,
	const char *task, struct err *e)
{
	int rc = OK;

	for (int i = 0; !rc && i < v->ncriteria; i++) {
		const struct spec_criterion *c = &v->criteria[i];
		const char *word = c->metric->higher ? "higher" : "lower";
		const char *other = c->metric->higher ? "lower" : "higher";
		struct curves x;

		if (strcmp(c->task, task) != 0)
			continue;
		rc = read_curves(s, sweep, v, c, &x, e);
		if (!rc && x.n && !x.better && x.worse == x.n)
			log_warn("run",
				"%s%s%s is \"%s\" in the sweep file, and no run of the "
				"baseline (%d) was ever better by that than in its first "
				"epoch: should it be \"%s\"?",
				v->label, *v->label ? "  " : "", c->text, word, x.n,
				other);
	}
	return rc;
}
