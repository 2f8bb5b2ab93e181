/*
 * deltam export: a row a figure, under the parameters of its run, for R and pandas. Rows
 * are written as they are read: only the list of runs is held in memory.
 */
#include <string.h>
#include "orchestrator/report/reader.h"
#include "orchestrator/report/run_list.h"
#include "orchestrator/report/winner_ask.h"

struct export
{
	struct store *s;
	const struct run_list *list;
	struct report_table *t; /* one row: the key of a run, then a figure */
	void (*line)(const struct report_table *t, int row, struct str *out);
	struct arena arena; /* of one row */
	int key; /* columns of the key */
};

/* Back to the key of the run; what the last row was made of goes. */
static void next_row(struct export *x)
{
	arena_release(&x->arena);
	x->t->cells = x->key;
	x->t->arena = &x->arena;
}

static int write_row(struct export *x, struct err *e)
{
	struct str text = { .arena = &x->arena };

	x->line(x->t, 0, &text);
	if (fputs(str_get(&text), stdout) < 0)
		return err_errno(e, "cannot write the output");
	return OK;
}

/* A run that diverged in its first epoch has no figure, and would be lost without a word. */
static int write_lost(struct export *x, const struct query_run *run, struct err *e)
{
	next_row(x);
	while (x->t->cells < x->t->columns - 1)
		table_text(x->t, "");
	table_text(x->t, run->outcome);
	return write_row(x, e);
}

static int write_metrics(struct export *x, const struct query_run *run, struct err *e)
{
	struct rows r;

	if (!run->epochs_done && !strcmp(run->outcome, "diverged"))
		return write_lost(x, run, e);
	r = rows_open(x->s, STMT_REUSE_METRICS, ARGS(INT(run->job)), e);
	while (rows_next(&r)) {
		next_row(x);
		table_number(x->t, rows_int(&r), NULL);
		for (int i = 0; i < 3; i++) /* split, task, name */
			table_text(x->t, rows_copy(&r, &x->arena));
		table_number(x->t, rows_real(&r), NULL);
		table_text(x->t, run->outcome);
		r.rc = write_row(x, e);
	}
	return rows_close(&r);
}

static int write_weights(struct export *x, const struct query_run *run, struct err *e)
{
	struct rows r = rows_open(x->s, STMT_REUSE_WEIGHTS, ARGS(INT(run->job)), e);

	while (rows_next(&r)) {
		next_row(x);
		table_number(x->t, rows_int(&r), NULL);
		table_text(x->t, rows_copy(&r, &x->arena));
		for (int i = 0; i < 4; i++)
			table_number(x->t, rows_real(&r), NULL);
		r.rc = write_row(x, e);
	}
	return rows_close(&r);
}

static int write_run(struct export *x, const struct query_run *run, struct err *e)
{
	next_row(x);
	run_list_cells(x->list, run, x->t);
	return write_row(x, e);
}

static const struct what {
	const char *name;
	const char *const columns[8]; /* behind the key; none: those of `deltam runs` */
	int (*write)(struct export *x, const struct query_run *run, struct err *e);
} whats[] = {
	{ "metrics", { "epoch", "split", "task", "name", "value", "outcome" },
		write_metrics },
	{ "weights",
		{ "epoch", "task", "weight_mean", "weight_std", "weighted_loss_mean",
			"weighted_loss_std" },
		write_weights },
	{ "runs", { NULL }, write_run },
};

static void begin(struct export *x, const struct what *what, struct arena *a)
{
	struct report_table *t = x->t;

	run_list_key_columns(x->list, t);
	x->key = t->columns;
	for (int i = 0; what->columns[i]; i++)
		table_column(t, what->columns[i], what->columns[i]);
	if (!what->columns[0])
		run_list_columns(x->list, t);
	/* Cells outlive the arena of a row, so that there must be room for all of them. */
	t->cell = NEW_ARRAY(a, struct report_cell, t->columns);
	t->cell_capacity = t->columns;
}

static int write_all(struct export *x, const struct what *what, struct arena *a,
	bool header, struct err *e)
{
	int rc;

	begin(x, what, a);
	if (header) {
		struct str text = { .arena = a };

		report_csv_line(x->t, -1, &text);
		fputs(str_get(&text), stdout);
	}
	rc = OK;
	for (int i = 0; i < x->list->n && !rc; i++) {
		struct arena_mark mark = arena_mark(a);

		x->t->arena = a;
		x->t->cells = 0;
		run_list_key_cells(x->list, &x->list->run[i], x->t);
		rc = what->write(x, &x->list->run[i], e);
		arena_rewind(a, mark);
	}
	arena_release(&x->arena);
	return rc;
}

static int export_format(const struct cli_options *o, bool *json, struct err *e)
{
	*json = o->format && !strcmp(o->format, "jsonl");
	if (!o->format || *json || !strcmp(o->format, "csv"))
		return OK;
	return err_set(e, ERR_USAGE,
		"--format: export writes csv or jsonl; `deltam runs` and `deltam table` "
		"print %s",
		o->format);
}

static int export(struct report_reader *reader, const struct cli_options *o,
	const struct what *what, bool json, struct err *e)
{
	struct arena *a = &reader->arena;
	struct report r = { .arena = a };
	struct run_list l;
	struct export x = { .s = &reader->s,
		.list = &l,
		.t = report_table(&r, NULL),
		.line = json ? report_jsonl_line : report_csv_line };
	int rc = run_list_read(&reader->s, &reader->sweep, o->where, a, &l, e);

	return rc ? rc : write_all(&x, what, a, !json, e);
}

/* Of one run, which the second operand names; files, where the others are rows. */
static int export_parameters(const struct cli_options *o, struct err *e)
{
	struct cli_options sweep = *o;

	if (!o->second)
		return err_set(e, ERR_USAGE,
			"whose parameters? `deltam export parameters RUN -o FOLDER` "
			"(`deltam runs --where stage=final` lists final runs)");
	if (o->where || o->format)
		return err_set(e, ERR_USAGE,
			"export parameters: RUN names one run, whose files are .npy; "
			"--where and --format are of the others");
	if (!o->out)
		return err_set(e, ERR_USAGE, "export parameters: -o FOLDER is missing");
	sweep.operand = NULL;
	return winner_ask(&sweep, o->second, "--parameters", o->out, e);
}

int cmd_export(const struct cli_options *o, struct err *e)
{
	struct cli_options sweep = *o;
	struct report_reader reader;
	const struct what *what = whats;
	bool json;
	int rc;

	if (!strcmp(o->operand, "parameters"))
		return export_parameters(o, e);
	if (o->out)
		return err_set(e, ERR_USAGE,
			"export %s: rows go to stdout (`> FILE`); -o is the folder of "
			"`parameters`",
			o->operand);
	rc = export_format(o, &json, e);
	if (rc)
		return rc;
	while (strcmp(what->name, o->operand) != 0) /* options.def lists them */
		what++;
	sweep.operand = o->second;
	rc = reader_open(&reader, &sweep, e);
	if (!rc)
		rc = export(&reader, o, what, json, e);
	reader_close(&reader);
	return rc;
}
