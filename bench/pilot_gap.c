/*
 * The pause between two segments of a slot: `deltam run` with one pilot of this machine, whose
 * trainer is this program. It writes down when it begins and when it ends, so what lies
 * between is what a user's trainer would wait: the end noticed, the next task taken from those
 * that wait at the pilot, a process started.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/bench.h"
#include "bench/scratch.h"
#include "common/clock.h"
#include "common/own_program.h"

#define SLOTS 20
#define JOBS 200
#define LONG \
	4.0 /* several looks: one task a slot waits at the pilot, and a look brings the next */
#define SHORT \
	0.5 /* so many wait there that a slot has work until the next look's come */

/* The value of a text's key in the job's file. */
static bool find_text(const char *json, const char *key, char *out, size_t size)
{
	const char *at = strstr(json, key);

	at = at ? strchr(at + strlen(key), ':') : NULL;
	at = at ? strchr(at, '"') : NULL;
	if (!at)
		return false;
	snprintf(out, size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
	return true;
}

static bool append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

int bench_segment(const char *file, double seconds)
{
	static const char line[] =
		"{\"epoch\": 1, \"val\": {\"a\": {\"loss\": 1, \"acc\": 0.5}, \"b\": "
		"{\"loss\": 1, \"acc\": 0.5}}, \"test\": {\"a\": {\"acc\": 0.5}, \"b\": "
		"{\"acc\": 0.5}}}\n";
	double began = clock_seconds();
	const char *path = getenv("DELTAM_JOB");
	static char json[1 << 16];
	char report[2048];
	char times[128];
	FILE *f = path ? fopen(path, "r") : NULL;

	if (!f)
		return 1;
	json[fread(json, 1, sizeof(json) - 1, f)] = '\0';
	fclose(f);
	clock_wait(seconds);
	if (!find_text(json, "\"report\"", report, sizeof(report)) ||
		!append(report, line))
		return 1;
	snprintf(times, sizeof(times), "%.6f %.6f\n", began, clock_seconds());
	return append(file, times) ? 0 : 1;
}

static int write_sweep(const char *folder, const char *program, double seconds,
	struct arena *a, struct err *e)
{
	FILE *f = fopen(arena_printf(a, "%s/bench.json", folder), "w");

	if (!f)
		return err_errno(e, "cannot write a sweep file in %s", folder);
	fprintf(f,
		"{ \"sweep\": \"bench\", \"trainer\": { \"command\": [\"%s\", \"segment\", "
		"\"%s/times\", \"%g\"], \"tasks\": { \"a\": { \"acc\": \"higher\" }, "
		"\"b\": { \"acc\": \"higher\" } } }, \"dataset\": {}, \"train\": { "
		"\"epochs\": 1 }, \"baseline\": { \"values\": { \"a/acc\": 0.5, "
		"\"b/acc\": 0.5 } }, \"prune\": { \"rule\": \"none\" }, \"methods\": "
		"[\"ew\"], \"search\": { \"seeds\": %d, \"lr\": [1] } }\n",
		program, folder, seconds, JOBS);
	return fclose(f) ? err_errno(e, "cannot write a sweep file in %s", folder) : OK;
}

static int run(const char *folder, struct arena *a, struct err *e)
{
	const char *own;
	int status;
	int rc = own_folder(&own, a, e);

	if (rc)
		return rc;
	status = system(arena_printf(a,
		"'%s/deltam' run '%s/bench.json' --db '%s/bench.db' --yes --launcher local "
		"--workers %d >'%s/out' 2>'%s/log' || { cat '%s/log' >&2; false; }",
		own, folder, folder, SLOTS, folder, folder, folder));
	return status ? err_set(e, ERR_FAILED, "deltam run failed") : OK;
}

static int ascending(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

/*
 * The end of a segment makes room for the one that begins SLOTS segments later: all are
 * equally long. The last round has nothing behind it.
 */
static int read_gaps(const char *path, struct bench_result *r, struct err *e)
{
	static double begin[JOBS], end[JOBS], gap[JOBS];
	FILE *f = fopen(path, "r");
	int n = 0;

	while (f && n < JOBS && fscanf(f, "%lf %lf", &begin[n], &end[n]) == 2)
		n++;
	if (f)
		fclose(f);
	if (n <= 2 * SLOTS)
		return err_set(e, ERR_FAILED, "%s has %d segments", path, n);
	qsort(begin, n, sizeof(*begin), ascending);
	qsort(end, n, sizeof(*end), ascending);
	for (int i = 0; i + SLOTS < n; i++)
		gap[r->gaps++] = begin[i + SLOTS] - end[i];
	r->units_per_s = n / (end[n - 1] - begin[0]);
	r->gap_median_s = bench_share(gap, r->gaps, 0.5);
	r->gap_99_s = bench_share(gap, r->gaps, 0.99);
	return OK;
}

static int measure(
	double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	const char *folder;
	const char *program;
	int rc = bench_scratch(&folder, a, e);

	if (rc)
		return rc;
	rc = own_program(&program, a, e);
	if (!rc)
		rc = write_sweep(folder, program, seconds, a, e);
	if (!rc)
		rc = run(folder, a, e);
	if (!rc)
		rc = read_gaps(arena_printf(a, "%s/times", folder), r, e);
	bench_scratch_remove(folder);
	r->unit = "segments";
	r->processes = SLOTS;
	return rc;
}

int bench_pilot_gap(
	double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	(void)seconds;
	return measure(LONG, r, a, e);
}

int bench_pilot_gap_short(
	double seconds, struct bench_result *r, struct arena *a, struct err *e)
{
	(void)seconds;
	return measure(SHORT, r, a, e);
}
