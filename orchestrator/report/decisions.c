/* deltam decisions: every stop and every choice of a sweep, with its figures. */
#include "orchestrator/report/reader.h"

int cmd_decisions(const struct cli_options *o, struct err *e)
{
	struct report_reader reader;
	int rc = reader_open(&reader, o, e);

	if (!rc) {
		struct report r = { .arena = &reader.arena };

		/* a sweep's name has no quotes in it: spec.c */
		rc = report_query(&r, &reader.s,
			arena_printf(&reader.arena,
				"SELECT variant, label, task, stage, phase, kind, "
				"rung, config, lr, wd, temperature, weights, rule, "
				"figure, reason FROM decisions WHERE sweep='%s'",
				reader.sweep.name),
			e);
		if (!rc)
			reader_print(&r, o);
	}
	reader_close(&reader);
	return rc;
}
