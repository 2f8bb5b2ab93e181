#include "bench/generate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common/store/store_job.h"
#include "common/store/store_metric.h"
#include "common/store/store_open.h"
#include "common/store/transaction.h"

#define EPOCHS 100
#define TASKS 2
#define ROWS_AN_EPOCH 12 /* two tasks, three splits, loss and accuracy */

static const char *const tasks[TASKS] = { "top_left", "bottom_right" };

/* A number in [0,1) that depends on nothing but its arguments. */
static double noise(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15U + b * 0xd1342543de82ef95U;

	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93U;
	x ^= x >> 32;
	return (double)(x >> 11) * 0x1p-53;
}

static int look(struct generator *g, const struct sched_task *task, struct generated *w,
	struct err *e)
{
	struct rows r = rows_open_sql(&g->s,
		"SELECT method, coalesce(task, ''), lr, coalesce(temperature, 3), "
		"coalesce(weights, ''), seed, start_epoch, stop_epoch "
		"FROM attempt a JOIN job j ON j.id=a.job WHERE token=?",
		ARGS(TEXT(task->token)), e);

	w->id = task->job;
	if (rows_next(&r)) {
		w->method = rows_copy(&r, &g->arena);
		w->task = rows_copy(&r, &g->arena);
		w->lr = rows_real(&r);
		w->temperature = rows_real(&r);
		w->weights = rows_copy(&r, &g->arena);
		w->seed = rows_int(&r);
		w->start = rows_int(&r);
		w->stop = rows_int(&r);
	}
	return rows_close(&r);
}

/* Falls over the epochs; best at lr 0.003 and T 3. */
static double loss(const struct generated *w, int epoch, int split, int task)
{
	double far = fabs(log10(w->lr / 0.003)) + 0.4 * fabs(log10(w->temperature / 3));

	return 0.3 + 0.1 * far + 2.0 / (1 + epoch) + 0.02 * split + 0.05 * task +
		0.03 *
		noise((uint64_t)w->id,
			(uint64_t)epoch * 8 + (uint64_t)(split * 2 + task));
}

static int put_epoch(struct generator *g, const struct generated *w, int epoch,
	bool *diverged, struct err *e)
{
	static const char *const splits[] = { "train", "val", "test" };
	struct metric_row m[ROWS_AN_EPOCH];
	struct weight_row weight[TASKS];
	int n = 0;
	int k = 0;
	int rc;

	*diverged = epoch == 3 && w->lr > 0.02 && !strcmp(w->method, "gls");
	if (*diverged)
		return OK;
	for (int t = 0; t < TASKS; t++) {
		if (*w->task && strcmp(w->task, tasks[t]) != 0)
			continue;
		weight[k++] = (struct weight_row){ .task = tasks[t],
			.weight_mean =
				0.5 + 0.1 * noise((uint64_t)w->id, (uint64_t)epoch),
			.weight_std = 0.01,
			.weighted_loss_mean = 0.5,
			.weighted_loss_std = 0.01 };
		for (int i = 0; i < 3; i++) {
			double v = loss(w, epoch, i, t);

			m[n++] = (struct metric_row){ splits[i], tasks[t], "loss", v };
			m[n++] = (struct metric_row){ splits[i], tasks[t], "accuracy",
				1 / (1 + v) };
		}
	}
	rc = store_metrics_put(&g->s, w->id, epoch, m, n, e);
	g->rows += n;
	return rc ? rc : store_weights_put(&g->s, w->id, epoch, weight, k, e);
}

static int put_epochs(struct generator *g, const struct generated *w,
	struct sched_end *end, struct err *e)
{
	bool diverged = false;
	int rc = OK;

	for (int k = w->start + 1; !rc && !diverged && k <= w->stop; k++) {
		rc = g->put_epoch(g, w, k, &diverged, e);
		end->diverged_epoch = diverged ? k : 0;
	}
	end->status = diverged ? PROTO_DIVERGED : PROTO_DONE;
	return rc ? rc : store_metric_set_class(&g->s, w->id, "none", e);
}

/* One segment, as a worker would leave it. */
static int train(struct generator *g, struct sched_end *end, struct err *e)
{
	struct generated w = { 0 };
	int rc = look(g, end->task, &w, e);

	end->seconds = 2.5 * (w.stop - w.start);
	if (!rc)
		rc = store_begin(&g->s, e);
	if (!rc)
		rc = put_epochs(g, &w, end, e);
	return store_end(&g->s, rc, e);
}

/* Turn after turn, as a run with one slot does. */
static int train_all(struct generator *g, struct err *e)
{
	const struct sched_ops *ops = &g->dispatch.ops;
	struct sched_task task, next;
	int rc = ops->turn(&g->dispatch, NULL, &next, e);

	while (rc > 0) {
		struct sched_end end = { &task, .why = SCHED_EXITED,
			.kernel_class = "none", .build = "generated" };

		task = next;
		rc = train(g, &end, e);
		if (!rc)
			rc = ops->turn(&g->dispatch, &end, &next, e);
	}
	return rc;
}

/* A sweep that leaves about `rows` metric rows, where the default rule prunes. */
static const char *sweep_text(struct generator *g, int number, int64_t rows)
{
	int64_t points = rows / (g->epochs * ROWS_AN_EPOCH) * 2 / (2 * 4 * 3);

	return arena_printf(&g->arena,
		"{\"sweep\": \"generated-%d\", \"dataset\": {\"name\": "
		"\"multi_fashion\", \"train\": %d, \"val\": 100, \"test\": 100}, "
		"\"train\": {\"epochs\": %d}, \"vary\": {\"optimizer\": [\"adam\", "
		"\"sgd\"]}, \"methods\": [\"ew\", \"uw\", \"gls\", \"dwa\", "
		"\"imtl_l\", {\"name\": \"uw_so\", \"T\": {\"from\": 0.1, \"to\": 100, "
		"\"per_decade\": %lld, \"fine\": 2}}], \"search\": {\"kind\": "
		"\"line\", \"lr\": [0.03, 0.01, 0.003, 0.001], \"wd\": [0, 1e-5, "
		"1e-4]}, \"baseline\": {\"seeds\": 3}, \"final\": {\"seeds\": 5}}",
		number, 10000 + number, g->epochs,
		(long long)(points < 1 ? 1 : points));
}

static int plan(struct generator *g, const char *text, struct err *e)
{
	struct str report = { .arena = &g->arena };
	struct sweep_row row = {
		.text = text, .select_epoch = "best", .average = "criteria"
	};
	int64_t sweep;
	bool rescore;
	int rc = spec_parse(
		&g->spec, &g->arena, "generated", text, strlen(text), &report, e);

	if (rc)
		return err_set(e, ERR_SPEC, "%s", str_get(&report));
	resolve_begin(&g->spec, &g->resolved, &g->arena);
	for (int i = 0; i < g->spec.nvariants; i++) {
		struct resolved_variant *v = &g->resolved.variants[i];

		params_set(&v->base, &g->arena, "dataset.digest", "0");
		params_set(&v->stl, &g->arena, "dataset.digest", "0");
	}
	row.name = g->spec.name;
	rc = store_sweep_put(&g->s, &row, &sweep, &rescore, e);
	if (rc)
		return rc;
	stage_init(&g->stage, &g->s, &g->resolved, sweep, g->prune);
	progress_init(&g->progress, g->spec.name, true);
	dispatch_init(&g->dispatch, &g->stage, &g->progress, ".");
	return stage_start(&g->stage, rescore, e);
}

int generate_sweep(struct generator *g, const char *text, struct err *e)
{
	int rc = store_begin(&g->s, e);

	if (!rc)
		rc = plan(g, text, e);
	rc = store_end(&g->s, rc, e);
	if (!rc)
		rc = train_all(g, e);
	if (!rc)
		rc = store_sweep_state(&g->s, g->stage.sweep, "done", e);
	dispatch_release(&g->dispatch);
	stage_release(&g->stage);
	return rc;
}

/* Nobody pulls a plug here, and the file is new. */
static int go_fast(struct store *s, struct err *e)
{
	static const char *const pragmas[] = { "PRAGMA synchronous=OFF",
		"PRAGMA cache_size=-200000" };
	int rc = OK;

	for (int i = 0; !rc && i < 2; i++) {
		struct rows r = rows_open_sql(s, pragmas[i], NO_ARGS, e);

		(void)rows_next(&r);
		rc = rows_close(&r);
	}
	return rc;
}

int generate_open(struct generator *g, const char *path, struct err *e)
{
	int rc;

	if (!access(path, F_OK))
		return err_set(e, ERR_USAGE, "%s exists", path);
	rc = store_open(&g->s, path, STORE_ORCHESTRATOR, e);
	return rc ? rc : go_fast(&g->s, e);
}

int generate_database(
	int64_t rows, int epochs, const char *path, int64_t *made, struct err *e)
{
	struct generator g = { .put_epoch = put_epoch,
		.prune = !epochs,
		.epochs = epochs ? epochs : EPOCHS,
		.s.lock.fd = -1 };
	int rc = generate_open(&g, path, e);

	for (int i = 1; !rc && g.rows < rows; i++) {
		int64_t part = (rows - g.rows) / (g.rows * 4 < rows * 3 ? 2 : 1);

		rc = generate_sweep(&g, sweep_text(&g, i, part), e);
		arena_release(&g.arena);
	}
	*made = g.rows;
	store_close(&g.s);
	return rc;
}

int generate_main(int argc, char **argv, struct err *e)
{
	int64_t rows;
	int64_t epochs = 0;
	int64_t made;
	int rc;

	if (argc < 2 || argc > 3 || !integer_parse(argv[0], &rows) || rows < 1 ||
		(argc == 3 &&
			(!integer_parse(argv[2], &epochs) || epochs < 1 ||
				epochs > 10000)))
		return err_set(
			e, ERR_USAGE, "usage: bench generate ROWS FILE [EPOCHS]");
	rc = generate_database(rows, (int)epochs, argv[1], &made, e);
	if (!rc)
		printf("{\"workload\":\"generate\",\"file\":\"%s\",\"metric_rows\":%"
		       "lld}\n",
			argv[1], (long long)made);
	return rc;
}
