/*
 * deltam audit: what pruning saved and what it cost. The sweep runs unpruned in a second
 * database, which takes all that the first one has, and the two are compared stage by
 * stage: epochs, and the Δm of what was chosen.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "common/store/store_open.h"
#include "orchestrator/audit/replay.h"
#include "orchestrator/run/run.h"

/* A stage of an entry (or of a baseline task) in one of the databases. */
struct audit_stage {
	const char *variant, *label, *task, *stage, *phase;
	int64_t jobs, epochs; /* that no earlier stage has trained */
	double val, test; /* Δm of what it chose; NAN without */
};

struct audit_stages {
	struct audit_stage *item;
	int n, capacity;
};

static int load(struct store *s, int64_t sweep, struct audit_stages *g, struct arena *a,
	struct err *e)
{
	struct rows r = rows_open(s, STMT_QUERY_AUDIT, ARGS(INT(sweep)), e);

	while (rows_next(&r)) {
		struct audit_stage *x;

		(void)GROW(a, g->item, g->n, g->capacity);
		x = &g->item[g->n++];
		x->variant = rows_copy(&r, a);
		x->label = rows_copy(&r, a);
		x->task = rows_copy(&r, a);
		x->stage = rows_copy(&r, a);
		x->phase = rows_copy(&r, a);
		x->jobs = rows_int64(&r);
		x->epochs = rows_int64(&r);
		x->val = rows_real(&r);
		x->test = rows_real(&r);
	}
	return rows_close(&r);
}

/* Finds the same stage in the other database; NULL: that one never came to it. */
static const struct audit_stage *same_stage(
	const struct audit_stages *g, const struct audit_stage *x)
{
	for (int i = 0; i < g->n; i++) {
		const struct audit_stage *y = &g->item[i];

		if (!strcmp(x->variant, y->variant) && !strcmp(x->label, y->label) &&
			!strcmp(x->task, y->task) && !strcmp(x->stage, y->stage) &&
			!strcmp(x->phase, y->phase))
			return y;
	}
	return NULL;
}

/* What the rows of the table add up to. */
struct sums {
	int64_t jobs, all, trained; /* epochs */
	int64_t prunable, prunable_trained;
	double val, test; /* regret of the final stages */
	double worst;
	const struct audit_stage *worst_stage;
	int finals, others;
};

static double percent(int64_t part, int64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static bool is_final(const struct audit_stage *g)
{
	return !strcmp(g->stage, "final");
}

static void add(struct sums *sum, const struct audit_stage *all,
	const struct audit_stage *pruned)
{
	double val = pruned->val - all->val;

	sum->jobs += all->jobs;
	sum->all += all->epochs;
	sum->trained += pruned->epochs;
	if (strcmp(all->stage, "baseline") != 0 && !is_final(all)) {
		sum->prunable += all->epochs;
		sum->prunable_trained += pruned->epochs;
	}
	if (!is_final(all) || isnan(val))
		return;
	if (!sum->finals++ || val > sum->worst) {
		sum->worst = val;
		sum->worst_stage = all;
	}
	sum->val += val;
	sum->test += pruned->test - all->test;
	sum->others += val != 0 || pruned->test != all->test;
}

static void columns(struct report_table *t)
{
	static const struct report_head list[] = { { "variant", NULL, false },
		{ "label", "method", false }, { "task", NULL, false },
		{ "stage", NULL, false }, { "phase", NULL, false },
		{ "jobs", NULL, true }, { "epochs_unpruned", "epochs unpruned", true },
		{ "epochs_trained", "trained", true }, { "saved", "saved [%]", true },
		{ "val_delta_m", "val. Δm", true },
		{ "val_delta_m_unpruned", "unpruned", true },
		{ "val_regret", "regret", true }, { "delta_m", "test Δm", true },
		{ "delta_m_unpruned", "unpruned", true }, { "regret", NULL, true } };

	table_columns(t, list, COUNT(list));
}

static void pair(struct report_table *t, double pruned, double all)
{
	table_fixed(t, pruned, 2);
	table_fixed(t, all, 2);
	table_fixed(t, pruned - all, 2);
}

static void epochs(struct report_table *t, int64_t jobs, int64_t all, int64_t trained)
{
	table_number(t, (double)jobs, NULL);
	table_number(t, (double)all, NULL);
	table_number(t, (double)trained, NULL);
	table_fixed(t, percent(all - trained, all), 2);
}

static void row(struct report_table *t, const struct audit_stage *all,
	const struct audit_stage *pruned)
{
	table_text(t, all->variant);
	table_text(t, all->label);
	table_text(t, all->task);
	table_text(t, all->stage);
	table_text(t, all->phase);
	epochs(t, all->jobs, all->epochs, pruned->epochs);
	pair(t, pruned->val, all->val);
	pair(t, pruned->test, all->test);
}

/* The regrets of the last row are means over the final stages. */
static void total_row(struct report_table *t, const struct sums *sum)
{
	double n = sum->finals ? sum->finals : (double)NAN;

	for (int i = 0; i < 3; i++)
		table_text(t, NULL);
	table_text(t, "total");
	table_text(t, NULL);
	epochs(t, sum->jobs, sum->all, sum->trained);
	for (int i = 0; i < 2; i++) {
		table_fixed(t, (double)NAN, 2);
		table_fixed(t, (double)NAN, 2);
		table_fixed(t, (i ? sum->test : sum->val) / n, 2);
	}
}

static void notes(struct report *r, const struct sums *sum)
{
	report_note(r,
		"Unpruned the sweep trains %lld epochs, pruned %lld: %.1f %% saved; "
		"of the groups that the rule may stop (tune, refine, wd) %.1f %%.",
		(long long)sum->all, (long long)sum->trained,
		percent(sum->all - sum->trained, sum->all),
		percent(sum->prunable - sum->prunable_trained, sum->prunable));
	if (sum->finals)
		report_note(r,
			"Regret: Δm of what was chosen minus that of what would have "
			"been chosen. Of %d entries %d end%s with other figures; mean "
			"%.2f on validation and %.2f on test rows, the largest on "
			"validation rows %.2f (%s%s%s).",
			sum->finals, sum->others, sum->others == 1 ? "s" : "",
			sum->val / sum->finals, sum->test / sum->finals, sum->worst,
			sum->worst_stage->variant,
			*sum->worst_stage->variant ? " " : "", sum->worst_stage->label);
}

static void fill(struct report *r, const struct audit_stages *all,
	const struct audit_stages *pruned)
{
	static const struct audit_stage never = { .val = (double)NAN,
		.test = (double)NAN };
	struct report_table *t = report_table(r, NULL);
	struct sums sum = { 0 };

	columns(t);
	for (int i = 0; i < all->n; i++) {
		const struct audit_stage *g = same_stage(pruned, &all->item[i]);

		row(t, &all->item[i], g ? g : &never);
		add(&sum, &all->item[i], g ? g : &never);
	}
	for (int i = 0; i < pruned->n; i++)
		if (!same_stage(all, &pruned->item[i])) {
			struct audit_stage none = pruned->item[i];

			none.jobs = none.epochs = 0;
			none.val = none.test = (double)NAN;
			row(t, &none, &pruned->item[i]);
			add(&sum, &none, &pruned->item[i]);
		}
	total_row(t, &sum);
	notes(r, &sum);
}

/* The second database: "x.db" -> "x.audit.db". */
static const char *audit_path(const char *path, struct arena *a)
{
	size_t n = strlen(path);

	if (n > 3 && !strcmp(path + n - 3, ".db"))
		n -= 3;
	return arena_printf(a, "%.*s.audit.db", (int)n, path);
}

static int load_unpruned(const char *path, const char *name, struct audit_stages *g,
	struct arena *a, struct err *e)
{
	struct store s;
	int64_t sweep;
	int rc = store_open(&s, path, STORE_READER, e);

	if (rc)
		return rc;
	rc = store_int(&s, STMT_SWEEP_ID, ARGS(TEXT(name)), 0, &sweep, e);
	if (!rc)
		rc = load(&s, sweep, g, a, e);
	store_close(&s);
	return rc;
}

static int run_unpruned(struct report_reader *reader, const struct cli_options *o,
	const char *path, struct err *e)
{
	struct run_request q = { .sweep = reader_source(reader),
		.db = path,
		.reuse = reader->s.path,
		.workers = o->workers,
		.gpus = o->gpus,
		.no_prune = true,
		.no_winners = true,
		.yes = true,
		.quiet = o->quiet > 0 };

	return run_sweep(&q, &reader->arena, e);
}

static int audit(
	struct report_reader *reader, const struct cli_options *o, struct err *e)
{
	struct arena *a = &reader->arena;
	struct report r = { .arena = a };
	const char *path = audit_path(reader->s.path, a);
	struct audit_stages pruned = { 0 };
	struct audit_stages all = { 0 };
	int rc;

	if (strcmp(reader->sweep.state, "done") != 0)
		return err_set(e, ERR_USAGE, "sweep %s has not finished; %s",
			reader->sweep.name,
			reader->s.held
				? "a deltam is at work on its database: wait for its end"
				: "`deltam run` goes on with it");
	rc = load(&reader->s, reader->sweep.id, &pruned, a, e);
	if (!rc)
		rc = run_unpruned(reader, o, path, e);
	if (!rc)
		rc = load_unpruned(path, reader->sweep.name, &all, a, e);
	if (rc)
		return rc;
	fill(&r, &all, &pruned);
	report_note(&r, "The unpruned sweep is in %s.", path);
	reader_print(&r, o);
	return OK;
}

int cmd_audit(const struct cli_options *o, struct err *e)
{
	struct report_reader reader;
	int rc = reader_open(&reader, o, e);

	if (!rc)
		rc = o->rules ? audit_rules(&reader, o, e) : audit(&reader, o, e);
	reader_close(&reader);
	return rc;
}
