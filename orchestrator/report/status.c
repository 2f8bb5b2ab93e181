/* deltam status: where a sweep stands, stage by stage. */
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "orchestrator/report/reader.h"

/* Jobs and epochs of the stages planned so far. */
struct totals {
	int jobs, open, running, done, stopped, lost;
	int64_t epochs_done, epochs;
	double epochs_per_second; /* of one worker; NAN before the first segment ended */
	double seconds_left; /* of what is planned, at the present number of workers */
	int workers;
	bool live; /* a deltam holds the database */
	int in_progress; /* jobs, when the last run ended without a word */
};

static void columns(struct report_table *t)
{
	static const struct report_head list[] = { { "variant", NULL, false },
		{ "label", "method", false }, { "task", NULL, false },
		{ "stage", NULL, false }, { "phase", NULL, false },
		{ "state", NULL, false }, { "jobs", NULL, true },
		{ "pending", NULL, true }, { "running", NULL, true },
		{ "waiting", NULL, true }, { "done", NULL, true },
		{ "stopped", NULL, true }, { "diverged", NULL, true },
		{ "failed", NULL, true }, { "epochs_done", NULL, true },
		{ "epochs", NULL, true } };

	table_columns(t, list, COUNT(list));
}

static void row(struct report_table *t, const struct query_progress *x)
{
	const int figures[] = { x->jobs, x->pending, x->running, x->waiting, x->done,
		x->stopped, x->diverged, x->failed };

	table_text(t, x->variant);
	table_text(t, x->label);
	table_text(t, x->task);
	table_text(t, x->stage);
	table_text(t, x->phase);
	table_text(t, x->state);
	for (int i = 0; i < COUNT(figures); i++)
		table_number(t, figures[i], NULL);
	table_number(t, (double)x->epochs_done, NULL);
	table_number(t, (double)x->epochs, NULL);
}

/*
 * A run that was killed leaves its rows as they were. Whether somebody is at work the lock
 * tells, which the kernel gives back; what nobody trains waits for the next run.
 */
static int settle(struct query_progress *stage, int n)
{
	int in_progress = 0;

	for (int i = 0; i < n; i++) {
		in_progress += stage[i].running;
		stage[i].pending += stage[i].running;
		stage[i].running = 0;
	}
	return in_progress;
}

static struct totals sum(
	struct query_progress *stage, int n, const struct query_speed *speed, bool live)
{
	struct totals all = { .epochs_per_second = (double)NAN,
		.seconds_left = (double)NAN,
		.live = live,
		.in_progress = live ? 0 : settle(stage, n),
		.workers = live ? speed->workers : 0 };

	for (int i = 0; i < n; i++) {
		all.jobs += stage[i].jobs;
		all.open += stage[i].pending + stage[i].running + stage[i].waiting;
		all.running += stage[i].running;
		all.done += stage[i].done;
		all.stopped += stage[i].stopped;
		all.lost += stage[i].diverged + stage[i].failed;
		all.epochs_done += stage[i].epochs_done;
		all.epochs += stage[i].epochs;
	}
	if (speed->seconds > 0)
		all.epochs_per_second = (double)speed->epochs / speed->seconds;
	if (all.epochs_per_second > 0 && all.workers > 0)
		all.seconds_left = (double)(all.epochs - all.epochs_done) /
			all.epochs_per_second / all.workers;
	return all;
}

static void put_number(struct str *out, const char *name, double v)
{
	char buf[NUMBER_MAX];

	str_printf(
		out, ",\"%s\":%s", name, isfinite(v) ? number_format(v, buf) : "null");
}

static void print_json(const struct query_sweep *w, const struct totals *all,
	const struct report *r, struct arena *a)
{
	struct str out = { .arena = a };

	str_put(&out, "{\"sweep\":");
	str_json(&out, w->name);
	str_put(&out, ",\"state\":");
	str_json(&out, w->state);
	str_printf(&out, ",\"live\":%s", all->live ? "true" : "false");
	str_put(&out, ",\"stop\":");
	if (w->stop)
		str_json(&out, w->stop);
	else
		str_put(&out, "null");
	put_number(&out, "jobs", all->jobs);
	put_number(&out, "open", all->open);
	put_number(&out, "running", all->running);
	put_number(&out, "done", all->done);
	put_number(&out, "stopped", all->stopped);
	put_number(&out, "lost", all->lost);
	put_number(&out, "epochs_done", (double)all->epochs_done);
	put_number(&out, "epochs", (double)all->epochs);
	put_number(&out, "workers", all->workers);
	put_number(&out, "epochs_per_second", all->epochs_per_second);
	put_number(&out, "seconds_left", all->seconds_left);
	str_put(&out, ",\"stages\":");
	report_json(r, &out);
	while (out.n && out.s[out.n - 1] == '\n')
		out.s[--out.n] = '\0';
	str_put(&out, "}\n");
	fputs(str_get(&out), stdout);
}

/* Who is not at work any more, and why. */
static void note_stop(
	struct report *r, const struct report_reader *reader, const struct totals *all)
{
	const struct query_sweep *w = &reader->sweep;
	const char *was = all->in_progress == 1
		? "1 job was"
		: arena_printf(r->arena, "%d jobs were", all->in_progress);

	if (all->live)
		return;
	if (!strcmp(w->state, "open"))
		report_note(r,
			"Not running: no deltam holds %s%s%s%s. `deltam run` goes on "
			"where it was.",
			reader->s.path, all->in_progress ? ", and " : "",
			all->in_progress ? was : "",
			all->in_progress ? " in progress when the last one ended" : "");
	if (w->stop)
		report_note(r, "Stopped: %s.", w->stop);
}

static void add_notes(struct report *r, const struct totals *all)
{
	report_note(r,
		"%d of %d jobs have ended (%d stopped early, %d lost); %lld of %lld "
		"epochs of the stages planned so far.",
		all->jobs - all->open, all->jobs, all->stopped, all->lost,
		(long long)all->epochs_done, (long long)all->epochs);
	if (isfinite(all->epochs_per_second))
		report_note(r, "%.3g epochs/s a worker, %d worker%s running.",
			all->epochs_per_second, all->workers,
			all->workers == 1 ? "" : "s");
	if (isfinite(all->seconds_left))
		report_note(r, "About %.0f min left for these stages.",
			ceil(all->seconds_left / 60));
}

static bool is_text(const char *x, const char *y)
{
	return x && y && !strcmp(x, y);
}

/* Prints the state once; *ended says that nothing is left to watch. */
static int print(struct report_reader *reader, const struct cli_options *o, bool *ended,
	struct err *e)
{
	struct arena a = { 0 };
	struct report r = { .arena = &a, .title = reader->sweep.name };
	struct report_table *t = report_table(&r, NULL);
	struct query_progress *stage;
	struct query_failure *failure;
	int failures;
	struct query_winners winners;
	struct query_speed speed;
	struct query_in_vain in_vain;
	struct totals all;
	int n;
	int rc = query_progress(&reader->s, &reader->sweep, &a, &stage, &n, e);

	if (!rc)
		rc = query_speed(&reader->s, &reader->sweep, &speed, e);
	if (!rc)
		rc = query_in_vain(&reader->s, &reader->sweep, &a, &in_vain, e);
	if (!rc)
		rc = query_winners(&reader->s, &reader->sweep, &winners, e);
	if (!rc)
		rc = query_failures(
			&reader->s, &reader->sweep, &a, &failure, &failures, e);
	if (!rc) {
		all = sum(stage, n, &speed, reader->s.held);
		columns(t);
		for (int i = 0; i < n; i++)
			row(t, &stage[i]);
		*ended = strcmp(reader->sweep.state, "open") != 0;
		r.title = arena_printf(
			&a, "%s: %s", reader->sweep.name, reader->sweep.state);
		add_notes(&r, &all);
		note_stop(&r, reader, &all);
		for (int i = 0; i < failures; i++)
			if (!failure[i].job &&
				!is_text(reader->sweep.stop, failure[i].message))
				report_note(&r, "Stopped: %s.", failure[i].message);
		if (in_vain.attempts > 1)
			report_note(&r,
				"The last %d attempts failed, the last at %s: %s.",
				in_vain.attempts, in_vain.run, in_vain.message);
		if (winners.all)
			report_note(&r, "%d of %d winners are saved and evaluated%s.",
				winners.done, winners.all,
				winners.failed ? ", others failed" : "");
		if (o->json)
			print_json(&reader->sweep, &all, &r, &a);
		else
			reader_print(&r, o);
	}
	arena_release(&a);
	return rc;
}

/* Opens the database anew each time, because the state of the sweep is read with it. */
static int print_once(const struct cli_options *o, bool *ended, struct err *e)
{
	struct report_reader reader;
	int rc = reader_open(&reader, o, e);

	if (!rc)
		rc = print(&reader, o, ended, e);
	reader_close(&reader);
	return rc;
}

int cmd_status(const struct cli_options *o, struct err *e)
{
	const struct timespec second = { .tv_sec = 1 };
	bool ended = false;
	int rc;

	for (;;) {
		if (o->watch && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout); /* home, clear */
		rc = print_once(o, &ended, e);
		if (rc || !o->watch || ended || fflush(stdout))
			return rc;
		nanosleep(&second, NULL);
	}
}
