/* deltam decisions: every stop and every choice of a sweep, with its figures. */
#include "orchestrator/report/account.h"

/* What the mark says, where a row has it. */
static int note_stale(struct report_reader *reader, struct report *r, struct err *e)
{
	int64_t n;
	int rc = store_int(
		&reader->s, STMT_QUERY_STALE, ARGS(INT(reader->sweep.id)), 0, &n, e);

	if (!rc && n)
		report_note(r,
			"‡ made from rows that the trainer has replaced since: the next "
			"`deltam run` decides anew.");
	return rc;
}

int account_decisions(struct report_reader *reader, struct report *r, struct err *e)
{
	int rc = report_query(r, &reader->s,
		arena_printf(r->arena,
			"SELECT variant, label, task, stage, phase, kind, "
			"rung, config, lr, wd, temperature, weights, rule, "
			"figure, reason || CASE stale WHEN 1 THEN ' ‡' ELSE '' END AS "
			"reason FROM decisions WHERE sweep=(SELECT name FROM sweep WHERE "
			"id=%lld)",
			(long long)reader->sweep.id),
		e);

	return rc ? rc : note_stale(reader, r, e);
}

int cmd_decisions(const struct cli_options *o, struct err *e)
{
	struct report_reader reader;
	int rc = reader_open(&reader, o, e);

	if (!rc) {
		struct report r = { .arena = &reader.arena };

		rc = account_decisions(&reader, &r, e);
		if (!rc)
			reader_print(&r, o);
	}
	reader_close(&reader);
	return rc;
}
