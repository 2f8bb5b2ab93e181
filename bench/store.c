/*
 * Metric rows through the store: transactions of 100 rows, one epoch each, wall time.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/bench.h"
#include "bench/peak.h"
#include "bench/scratch.h"
#include "common/clock.h"
#include "common/store/store_job.h"
#include "common/store/store_metric.h"
#include "common/store/store_open.h"
#include "common/store/transaction.h"

#define ROWS 100
#define WRITERS 2

/* Written by the writers, read when they have ended. */
struct board {
	double rate[WRITERS][BENCH_WINDOWS];
	double cpu[WRITERS][BENCH_WINDOWS]; /* seconds that a second of wall time had */
};

static int make_jobs(const char *path, int n, struct arena *a, struct err *e)
{
	const char *const list[][2] = { { "dataset.name", "synthetic" },
		{ "model.name", "mlp" }, { "method", "ew" }, { "lr", "1" },
		{ "wd", "0" }, { "seed", "0" }, { "train.epochs", "1000000000" } };
	struct store s;
	int rc = store_open(&s, path, STORE_ORCHESTRATOR, e);

	if (rc)
		return rc;
	rc = store_begin(&s, e);
	for (int i = 0; !rc && i < n; i++) {
		struct params ps = { 0 };
		struct job_row row;

		for (int k = 0; k < COUNT(list); k++)
			params_set(&ps, a, list[k][0], list[k][1]);
		rc = store_job_put(&s, i + 1, arena_printf(a, "%032d", i + 1), &ps,
			&(struct job_shown){ NULL, NULL, NULL }, &row, e);
	}
	rc = store_end(&s, rc, e);
	store_close(&s);
	return rc;
}

static int write_epoch(struct store *s, int job, int epoch, struct err *e)
{
	static char name[ROWS][8];
	struct metric_row row[ROWS];
	int rc;

	for (int i = 0; i < ROWS; i++) {
		if (!name[i][0])
			snprintf(name[i], sizeof(name[i]), "m%02d", i);
		row[i] = (struct metric_row){ "train", "task", name[i],
			epoch + 0.1 * i };
	}
	rc = store_begin(s, e);
	if (!rc)
		rc = store_metrics_put(s, job, epoch, row, ROWS, e);
	return store_end(s, rc, e);
}

static int write_windows(const char *path, int job, double window, double *rate,
	double *cpu, struct err *e)
{
	struct store s;
	int epoch = 0, rc = store_open(&s, path, STORE_WORKER, e);

	for (int w = 0; !rc && w < BENCH_WINDOWS; w++) {
		double start = clock_seconds(), spent = 0;
		double cpu_start = bench_cpu_seconds();
		long rows = 0;

		while (!rc && spent < window) {
			rc = write_epoch(&s, job, ++epoch, e);
			rows += ROWS;
			spent = clock_seconds() - start;
		}
		rate[w] = (double)rows / spent;
		cpu[w] = (bench_cpu_seconds() - cpu_start) / spent;
	}
	if (epoch)
		store_close(&s);
	return rc;
}

/* Writers are processes, as the workers are. */
static int run_writers(
	const char *path, int n, double window, struct board *board, struct err *e)
{
	int failed = 0;

	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return err_errno(e, "fork");
		if (!pid) {
			struct err own = { 0 };
			int rc = write_windows(path, i + 1, window, board->rate[i],
				board->cpu[i], &own);

			if (rc)
				fprintf(stderr, "bench: writer %d: %s\n", i, own.msg);
			_exit(rc ? 1 : 0);
		}
	}
	for (int i = 0; i < n; i++) {
		int status;

		if (wait(&status) < 0 || status)
			failed = 1;
	}
	return failed ? err_set(e, ERR_FAILED, "a writer failed") : OK;
}

static int measure(int writers, double seconds, struct bench_result *r, struct arena *a,
	struct err *e)
{
	struct board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const char *folder, *path;
	double sum[BENCH_WINDOWS], per_cpu[BENCH_WINDOWS];
	int rc;

	if (board == MAP_FAILED)
		return err_errno(e, "mmap");
	rc = bench_scratch(&folder, a, e);
	if (rc)
		goto unmap;
	path = arena_printf(a, "%s/bench.db", folder);
	rc = make_jobs(path, writers, a, e);
	if (!rc)
		rc = run_writers(path, writers, seconds / BENCH_WINDOWS, board, e);
	for (int w = 0; w < BENCH_WINDOWS; w++) {
		double cpu = 0;

		sum[w] = 0;
		for (int i = 0; i < writers; i++) {
			sum[w] += board->rate[i][w];
			cpu += board->cpu[i][w];
		}
		per_cpu[w] = sum[w] / cpu;
	}
	r->unit = "rows";
	r->units_per_s = bench_median(sum, BENCH_WINDOWS);
	r->units_per_cpu_s = bench_median(per_cpu, BENCH_WINDOWS);
	r->processes = writers;
	bench_scratch_remove(folder);
unmap:
	munmap(board, sizeof(*board));
	return rc;
}

int bench_store_one(
	double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	return measure(1, seconds, r, a, e);
}

int bench_store_two(
	double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	return measure(2, seconds, r, a, e);
}
