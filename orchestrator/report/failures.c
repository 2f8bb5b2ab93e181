/* deltam failures: jobs that diverged or failed for good. */
#include <math.h>
#include <string.h>
#include "orchestrator/report/account.h"

/* People know a run by its name; programs join by its number, and sort by its parts. */
static void columns(struct report_table *t)
{
	static const struct report_head list[] = { { "variant", NULL, false },
		{ "label", NULL, false }, { "task", NULL, false },
		{ "run", NULL, false }, { "stage", NULL, false },
		{ "state", NULL, false }, { "job", NULL, true }, { "seed", NULL, true },
		{ "lr", NULL, true }, { "wd", NULL, true },
		{ "temperature", NULL, true }, { "weights", NULL, false },
		{ "epoch", NULL, true }, { "attempts", NULL, true },
		{ "message", NULL, false }, { "pilot", NULL, true } };
	static const char readers[] = " run stage state epoch attempts message ";

	table_columns(t, list, COUNT(list));
	table_for_readers(t, readers);
}

/* A baseline that is of no use is not the fault of one run: there is none to name. */
static void row(struct report_table *t, const struct query_failure *x)
{
	bool run = x->job != NULL;

	table_text(t, x->variant);
	table_text(t, x->label);
	table_text(t, x->task);
	table_text(t, x->run);
	table_text(t, x->stage);
	table_text(t, x->state);
	table_digits(t, x->job);
	table_number(t, run ? (double)x->seed : (double)NAN, NULL);
	table_number(t, x->lr, NULL);
	table_number(t, x->wd, NULL);
	table_number(t, x->temperature, NULL);
	table_text(t, x->weights);
	table_number(t, x->epoch, NULL);
	table_number(t, run ? x->attempts : (double)NAN, NULL);
	table_text(t, x->message);
	table_number(t, x->pilot, NULL);
}

int account_failures(
	struct report_reader *reader, bool empty, struct report *r, struct err *e)
{
	struct query_failure *failures;
	int n;
	int rc = query_failures(&reader->s, &reader->sweep, r->arena, &failures, &n, e);

	if (rc)
		return rc;
	if (n || empty) {
		struct report_table *t = report_table(r, NULL);

		columns(t);
		for (int i = 0; i < n; i++)
			row(t, &failures[i]);
	}
	/* A sweep that failed has rows here that say why; any other has none. */
	if (reader->sweep.stop && strcmp(reader->sweep.state, "failed") != 0)
		report_note(r, "The last run stopped: %s.", reader->sweep.stop);
	report_note(r, n ? "%d failed or diverged." : "No job failed or diverged.", n);
	return OK;
}

int cmd_failures(const struct cli_options *o, struct err *e)
{
	struct report_reader reader;
	int rc = reader_open(&reader, o, e);

	if (!rc) {
		struct report r = { .arena = &reader.arena };

		rc = account_failures(&reader, o->format != NULL, &r, e);
		if (!rc)
			reader_print(&r, o);
	}
	reader_close(&reader);
	return rc;
}
