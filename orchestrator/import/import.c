/* The command: reads, checks, and writes all of it or nothing. */
#include "orchestrator/import/import.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/log.h"
#include "common/store/store_metric.h"
#include "common/store/store_open.h"
#include "common/store/transaction.h"
#include "orchestrator/cli/cli.h"
#include "orchestrator/stage/stage.h"

struct importing {
	const struct cli_options *o;
	struct arena *a;
	struct spec spec;
	struct resolved resolved;
	struct import_set set;
	struct diag file[CLI_LIST_MAX + 1];
	int files;
	const char *db;
	struct store s;
	struct stage_ctx stage;
	int64_t segments; /* that the plan still wants */
	int64_t epochs; /* imported */
	int unplanned; /* runs that the plan does not want so far */
	const struct import_run *first_unplanned;
};

/* The sweep. */

static int read_sweep(struct importing *x, struct err *e)
{
	const struct cli_options *o = x->o;
	const struct spec_source source = {
		.path = o->operand, .set = o->set.item, .nset = o->set.n
	};
	struct str report = { .arena = x->a };
	int rc = spec_read(&x->spec, x->a, &source, &report, e);

	if (!rc && !x->spec.trainer)
		return err_set(e, ERR_USAGE,
			"%s has no \"trainer\": figures of deltam's own trainer are "
			"taken from its database (`deltam run --reuse FILE`), and all "
			"others want a section \"trainer\" that names their tasks",
			o->operand);
	if (!rc) /* its files count in identities; nobody is asked for anything else */
		rc = resolve(&x->spec, DATA_SEEN, "", &x->resolved, &report, x->a, e);
	fputs(str_get(&report), stderr);
	x->db = o->db ? o->db : arena_printf(x->a, "%s.db", x->spec.name);
	return rc;
}

/* The files. */

static int take_files(struct importing *x, struct err *e)
{
	int rc = OK;

	x->files = 1 + x->o->more.n;
	x->set = (struct import_set){ .a = x->a, .resolved = &x->resolved };
	for (int i = 0; i < x->files && !rc; i++) {
		x->file[i] = (struct diag){ .arena = x->a,
			.text = "",
			.path = i ? x->o->more.item[i - 1] : x->o->second };
		rc = import_file_read(&x->file[i], e);
	}
	for (int i = 0; i < x->files && !rc; i++)
		import_file_take(&x->set, &x->file[i]);
	return rc;
}

/* Says everything that is wrong with the files. */
static int tell_faults(struct importing *x, struct err *e)
{
	struct str report = { .arena = x->a };

	for (int i = 0; i < x->files; i++)
		diag_render(&x->file[i], &report);
	if (!report.n)
		return OK;
	fputs(str_get(&report), stderr);
	return err_set(e, ERR_DATA, "%s", "");
}

/* Runs that are wrong already are not looked at: what is missing may be what was wrong. */
static int check(struct importing *x, struct err *e)
{
	int rc = tell_faults(x, e);

	for (int i = 0; i < x->set.runs && !rc; i++)
		import_check(x->set.run[i]);
	return rc ? rc : tell_faults(x, e);
}

/* Rows. */

static int differs(struct importing *x, const struct import_place *place,
	const struct err *why, struct err *e)
{
	diag_add(place->d, place->at, "%s", why->msg);
	return tell_faults(x, e);
}

/* Which figure of these it is that the database has otherwise. */
static int find_other(struct importing *x, const struct import_run *run,
	const struct import_figure *f, int n, struct err *e)
{
	struct err why;

	for (int i = 0; i < n; i++)
		if (store_metric_check(&x->s, run->job, f->epoch, &f[i].row, &why) ==
			ERR_DETERMINISM)
			return differs(x, &f[i].place, &why, e);
	return e->code;
}

static int put_epoch(struct importing *x, const struct import_run *run,
	const struct import_figure *f, int n, struct err *e)
{
	const struct arena_mark mark = arena_mark(x->a);
	struct metric_row *row = NEW_ARRAY(x->a, struct metric_row, n);
	int rc;

	for (int i = 0; i < n; i++)
		row[i] = f[i].row;
	rc = store_metrics_put(&x->s, run->job, f->epoch, row, n, e);
	arena_rewind(x->a, mark);
	return rc == ERR_DETERMINISM ? find_other(x, run, f, n, e) : rc;
}

static int put_figures(struct importing *x, const struct import_run *run, struct err *e)
{
	int rc = OK;

	for (int i = 0, n; i < run->figures && !rc; i += n) {
		for (n = 1; i + n < run->figures &&
			run->figure[i + n].epoch == run->figure[i].epoch;)
			n++;
		rc = put_epoch(x, run, &run->figure[i], n, e);
	}
	return rc;
}

static int put_weights(struct importing *x, const struct import_run *run, struct err *e)
{
	int rc = OK;

	for (int i = 0; i < run->weights && !rc; i++) {
		const struct import_weight *w = &run->weight[i];

		rc = store_weights_put(&x->s, run->job, w->epoch, &w->row, 1, e);
		if (rc == ERR_DETERMINISM) {
			const struct err why = *e;

			rc = differs(x, &w->place, &why, e);
		}
	}
	return rc;
}

static int put_run(struct importing *x, const struct import_run *run, struct err *e)
{
	const struct method_info *method = run->entry->method;
	const struct job_shown shown = { method_shown(method, "temperature"),
		method_shown(method, "weights"),
		method_hyper(method, &run->params, x->a) };
	struct job_row job;
	int rc = store_job_put(
		&x->s, run->job, run->identity, &run->params, &shown, &job, e);
	bool more = !rc && run->epochs > job.epochs_done;

	if (!rc)
		rc = put_figures(x, run, e);
	if (!rc)
		rc = put_weights(x, run, e);
	if (!rc && (more || (run->diverged && job.outcome == JOB_OPEN)))
		rc = store_run(&x->s, STMT_REUSE_MARK,
			ARGS(TEXT(run->device), TEXT(run->diverged ? "diverged" : NULL),
				TEXT(run->diverged), TEXT(run->place.d->path),
				INT(run->job)),
			e);
	x->epochs += run->epochs;
	return rc ? rc : store_job_refresh(&x->s, run->job, &job, e);
}

/* The plan. */

/* A run that ends early, and that no rung stops there, is not what it seems. */
static int check_member(
	struct importing *x, const struct import_run *run, struct err *e)
{
	struct arena scratch = { 0 };
	struct member_row *m;
	bool wanted = false;
	bool pending = false;
	int n;
	int rc = store_member_of_job(&x->s, run->job, &scratch, &m, &n, e);

	for (int i = 0; i < n && !rc; i++) {
		wanted = wanted || m[i].sweep == x->stage.sweep;
		pending = pending ||
			(m[i].sweep == x->stage.sweep && m[i].state == MEMBER_PENDING);
	}
	arena_release(&scratch);
	if (pending)
		diag_add(run->place.d, run->place.at,
			"this run ends at epoch %d of %d, where no rung of the sweep "
			"stops it: give the others, say that it diverged, or leave it "
			"out",
			run->epochs, run->variant->epochs);
	if (!rc && !wanted && !x->unplanned++)
		x->first_unplanned = run;
	return rc;
}

static int plan(struct importing *x, int64_t sweep, bool rescore, struct err *e)
{
	int64_t epochs;
	int open;
	int rc;

	stage_init(&x->stage, &x->s, &x->resolved, sweep, true);
	rc = stage_start(&x->stage, rescore, e);
	for (int i = 0; i < x->set.runs && !rc; i++)
		rc = check_member(x, x->set.run[i], e);
	if (!rc)
		rc = tell_faults(x, e);
	if (!rc)
		rc = stage_open(&x->stage, &open, e);
	if (!rc)
		rc = store_sweep_state(&x->s, sweep, open ? "open" : "done", e);
	return rc ? rc : store_sweep_pending(&x->s, sweep, &x->segments, &epochs, e);
}

static int write_all(struct importing *x, struct err *e)
{
	const struct spec *s = &x->spec;
	struct sweep_row row = { s->name, s->text, select_epoch_words[s->select.epoch],
		average_words[s->select.average], s->folder, s->select.skip_zero };
	int64_t sweep = 0;
	bool rescore = false;
	int rc = store_sweep_put(&x->s, &row, &sweep, &rescore, e);

	if (!rc)
		rc = store_orphans(&x->s, e);
	for (int i = 0; i < x->set.runs && !rc; i++)
		rc = put_run(x, x->set.run[i], e);
	return rc ? rc : plan(x, sweep, rescore, e);
}

static int in_transaction(struct importing *x, struct err *e)
{
	int rc = store_begin(&x->s, e);

	if (!rc)
		rc = write_all(x, e);
	return store_end(&x->s, rc, e);
}

static int write_database(struct importing *x, struct err *e)
{
	bool fresh = access(x->db, F_OK) != 0;
	int rc = store_open(&x->s, x->db, STORE_ORCHESTRATOR, e);

	if (rc)
		return rc;
	rc = in_transaction(x, e);
	stage_release(&x->stage);
	store_close(&x->s);
	if (rc && fresh && unlink(x->db))
		log_warn("import", "%s: empty, and cannot be removed", x->db);
	return rc;
}

static void tell(const struct importing *x)
{
	int runs = x->set.runs;
	int line, column;

	fprintf(stderr, "%s: imported %d run%s of %lld epochs", x->db, runs,
		runs == 1 ? "" : "s", (long long)x->epochs);
	if (x->unplanned) {
		diag_place(x->first_unplanned->place.d, x->first_unplanned->place.at,
			&line, &column);
		fprintf(stderr, "; %d of them not in the plan so far, the first %s:%d",
			x->unplanned, x->first_unplanned->place.d->path, line);
	}
	if (x->segments)
		fprintf(stderr, "; %lld run%s without results: `deltam run %s`\n",
			(long long)x->segments, x->segments == 1 ? "" : "s",
			x->o->operand);
	else
		fputs("; nothing is left to train\n", stderr);
}

static int import(struct importing *x, struct err *e)
{
	int rc = read_sweep(x, e);

	if (!rc)
		rc = take_files(x, e);
	if (!rc)
		rc = check(x, e);
	if (!rc)
		rc = write_database(x, e);
	if (!rc && !x->o->quiet)
		tell(x);
	return rc;
}

int cmd_import(const struct cli_options *o, struct err *e)
{
	struct arena a = { 0 };
	struct importing x = { .o = o, .a = &a };
	int rc = import(&x, e);

	arena_release(&a);
	return rc;
}
