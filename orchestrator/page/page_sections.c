#include <string.h>
#include "common/store/rows.h"
#include "orchestrator/page/page.h"
#include "orchestrator/plan/outlook.h"
#include "orchestrator/report/account.h"
#include "orchestrator/print/shape.h"

#define FEW 30 /* rows that are shown without being asked for */

/* A table of more rows than `most` folds; what is noted to it does not. */
static void put_folded(
	struct page *p, const struct report *r, const char *what, int most)
{
	int rows = r->tables ? table_rows(&r->table[0]) : 0;
	struct report part = *r;

	if (rows <= most) {
		page_report(p, r);
		return;
	}
	part.notes = 0;
	str_printf(&p->out, "<details><summary>%s (%d)</summary>\n", what, rows);
	page_report(p, &part);
	str_put(&p->out, "</details>\n");
	part.notes = r->notes;
	part.tables = 0;
	page_report(p, &part);
}

int page_standing(struct page *p, struct err *e)
{
	struct report r = { .arena = p->arena };
	struct standing x;
	int rc = standing_read(&x, p->reader, outlook_now(), p->arena, e);

	if (rc)
		return rc;
	str_put(&p->out, "<p class=\"state\">");
	html_put(&p->out, x.live ? "running" : p->reader->sweep.state);
	str_put(&p->out, "</p>\n");
	standing_attempts(&x, &r);
	page_report(p, &r);
	r = (struct report){ .arena = p->arena };
	rc = account_stages(&x, &r, e);
	if (rc)
		return rc;
	put_folded(p, &r, "Stages", 0);
	page_command(p, "status");
	return OK;
}

/* What was never trained, because a rung had stopped it. */
static int put_saved(struct page *p, struct err *e)
{
	struct report r = { .arena = p->arena };
	int rc = report_query(&r, &p->reader->s,
		arena_printf(p->arena,
			"SELECT stage, count(*) AS jobs, sum(state='stopped') AS stopped,"
			" sum(epochs_done) AS \"epochs trained\","
			" sum(CASE state WHEN 'stopped' THEN epochs-epochs_done ELSE 0 END)"
			" AS \"epochs saved\" FROM runs WHERE sweep_id=%lld GROUP BY stage"
			" ORDER BY min(stage_id)",
			(long long)p->reader->sweep.id),
		e);

	if (rc)
		return rc;
	page_report(p, &r);
	page_say(p,
		"A run that several stages want stands under the first. What was saved is "
		"what runs that a rung stopped were not trained; <code>deltam audit</code> "
		"trains it and says whether a choice would have been another.");
	return OK;
}

/* A section that is one table, and the command that prints it. */
struct list {
	int (*read)(struct page *p, struct report *r, struct err *e);
	const char *folded; /* what more than FEW rows fold under */
	const char *command; /* NULL: none prints it */
	const char *says; /* a sentence of ours behind it; NULL: none */
};

static int put_list(struct page *p, const struct list *l, struct err *e)
{
	struct report r = { .arena = p->arena };
	int rc = l->read(p, &r, e);

	if (rc)
		return rc;
	put_folded(p, &r, l->folded, FEW);
	if (l->says)
		page_say(p, l->says);
	if (l->command)
		page_command(p, "%s", l->command);
	return OK;
}

static int read_decisions(struct page *p, struct report *r, struct err *e)
{
	return account_decisions(p->reader, r, e);
}

static int read_failures(struct page *p, struct report *r, struct err *e)
{
	return account_failures(p->reader, false, r, e);
}

static int read_machines(struct page *p, struct report *r, struct err *e)
{
	return report_query(r, &p->reader->s,
		arena_printf(p->arena,
			"SELECT host, kernel_class AS kernels, build, count(*) AS attempts,"
			" min(started) AS first, max(ended) AS last,"
			" round(sum(seconds)/3600, 2) AS hours,"
			" round(sum(cpu_seconds)/3600, 2) AS \"CPU hours\","
			" round(max(peak_bytes)/1048576.0) AS \"peak [MiB]\""
			" FROM attempt WHERE job IN (SELECT job FROM stage_job WHERE sweep=%lld)"
			" GROUP BY host, kernel_class, build ORDER BY min(id)",
			(long long)p->reader->sweep.id),
		e);
}

static const struct list decisions = { read_decisions, "Every decision", "decisions",
	NULL };
static const struct list failures = { read_failures, "All of them", "failures", NULL };
static const struct list machines = { read_machines, "All of them", NULL,
	"Rows of one class of kernels are equal to the bit, whichever machine computes "
	"them." };

int page_decisions(struct page *p, struct err *e)
{
	int rc = put_saved(p, e);

	return rc ? rc : put_list(p, &decisions, e);
}

int page_failures(struct page *p, struct err *e)
{
	return put_list(p, &failures, e);
}

int page_machines(struct page *p, struct err *e)
{
	return put_list(p, &machines, e);
}

/* The table's columns of cost alone. */
int page_cost(struct page *p, struct err *e)
{
	const char *columns = arena_printf(p->arena, "label%.*s",
		(int)strlen(PAGE_COST_COLUMNS) - 1, PAGE_COST_COLUMNS);
	int rc = shape_columns(&p->table, columns, e);

	if (rc)
		return rc;
	p->table.notes = 0; /* they stand below the table */
	page_report(p, &p->table);
	page_command(p, "table --cost --columns %s", columns);
	return OK;
}

int page_asked(struct page *p, struct err *e)
{
	const struct query_sweep *w = &p->reader->sweep;

	(void)e;
	page_say(p, "The sweep file, as it was read last:");
	str_put(&p->out, "<pre tabindex=\"0\">");
	html_put(&p->out, w->text);
	str_put(&p->out, "</pre>\n");
	page_say(p,
		"Put into a file it trains the same again: every figure follows from it and "
		"from the data.");
	str_put(&p->out, "<p class=\"command\"><code>deltam run ");
	html_put(&p->out,
		page_quoted(p->arena, arena_printf(p->arena, "%s.json", w->name)));
	str_put(&p->out, "</code></p>\n");
	return OK;
}
