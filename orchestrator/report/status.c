/* deltam status: where a sweep stands, stage by stage. */
#include <math.h>
#include <string.h>
#include <unistd.h>
#include "common/clock.h"
#include "orchestrator/print/progress.h"
#include "orchestrator/print/terminal.h"
#include "orchestrator/report/account.h"

/* Places in the list below. */
enum { COLUMN_STAGE = 3, COLUMN_STATE = 5, COLUMN_WAITING = 9, COLUMN_EPOCHS = 15 };

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
	struct report_column *c;

	table_columns(t, list, COUNT(list));
	t->column[COLUMN_STAGE].audience = FOR_PROGRAMS; /* a phase belongs to one */
	t->column[COLUMN_STATE].spare = 1;
	t->column[COLUMN_WAITING].spare = 2;
	t->column[COLUMN_EPOCHS - 1].audience = FOR_PROGRAMS;
	t->column[COLUMN_EPOCHS].audience = FOR_PROGRAMS;
	c = table_column(t, "progress", "epochs");
	c->audience = FOR_READERS;
	c->right = true;
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
	table_text(t,
		arena_printf(t->arena, "%lld/%lld", (long long)x->epochs_done,
			(long long)x->epochs));
}

/* Jobs and epochs of the stages planned so far. */
struct totals {
	int done, stopped, lost;
	int64_t epochs_done, epochs;
};

static struct totals sum(const struct standing *x)
{
	struct totals all = { 0 };

	for (int i = 0; i < x->stages; i++) {
		const struct query_progress *s = &x->stage[i];

		all.done += s->done;
		all.stopped += s->stopped;
		all.lost += s->diverged + s->failed;
		all.epochs_done += s->epochs_done;
		all.epochs += s->epochs;
	}
	return all;
}

static void put_number(struct str *out, const char *name, double v)
{
	char buf[NUMBER_MAX];

	str_printf(
		out, ",\"%s\":%s", name, isfinite(v) ? number_format(v, buf) : "null");
}

/* A table as the value of a key. */
static void put_table(struct str *out, const char *name, const struct report *r)
{
	str_printf(out, ",\"%s\":", name);
	if (r->tables)
		report_json(r, out);
	else
		str_put(out, "[]");
	while (out->n && out->s[out->n - 1] == '\n')
		out->s[--out->n] = '\0';
}

static void print_json(const struct standing *x, const struct report *stages)
{
	const struct query_sweep *w = &x->reader->sweep;
	const struct outlook *look = &x->outlook;
	const struct totals all = sum(x);
	struct report attempts = { .arena = x->arena };
	struct report pilots = { .arena = x->arena };
	struct str out = { .arena = x->arena };

	str_put(&out, "{\"sweep\":");
	str_json(&out, w->name);
	str_put(&out, ",\"state\":");
	str_json(&out, w->state);
	str_printf(&out, ",\"live\":%s", x->live ? "true" : "false");
	str_put(&out, ",\"stop\":");
	if (w->stop)
		str_json(&out, w->stop);
	else
		str_put(&out, "null");
	put_number(&out, "jobs", (double)look->jobs);
	put_number(&out, "open", (double)(look->jobs - look->ended));
	put_number(&out, "running", look->running);
	put_number(&out, "ahead", x->ahead);
	put_number(&out, "done", all.done);
	put_number(&out, "stopped", all.stopped);
	put_number(&out, "lost", all.lost);
	put_number(&out, "epochs_done", (double)all.epochs_done);
	put_number(&out, "epochs", (double)all.epochs);
	put_number(&out, "workers", x->live ? look->workers : 0);
	put_number(&out, "epochs_per_second", 1 / look->rate);
	put_number(&out, "seconds_left", x->live ? look->seconds_left : (double)NAN);
	standing_attempts(x, &attempts);
	put_table(&out, "attempts", &attempts);
	standing_pilots(x, &pilots);
	put_table(&out, "pilots", &pilots);
	put_table(&out, "stages", stages);
	str_put(&out, "}\n");
	fputs(str_get(&out), stdout);
}

static void note_totals(const struct standing *x, struct report *r)
{
	const struct totals all = sum(x);
	const struct outlook *look = &x->outlook;
	char jobs[OUTLOOK_TEXT_MAX];
	char left[OUTLOOK_TEXT_MAX];

	report_note(r,
		"%s have ended (%d stopped early, %d lost); %lld of %lld epochs of the "
		"stages planned so far.",
		outlook_jobs(look, jobs), all.stopped, all.lost,
		(long long)all.epochs_done, (long long)all.epochs);
	if (isfinite(look->rate))
		report_note(r, "%.3g epochs/s a worker, %d worker%s running.",
			1 / look->rate, look->running, look->running == 1 ? "" : "s");
	if (x->live)
		report_note(r, "%s on %d worker%s, with all that is to come.",
			outlook_left(look, left), look->workers,
			look->workers == 1 ? "" : "s");
}

static bool is_text(const char *x, const char *y)
{
	return x && y && !strcmp(x, y);
}

/* What went wrong, and what winners there are. */
static int note_troubles(const struct standing *x, struct report *r, struct err *e)
{
	const struct query_sweep *w = &x->reader->sweep;
	struct store *s = &x->reader->s;
	struct query_failure *failure;
	int failures;
	struct query_winners winners;
	struct query_in_vain in_vain;
	int rc = query_in_vain(s, w, x->arena, &in_vain, e);

	if (!rc)
		rc = query_winners(s, w, &winners, e);
	if (!rc)
		rc = query_failures(s, w, x->arena, &failure, &failures, e);
	if (rc)
		return rc;
	for (int i = 0; i < failures; i++)
		if (!failure[i].job && !is_text(w->stop, failure[i].message))
			report_note(r, "Stopped: %s.", failure[i].message);
	if (in_vain.attempts > 1)
		report_note(r, "The last %d attempts failed, the last at %s: %s.",
			in_vain.attempts, in_vain.run, in_vain.message);
	if (winners.all)
		report_note(r, "%d of %d winners are saved and evaluated%s.",
			winners.done, winners.all,
			winners.failed ? ", others failed" : "");
	return OK;
}

int account_stages(const struct standing *x, struct report *r, struct err *e)
{
	struct report_table *t = report_table(r, NULL);

	columns(t);
	for (int i = 0; i < x->stages; i++)
		row(t, &x->stage[i]);
	table_hide_idle(t);
	note_totals(x, r);
	standing_note_stop(x, r);
	return note_troubles(x, r, e);
}

/* Prints it all, once. */
static int print(const struct standing *x, const struct cli_options *o, struct err *e)
{
	const struct query_sweep *w = &x->reader->sweep;
	struct report r = { .arena = x->arena,
		.title = arena_printf(x->arena, "%s: %s", w->name, w->state) };
	int rc;

	if (!o->json) {
		standing_pilots(x, &r);
		standing_attempts(x, &r);
	}
	rc = account_stages(x, &r, e);
	if (rc)
		return rc;
	if (o->json)
		print_json(x, &r);
	else
		reader_print(&r, o);
	return OK;
}

/* A file or a screen that cannot be drawn over gets the line that `run` would write. */
static void print_line(const struct standing *x)
{
	struct progress line = { .name = x->reader->sweep.name,
		.ascii = !terminal_utf8(STDOUT_FILENO),
		.outlook = x->outlook };

	printf("%s\n", progress_text(&line, 0, x->arena));
}

/* The last look of --watch is the whole report. */
static int show(const struct standing *x, const struct cli_options *o, int second,
	bool ended, struct err *e)
{
	bool screen = o->watch && !o->json && terminal_moves(STDOUT_FILENO);

	if (screen && second == 0)
		fputs("\033[H\033[2J", stdout); /* home, clear */
	if (!o->watch || o->json || ended) {
		if (screen)
			fputs("\033[H\033[J", stdout);
		return print(x, o, e);
	}
	if (screen)
		standing_screen(x, terminal_columns(STDOUT_FILENO),
			terminal_rows(STDOUT_FILENO), stdout);
	else if (second % 60 < o->watch)
		print_line(x);
	return OK;
}

/* Opens the database anew each time, because the state of the sweep is read with it. */
static int look(const struct cli_options *o, int second, bool *ended, struct err *e)
{
	struct cli_options once = *o;
	struct report_reader reader;
	struct standing x;
	int rc;

	once.quiet |= second > 0; /* what the file differs in is said once */
	rc = reader_open(&reader, &once, e);
	if (!rc)
		rc = standing_read(&x, &reader, outlook_now(), &reader.arena, e);
	if (!rc) {
		*ended = strcmp(reader.sweep.state, "open") != 0;
		rc = show(&x, o, second, *ended, e);
	}
	reader_close(&reader);
	return rc;
}

int cmd_status(const struct cli_options *o, struct err *e)
{
	bool ended = false;

	for (int second = 0;; second += o->watch) {
		int rc = look(o, second, &ended, e);

		if (rc || !o->watch || ended || fflush(stdout))
			return rc;
		clock_wait(o->watch);
	}
}
