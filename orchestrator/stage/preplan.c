#include "orchestrator/stage/preplan.h"

#include <unistd.h>
#include "common/store/store_open.h"
#include "common/store/transaction.h"
#include "orchestrator/stage/replan.h"
#include "orchestrator/stage/stage.h"

static int plan(
	struct store *s, const struct resolved *known, int64_t *sweep, struct err *e)
{
	const struct spec *spec = known->spec;
	struct sweep_row row = { spec->name, spec->text,
		select_epoch_words[spec->select.epoch],
		average_words[spec->select.average], spec->folder,
		spec->select.skip_zero };
	struct stage_ctx stage;
	bool rescore;
	int rc = store_begin(s, e);

	if (!rc)
		rc = store_sweep_put(s, &row, sweep, &rescore, e);
	if (!rc)
		rc = store_orphans(s, e);
	if (!rc) {
		stage_init(&stage, s, known, *sweep, true);
		rc = stage_start(&stage, rescore, e);
		stage_release(&stage);
	}
	return store_end(s, rc, e);
}

int preplan(const struct resolved *known, const struct plan_counts *counts,
	const char *db, const double *rate, int workers, struct outlook *out,
	struct str *lost, struct err *e)
{
	struct outlook_question q = { .spec = known->spec,
		.counts = counts,
		.rate = rate,
		.now = outlook_now(),
		.workers = workers };
	struct replan before;
	struct store s;
	int rc;

	if (!db || access(db, F_OK) != 0)
		return outlook_read(&q, out, e);
	rc = store_open(&s, db, STORE_TRIAL, e);
	if (rc)
		return rc;
	q.s = &s;
	rc = replan_read(&before, &s, known->spec->name, lost->arena, e);
	if (!rc)
		rc = plan(&s, known, &q.sweep, e);
	if (!rc)
		rc = outlook_read(&q, out, e);
	if (!rc)
		rc = replan_lost(&before, &s, known->spec, q.sweep, lost, e);
	store_close(&s);
	return rc;
}
