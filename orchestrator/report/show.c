/* deltam show: everything about one run. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "orchestrator/report/benchmark_data.h"
#include "orchestrator/report/reader.h"
#include "orchestrator/report/run_find.h"

struct show {
	struct report_reader *reader;
	struct arena *arena;
	struct report *report;
	const struct run_list *list;
	const struct query_run *run;
};

/* Every table begins with the part that it is of, for programs that read all of them. */
static struct report_table *part(
	struct show *w, const char *heading, const struct report_head *columns, int n)
{
	struct report_table *t = report_table(w->report, heading);

	table_column(t, "part", "part")->audience = FOR_PROGRAMS;
	table_columns(t, columns, n);
	return t;
}

static void fact(struct report_table *t, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	table_text(t, "run");
	table_text(t, name);
	table_text(t, value);
}

static void fact_number(struct report_table *t, const char *name, double v)
{
	if (!isfinite(v))
		return;
	table_text(t, "run");
	table_text(t, name);
	table_number(t, v, NULL);
}

static void put_run(struct show *w)
{
	static const struct report_head head[] = { { "name", "Run", false },
		{ "value", "", false } };
	const struct query_run *x = w->run;
	bool gains = w->list->sweep->auxiliary;
	double sign = gains ? -1 : 1;
	struct report_table *t = part(w, NULL, head, COUNT(head));

	/* A job of several entries has a name in each. */
	for (int i = 0; i < w->list->n; i++)
		if (w->list->run[i].job == x->job)
			fact(t, "run", w->list->run[i].run);
	fact(t, "job", arena_printf(w->arena, "%lld", (long long)x->job));
	fact(t, "identity", x->identity);
	fact(t, "stage",
		strcmp(x->stage, x->phase) != 0
			? arena_printf(w->arena, "%s (%s)", x->stage, x->phase)
			: x->stage);
	fact(t, "state", x->state);
	fact(t, "message", x->message);
	fact(t, "epochs",
		arena_printf(w->arena, "%d of %d", x->epochs_done, x->epochs));
	fact_number(t, "epoch", x->epoch ? x->epoch : (double)NAN);
	fact_number(t, gains ? "val_gain" : "val_delta_m", sign * x->val_delta_m);
	fact_number(t, gains ? "gain" : "delta_m", sign * x->delta_m);
	fact(t, "kernel_class", x->kernel_class);
	fact(t, "copied from", x->origin);
	fact_number(t, "seconds", x->seconds);
	fact_number(t, "cpu_seconds", x->cpu_seconds);
	fact_number(t, "peak_bytes", x->peak_bytes);
}

/* A table by a query whose first column says the part; the job's number is no text. */
static int put_query(
	struct show *w, const char *heading, const char *columns, struct err *e)
{
	struct report_table *t;
	int rc = report_query(w->report, &w->reader->s,
		arena_printf(w->arena, "SELECT %s WHERE job=%lld ORDER BY 2", columns,
			(long long)w->run->job),
		e);

	if (rc)
		return rc;
	t = &w->report->table[w->report->tables - 1];
	t->heading = heading;
	t->column[0].audience = FOR_PROGRAMS;
	if (!table_rows(t))
		w->report->tables--;
	return OK;
}

/* What the run reached in each epoch: Δm, the criteria of its tasks, their weights. */
struct epochs {
	struct query_figure *criterion;
	int criteria, n;
	const char **task; /* that have weights */
	int tasks;
	double *v; /* epochs x columns: val and test of Δm, of each criterion; weights */
};

static int column_of_weights(const struct epochs *p)
{
	return 2 * (p->criteria + 1);
}

static int column_count(const struct epochs *p)
{
	return column_of_weights(p) + p->tasks;
}

static void put_figure(struct epochs *p, int epoch, int column, double v)
{
	if (epoch >= 1 && epoch <= p->n)
		p->v[(epoch - 1) * column_count(p) + column] = v;
}

static int read_scores(struct show *w, struct epochs *p, struct err *e)
{
	bool gains = w->list->sweep->auxiliary;
	struct rows r = rows_open(&w->reader->s, STMT_SHOW_SCORES,
		ARGS(INT(w->list->sweep->id), INT(w->run->job)), e);

	while (rows_next(&r)) {
		int epoch = rows_int(&r);
		bool val = rows_int(&r) != 0;
		double v = rows_real(&r);

		put_figure(p, epoch, !val, v == 0 || !gains ? v : -v);
	}
	return rows_close(&r);
}

static int read_metrics(struct show *w, struct epochs *p, struct err *e)
{
	struct rows r = rows_open(
		&w->reader->s, STMT_SCORE_METRICS, ARGS(INT(w->run->job), INT(0)), e);

	while (rows_next(&r)) {
		int epoch = rows_int(&r);
		bool val = !strcmp(rows_text(&r), "val");
		const char *task = rows_copy(&r, w->arena);
		const char *name = rows_copy(&r, w->arena);
		double v = rows_real(&r);

		for (int i = 0; i < p->criteria; i++)
			if (!strcmp(p->criterion[i].task, task) &&
				!strcmp(p->criterion[i].name, name))
				put_figure(p, epoch, 2 * (i + 1) + !val, v);
	}
	return rows_close(&r);
}

/* Criteria stand task by task, so that a task that has come before is the last one. */
static void find_tasks(struct show *w, struct epochs *p)
{
	p->task = NEW_ARRAY(w->arena, const char *, p->criteria + 1);
	if (*w->run->task)
		return; /* a baseline's one task is all there is to weigh */
	for (int i = 0; i < p->criteria; i++)
		if (!p->tasks ||
			strcmp(p->task[p->tasks - 1], p->criterion[i].task) != 0)
			p->task[p->tasks++] = p->criterion[i].task;
}

static int read_weights(struct show *w, struct epochs *p, struct err *e)
{
	struct rows r =
		rows_open(&w->reader->s, STMT_SHOW_WEIGHTS, ARGS(INT(w->run->job)), e);

	while (rows_next(&r)) {
		int epoch = rows_int(&r);
		const char *task = rows_copy(&r, w->arena);
		double v = rows_real(&r);

		for (int i = 0; i < p->tasks; i++)
			if (!strcmp(p->task[i], task))
				put_figure(p, epoch, column_of_weights(p) + i, v);
	}
	return rows_close(&r);
}

/* The criteria of its variant; of a baseline those of its task. */
static int read_criteria(struct show *w, struct epochs *p, struct err *e)
{
	struct query_figure *all;
	int n;
	int rc = query_criteria(&w->reader->s, w->list->sweep, w->arena, &all, &n, e);

	p->criterion = all;
	for (int i = 0; i < n && !rc; i++)
		if (!strcmp(all[i].variant, w->run->variant) &&
			(!*w->run->task || !strcmp(all[i].task, w->run->task)))
			p->criterion[p->criteria++] = all[i];
	return rc;
}

static void epoch_columns(
	struct show *w, const struct epochs *p, struct report_table *t)
{
	bool gains = w->list->sweep->auxiliary;

	table_column(t, gains ? "val_gain" : "val_delta_m",
		gains ? "Δ val [%]" : "Δm val [%]");
	table_column(
		t, gains ? "gain" : "delta_m", gains ? "Δ test [%]" : "Δm test [%]");
	for (int i = 0; i < p->criteria; i++) {
		const struct query_figure *c = &p->criterion[i];
		const char *title = benchmark_criterion_title(c);

		for (int test = 0; test < 2; test++) {
			struct report_column *k = table_column(t,
				arena_printf(w->arena, "%s%s", test ? "" : "val_",
					c->criterion),
				arena_printf(w->arena, "%s%s", title,
					test ? " test" : " val"));

			k->group = c->task;
			k->audience = test ? FOR_PROGRAMS : FOR_ALL;
		}
	}
	for (int i = 0; i < p->tasks; i++)
		table_column(
			t, arena_printf(w->arena, "weight_%s", p->task[i]), "weight")
			->group = p->task[i];
	for (int i = 1; i < t->columns; i++)
		t->column[i].right = true;
}

static void epoch_row(
	struct show *w, const struct epochs *p, int epoch, struct report_table *t)
{
	const double *v = &p->v[(epoch - 1) * column_count(p)];
	bool chosen = epoch == w->run->epoch;

	table_text(t, "epoch");
	table_number(t, epoch, chosen ? arena_printf(w->arena, "> %d", epoch) : NULL);
	table_fixed(t, v[0], 1);
	table_fixed(t, v[1], 1);
	for (int i = 2; i < column_count(p); i++) {
		double scale = i < column_of_weights(p)
			? benchmark_criterion_scale(&p->criterion[i / 2 - 1])
			: 1;

		table_number(t, v[i],
			isfinite(v[i]) ? arena_printf(w->arena, "%.4g", v[i] * scale)
				       : NULL);
	}
}

static int put_epochs(struct show *w, struct err *e)
{
	static const struct report_head head[] = { { "epoch", "Epoch", true } };
	struct epochs p = { .n = w->run->epochs_done };
	struct report_table *t;
	int rc = read_criteria(w, &p, e);

	if (rc || !p.n)
		return rc;
	find_tasks(w, &p);
	p.v = NEW_ARRAY(w->arena, double, p.n *column_count(&p));
	for (int i = 0; i < p.n * column_count(&p); i++)
		p.v[i] = (double)NAN;
	rc = read_scores(w, &p, e);
	if (!rc)
		rc = read_metrics(w, &p, e);
	if (!rc)
		rc = read_weights(w, &p, e);
	if (rc)
		return rc;
	t = part(w, "Epochs", head, COUNT(head));
	epoch_columns(w, &p, t);
	for (int epoch = 1; epoch <= p.n; epoch++)
		epoch_row(w, &p, epoch, t);
	if (w->run->epoch)
		report_note(w->report, "> the epoch that the rule of the sweep takes.");
	return OK;
}

static void put_file(
	struct show *w, struct report_table **t, const char *what, const char *path)
{
	static const struct report_head head[] = { { "name", "File", false },
		{ "bytes", "bytes", true }, { "value", "path", false } };
	struct stat st;

	if (stat(path, &st))
		return;
	if (!*t)
		*t = part(w, "Files", head, COUNT(head));
	table_text(*t, "file");
	table_text(*t, what);
	table_number(*t, (double)st.st_size, NULL);
	table_text(*t, path);
}

/* What its workers said: the name of a log ends in the number of its attempt. */
static int put_logs(struct show *w, struct report_table **t, struct err *e)
{
	const char *folder = arena_printf(w->arena, "%s.d/logs", w->reader->s.path);
	struct dirent **file;
	int n = scandir(folder, &file, NULL, alphasort);
	struct rows r =
		rows_open(&w->reader->s, STMT_SHOW_ATTEMPTS, ARGS(INT(w->run->job)), e);

	while (rows_next(&r)) {
		const char *end =
			arena_printf(w->arena, "-%lld.log", (long long)rows_int64(&r));

		for (int i = 0; i < n; i++) {
			const char *name = file[i]->d_name;
			size_t length = strlen(name);

			if (length > strlen(end) &&
				!strcmp(name + length - strlen(end), end))
				put_file(w, t, "log",
					arena_printf(w->arena, "%s/%s", folder, name));
		}
	}
	for (int i = 0; i < n; i++)
		free(file[i]);
	if (n >= 0)
		free(file);
	return rows_close(&r);
}

/* What lies beside the database (worker/checkpoint.h). */
static int put_files(struct show *w, struct err *e)
{
	const char *db = w->reader->s.path;
	const char *id = w->run->identity;
	struct report_table *t = NULL;

	put_file(w, &t, "checkpoint",
		arena_printf(w->arena, "%s.d/checkpoints/%s.ckpt", db, id));
	put_file(w, &t, "folder", arena_printf(w->arena, "%s.d/jobs/%s", db, id));
	put_file(w, &t, "best parameters so far",
		arena_printf(w->arena, "%s.d/checkpoints/%s.best", db, id));
	for (int epoch = 1; epoch <= w->run->epochs_done; epoch++)
		put_file(w, &t, "parameters",
			arena_printf(
				w->arena, "%s.d/winners/%s-%d.params", db, id, epoch));
	return put_logs(w, &t, e);
}

static int print_parts(struct show *w, struct err *e)
{
	int rc;

	put_run(w);
	rc = put_query(w, "Configuration",
		"'parameter' AS part, name, value FROM job_param", e);
	if (!rc)
		rc = put_epochs(w, e);
	if (!rc)
		rc = put_query(w, "Attempts",
			"'attempt' AS part, id, kind, start_epoch, stop_epoch, "
			"started, ended, outcome, seconds, cpu_seconds, peak_bytes, host, "
			"pid, message FROM attempt",
			e);
	return rc ? rc : put_files(w, e);
}

static int show(
	struct report_reader *reader, const struct cli_options *o, struct err *e)
{
	struct arena *a = &reader->arena;
	struct report r = { .arena = a };
	struct run_list l;
	struct show w = { reader, a, &r, &l, NULL };
	int rc = run_list_read(&reader->s, &reader->sweep, NULL, a, &l, e);

	if (!rc)
		rc = run_find(&l, o->operand, a, &w.run, e);
	if (!rc)
		rc = print_parts(&w, e);
	if (!rc)
		reader_print(&r, o);
	return rc;
}

static bool is_sweep_file(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && !strcmp(name + n - 5, ".json");
}

/* RUN [SWEEP], or the other way round, as all other commands have the sweep first. */
int cmd_show(const struct cli_options *o, struct err *e)
{
	struct cli_options run = *o;
	struct cli_options sweep = *o;
	struct report_reader reader;
	int rc;

	if (o->second && is_sweep_file(o->operand))
		run.operand = o->second;
	else
		sweep.operand = o->second;
	rc = reader_open(&reader, &sweep, e);
	if (!rc)
		rc = show(&reader, &run, e);
	reader_close(&reader);
	return rc;
}
