/*
 * The real programs: `deltam run` on a sweep file in a temporary folder, wall time from
 * its start to its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/bench.h"
#include "bench/peak.h"
#include "bench/scratch.h"
#include "common/clock.h"

#define WORKERS 2

/* What a job of the sweep computes: both epochs train, then test and validate. */
#define SWEEP_GFLOP (2 * (10000 * LENET_TRAINING + (10000 + 256) * LENET_FORWARD))

/* 16 learning rates; the baseline is given, not trained. */
static const char sweep_text[] =
	"{ \"sweep\": \"bench\",\n"
	"  \"dataset\": { \"name\": \"multi_fashion\", \"train\": 10000, \"val\": "
	"256,\n"
	"    \"test\": 10000 },\n"
	"  \"model\": { \"name\": \"lenet\" },\n"
	"  \"train\": { \"epochs\": 2, \"batch\": 256, \"optimizer\": \"adam\" },\n"
	"  \"baseline\": { \"values\": { \"top_left/accuracy\": 0.8,\n"
	"    \"bottom_right/accuracy\": 0.8 } },\n"
	"  \"prune\": { \"rule\": \"none\" },\n"
	"  \"methods\": [ \"ew\" ],\n"
	"  \"search\": { \"lr\": [1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 6e-4, 7e-4, 8e-4,\n"
	"    9e-4, 1e-3, 1.1e-3, 1.2e-3, 1.3e-3, 1.4e-3, 1.5e-3, 1.6e-3] } }\n";

/* 2,000 jobs: 20 learning rates, 100 seeds each; four samples, one step. */
static const char noop_text[] =
	"{ \"sweep\": \"bench\",\n"
	"  \"dataset\": { \"name\": \"synthetic\", \"train\": 4, \"val\": 4, \"test\": "
	"4 },\n"
	"  \"train\": { \"epochs\": 1, \"batch\": 4, \"optimizer\": \"adam\" },\n"
	"  \"baseline\": { \"values\": { \"reg1/abs_err\": 1, \"reg2/abs_err\": 1,\n"
	"    \"cls1/accuracy\": 0.2 } },\n"
	"  \"methods\": [ \"ew\" ],\n"
	"  \"search\": { \"seeds\": 100, \"lr\": [1e-4, 2e-4, 3e-4, 4e-4, 5e-4, 6e-4,\n"
	"    7e-4, 8e-4, 9e-4, 1e-3, 2e-3, 3e-3, 4e-3, 5e-3, 6e-3, 7e-3, 8e-3, 9e-3,\n"
	"    1e-2, 2e-2] } }\n";

static int write_text(const char *path, const char *text, struct err *e)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return err_errno(e, "cannot write %s", path);
	fputs(text, f);
	if (fclose(f))
		return err_errno(e, "cannot write %s", path);
	return OK;
}

/* The folder of the running program. */
static int own_folder(char *path, size_t size, struct err *e)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);

	if (n < 0)
		return err_errno(e, "readlink /proc/self/exe");
	path[n] = 0;
	*strrchr(path, '/') = 0;
	return OK;
}

static int run(const char *command, struct err *e)
{
	int status = system(command);

	if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(e, ERR_FAILED, "this failed: %s", command);
	return OK;
}

static int count_jobs(const char *db, long *n, struct arena *a, struct err *e)
{
	FILE *f = popen(arena_printf(a,
				"sqlite3 '%s' 'SELECT count(*) FROM job WHERE "
				"epochs_done=epochs'",
				db),
		"r");
	int got = f ? fscanf(f, "%ld", n) : 0;

	if (f)
		pclose(f);
	return got == 1 ? OK : err_set(e, ERR_SYS, "sqlite3 cannot read %s", db);
}

/* CPU seconds of the processes that have ended. */
static double children_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* One run into a fresh database: jobs a second of wall and of CPU time. */
static int run_once(const char *folder, const char *text, double *rate, double *per_cpu,
	struct arena *a, struct err *e)
{
	const char *sweep = arena_printf(a, "%s/bench.json", folder);
	const char *db = arena_printf(a, "%s/bench.db", folder);
	char programs[900];
	double start, cpu;
	long jobs = 0;
	int rc = write_text(sweep, text, e);

	if (!rc)
		rc = own_folder(programs, sizeof(programs), e);
	if (rc)
		return rc;
	cpu = children_seconds();
	start = clock_seconds();
	rc = run(arena_printf(a,
			 "'%s/deltam' run '%s' --db '%s' --workers %d --yes"
			 " >'%s/out' 2>'%s/log' || { cat '%s/log' >&2; false; }",
			 programs, sweep, db, WORKERS, folder, folder, folder),
		e);
	if (!rc) {
		double spent = clock_seconds() - start;

		cpu = children_seconds() - cpu;
		rc = count_jobs(db, &jobs, a, e);
		*rate = (double)jobs / spent;
		*per_cpu = (double)jobs / cpu;
	}
	return rc;
}

/* As many runs as fit into `seconds`, one at least. */
static int measure(const char *text, double seconds, struct bench_result *r,
	struct arena *a, struct err *e)
{
	double rate[BENCH_WINDOWS], per_cpu[BENCH_WINDOWS];
	double start = clock_seconds();
	int n = 0, rc = OK;

	do {
		const char *folder;

		rc = bench_scratch(&folder, a, e);
		if (rc)
			return rc;
		rc = run_once(folder, text, &rate[n], &per_cpu[n], a, e);
		bench_scratch_remove(folder);
		n++;
	} while (!rc && n < BENCH_WINDOWS && clock_seconds() - start < seconds);
	r->unit = "jobs";
	r->units_per_s = bench_median(rate, n);
	r->units_per_cpu_s = bench_median(per_cpu, n);
	r->processes = WORKERS;
	return rc;
}

int bench_sweep(double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	double before = bench_peak_gflops(0.2), after;
	int rc = measure(sweep_text, seconds, r, a, e);

	after = bench_peak_gflops(0.2);
	r->peak_gflops = before > after ? before : after;
	r->bound_per_h = r->processes * r->peak_gflops * 3600 / SWEEP_GFLOP;
	return rc;
}

int bench_noop(double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	return measure(noop_text, seconds, r, a, e);
}
