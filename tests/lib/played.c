#include "tests/lib/played.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "common/store/store_job.h"
#include "common/store/store_metric.h"
#include "common/store/store_open.h"
#include "common/store/transaction.h"
#include "tests/lib/dump.h"
#include "tests/lib/must.h"

void played_plan(struct played *p, const char *text, bool prune)
{
	struct str report = { .arena = &p->arena };
	struct sweep_row row = { "t", text, "best", "criteria", "", false };
	struct err e = { 0 };
	int64_t sweep;
	bool rescore;

	ck_assert_msg(spec_parse(&p->spec, &p->arena, "t.json", text, strlen(text),
			      &report, &e) == OK,
		"%s\n%s", text, str_get(&report));
	row.select_epoch = p->spec.select.epoch == EPOCH_LAST10 ? "last10" : "best";
	row.skip_zero = p->spec.select.skip_zero;
	must(store_begin(&p->s, &e), &e);
	must(store_sweep_put(&p->s, &row, &sweep, &rescore, &e), &e);
	must(store_orphans(&p->s, &e), &e);
	dispatch_release(&p->dispatch);
	stage_release(&p->stage);
	resolve_begin(&p->spec, &p->resolved, &p->arena);
	stage_init(&p->stage, &p->s, &p->resolved, sweep, prune);
	progress_init(&p->progress, "t", true);
	dispatch_init(&p->dispatch, &p->stage, &p->progress, ".");
	p->n = 0;
	must(stage_start(&p->stage, rescore, &e), &e);
	must(store_commit(&p->s, &e), &e);
}

struct played *played_new(
	const char *db, const char *text, bool prune, played_figure *figure)
{
	struct played *p = calloc(1, sizeof(*p));
	struct err e = { 0 };

	ck_assert_ptr_nonnull(p);
	p->figure = figure;
	p->random = 1;
	must(store_open(&p->s, db, STORE_ORCHESTRATOR, &e), &e);
	(void)played_dump(p, "PRAGMA synchronous=OFF"); /* nobody pulls a plug here */
	played_plan(p, text, prune);
	return p;
}

void played_free(struct played *p)
{
	dispatch_release(&p->dispatch);
	stage_release(&p->stage);
	store_close(&p->s);
	arena_release(&p->arena);
	free(p);
}

static struct played_job job_of(struct played *p, const struct sched_task *task)
{
	struct played_job job = { .id = task->job };
	struct err e = { 0 };
	struct rows r = rows_open_sql(&p->s,
		"SELECT coalesce(task, ''), lr, wd, temperature, seed, "
		"coalesce((SELECT value FROM job_param WHERE job=j.id AND "
		"name='primary'), ''), start_epoch, stop_epoch "
		"FROM attempt a JOIN job j ON j.id=a.job WHERE token=?",
		ARGS(TEXT(task->token)), &e);

	ck_assert(rows_next(&r));
	job.own = rows_copy(&r, &p->arena);
	job.lr = rows_real(&r);
	job.wd = rows_real(&r);
	job.temperature = rows_real(&r);
	job.seed = rows_int64(&r);
	job.primary = rows_copy(&r, &p->arena);
	job.start = rows_int(&r);
	job.stop = rows_int(&r);
	must(rows_close(&r), &e);
	return job;
}

/* All rows of an epoch; false: the job diverges in it, and none is written. */
static bool train_epoch(struct played *p, const struct played_job *job, int epoch)
{
	static const char *const splits[] = { "val", "test" };
	static const char *const names[] = { "loss", "abs_err" };
	static const char *const tasks[] = { "reg1", "reg2" };
	struct err e = { 0 };

	for (int i = 0; i < 8; i++) {
		struct metric_row m = { splits[i % 2], tasks[i / 2 % 2], names[i / 4],
			0 };

		if (*job->own && strcmp(job->own, m.task) != 0)
			continue;
		m.value = p->figure(job, m.task, epoch, i % 2);
		if (!isfinite(m.value))
			return false;
		must(store_metrics_put(&p->s, job->id, epoch, &m, 1, &e), &e);
	}
	p->trained++;
	return true;
}

/* A turn; what it claims is out from now on. */
static bool turn(struct played *p, const struct sched_end *end)
{
	struct sched_task next;
	struct err e = { 0 };
	int rc = p->dispatch.ops.turn(&p->dispatch, end, &next, &e);

	must(rc < 0 ? rc : OK, &e);
	if (rc == 0)
		return false;
	(void)GROW(&p->arena, p->out, p->n, p->capacity);
	p->out[p->n++] = next;
	return true;
}

/* The rows of a task up to its end, or to the epoch in which the job diverges. */
static struct sched_end train(struct played *p, const struct sched_task *task)
{
	const struct played_job job = job_of(p, task);
	struct sched_end end = { task, .why = SCHED_EXITED, .seconds = 3 };
	int epoch = job.start + 1;
	struct err e = { 0 };

	must(store_begin(&p->s, &e), &e);
	while (epoch <= job.stop && train_epoch(p, &job, epoch))
		epoch++;
	must(store_commit(&p->s, &e), &e);
	if (epoch <= job.stop) {
		end.status = PROTO_DIVERGED;
		end.diverged_epoch = epoch;
	}
	return end;
}

static int pick(struct played *p)
{
	if (p->order != PLAYED_SHUFFLED)
		return p->order == PLAYED_FIRST ? 0 : p->n - 1;
	p->random = p->random * 1664525U + 1013904223U;
	return (int)((p->random >> 8) % (unsigned)p->n);
}

bool played_some(struct played *p, int segments)
{
	while (segments-- > 0) {
		struct sched_task task;
		struct sched_end end;
		int at;

		while (turn(p, NULL))
			;
		if (p->n == 0)
			return false;
		at = pick(p);
		task = p->out[at];
		p->n--;
		memmove(p->out + at, p->out + at + 1,
			(size_t)(p->n - at) * sizeof(task));
		end = train(p, &task);
		(void)turn(p, &end);
	}
	return p->n > 0 || played_waiting(p) > 0;
}

int played_waiting(struct played *p)
{
	int64_t segments, epochs;
	struct err e = { 0 };

	must(store_sweep_pending(&p->s, p->stage.sweep, &segments, &epochs, &e), &e);
	return (int)segments;
}

void played_all(struct played *p, enum played_order order)
{
	p->order = order;
	(void)played_some(p, INT32_MAX);
}

const char *played_dump(struct played *p, const char *sql)
{
	return dump_rows(&p->s, sql, &p->arena);
}

double played_number(struct played *p, const char *sql)
{
	struct err e = { 0 };
	struct rows r = rows_open_sql(&p->s, sql, NO_ARGS, &e);
	double v = rows_next(&r) ? rows_real(&r) : 0;

	must(rows_close(&r), &e);
	return v;
}

const char *played_rows(struct played *p)
{
	return arena_printf(&p->arena, "%s%s%s%s%s%s",
		played_dump(p, "SELECT * FROM stage ORDER BY id"),
		played_dump(p, "SELECT * FROM stage_job ORDER BY stage, job"),
		played_dump(p, "SELECT * FROM decision ORDER BY 1, 3, 4, 5"),
		played_dump(p, "SELECT * FROM baseline ORDER BY 1, 2, 3, 4"),
		played_dump(p, "SELECT * FROM score ORDER BY sweep, job, epoch, split"),
		played_dump(p, "SELECT * FROM metric ORDER BY 1, 2, 3, 4, 5"));
}
