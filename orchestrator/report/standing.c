#include "orchestrator/report/standing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "common/clock.h"
#include "orchestrator/pilot/overhear.h"
#include "orchestrator/print/glyph.h"
#include "orchestrator/print/progress.h"
#include "orchestrator/print/terminal.h"
#include "orchestrator/stage/score.h"

/* Who has a segment that was claimed. */
enum standing_holder { HELD_AT_WORK, HELD_AHEAD, HELD_ENDED, HELD_BY_NOBODY };

/* Where a deltam runs the rows are true. */
static enum standing_holder holder_by_rows(
	const struct standing *x, const struct query_attempt *at)
{
	if (!x->live)
		return HELD_BY_NOBODY;
	return at->pilot && !at->pid ? HELD_AHEAD : HELD_AT_WORK;
}

/* How long a pilot that works may be silent: it beats every ten seconds. */
#define QUIET_SECONDS 120

/* What the lines of a pilot say of it and of the n attempts that were open there. */
static void look_at_pilot(
	struct standing *x, struct query_pilot *p, struct overheard_task *task, int n)
{
	struct overheard o;

	overhear(arena_printf(x->arena, "%s.d", x->reader->s.path), p->name, x->now,
		task, n, &o, x->arena);
	if (o.begun && !*p->host) {
		p->host = o.host;
		p->slots = o.slots;
	}
	if (o.left)
		p->state = arena_printf(x->arena, "left (%s)", o.left);
	else if (o.begun && o.silent > QUIET_SECONDS * clock_tick_ms() / 1000.0)
		p->state = "silent";
	else if (o.begun)
		p->state = "working";
	x->working += o.begun && !strcmp(p->state, "working");
	x->waiting += !o.begun && !o.left;
	p->running = p->ahead = 0;
}

/*
 * A deltam that was killed, or has gone, leaves its rows as they were. Whether one runs the lock
 * tells, which the kernel gives back; its pilots work on, and what they say is true.
 */
static void look_at_pilots(struct standing *x, enum standing_holder *held)
{
	static const enum standing_holder by_words[] = {
		[OVERHEARD_AHEAD] = HELD_AHEAD,
		[OVERHEARD_WORKS] = HELD_AT_WORK,
		[OVERHEARD_ENDED] = HELD_ENDED,
	};

	for (int i = 0; i < x->pilots; i++) {
		struct query_pilot *p = &x->pilot[i];
		struct overheard_task *task =
			NEW_ARRAY(x->arena, struct overheard_task, x->attempts);
		int *of = NEW_ARRAY(x->arena, int, x->attempts);
		int n = 0;

		for (int k = 0; k < x->attempts; k++)
			if (x->attempt[k].pilot == p->pilot) {
				of[n] = k;
				task[n++].token = x->attempt[k].token;
			}
		look_at_pilot(x, p, task, n);
		for (int k = 0; k < n; k++) {
			enum standing_holder h = by_words[task[k].state];

			if (h == HELD_ENDED || !strcmp(p->state, "working"))
				held[of[k]] = h;
			p->running += held[of[k]] == HELD_AT_WORK;
			p->ahead += held[of[k]] == HELD_AHEAD;
		}
	}
}

static struct query_progress *stage_of(
	const struct standing *x, const struct query_attempt *at)
{
	for (int i = 0; i < x->stages; i++) {
		struct query_progress *s = &x->stage[i];

		if (!strcmp(s->label, at->label) && !strcmp(s->variant, at->variant) &&
			!strcmp(s->task, at->task) && !strcmp(s->stage, at->stage))
			return s;
	}
	return NULL;
}

/* What waits for a slot is pending for whoever asks, whatever was claimed for whom. */
static void count_in_stages(struct standing *x, const enum standing_holder *held)
{
	for (int i = 0; i < x->stages && !x->live; i++) {
		x->in_progress += x->stage[i].running;
		x->stage[i].pending += x->stage[i].running;
		x->stage[i].running = 0;
	}
	for (int i = 0; i < x->attempts; i++) {
		const struct query_attempt *at = &x->attempt[i];
		struct query_progress *s = at->evaluates ? NULL : stage_of(x, at);
		int change =
			x->live ? -(held[i] == HELD_AHEAD) : held[i] == HELD_AT_WORK;

		if (s) {
			s->running += change;
			s->pending -= change;
		}
		x->in_progress -= !x->live && held[i] != HELD_BY_NOBODY;
		x->ahead += held[i] == HELD_AHEAD;
		x->unread += held[i] == HELD_ENDED;
	}
	if (x->in_progress < 0) /* a job of several stages was counted in each */
		x->in_progress = 0;
}

/* Leaves those that are at work, as far as anybody can tell. */
static void settle(struct standing *x)
{
	enum standing_holder *held =
		NEW_ARRAY(x->arena, enum standing_holder, x->attempts);
	int n = 0;

	for (int i = 0; i < x->attempts; i++)
		held[i] = holder_by_rows(x, &x->attempt[i]);
	if (!x->live)
		look_at_pilots(x, held);
	count_in_stages(x, held);
	for (int i = 0; i < x->attempts; i++)
		if (held[i] == HELD_AT_WORK)
			x->attempt[n++] = x->attempt[i];
	x->attempts = n;
}

static const struct spec_variant *variant_of(const struct spec *s, const char *label)
{
	for (int i = 0; i < s->nvariants; i++)
		if (!strcmp(s->variants[i].label, label))
			return &s->variants[i];
	return NULL;
}

static const char *primary_of(const struct spec_variant *v, const char *label)
{
	for (int i = 0; i < v->nentries; i++)
		if (!strcmp(v->entries[i].label, label))
			return v->entries[i].primary;
	return NULL;
}

/* The scores of a segment are written at its end, so those of its epochs are made here. */
static int read_delta_m(struct standing *x, const struct spec *spec, struct err *e)
{
	struct store *s = &x->reader->s;
	int rc = OK;

	x->delta_m = NEW_ARRAY(x->arena, double, x->attempts);
	for (int i = 0; !rc && i < x->attempts; i++) {
		const struct query_attempt *at = &x->attempt[i];
		const struct spec_variant *v =
			spec ? variant_of(spec, at->variant) : NULL;
		struct scorer sc = { s, spec, x->reader->sweep.id, v, NULL };
		struct score_base base;

		x->delta_m[i] = (double)NAN;
		if (!v || at->baseline || !at->epoch)
			continue;
		sc.primary = primary_of(v, at->label);
		rc = score_base_read(&sc, x->arena, &base, e);
		if (!rc && base.ready)
			rc = score_latest(
				&sc, &base, at->job, at->epoch, &x->delta_m[i], e);
	}
	return rc;
}

/* When the file was written last; 0: there is none. */
static double written(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return 0;
	return (double)st.st_mtim.tv_sec + (double)st.st_mtim.tv_nsec / 1e9;
}

/*
 * A trainer speaks by its report and by what it prints, which goes to descriptor 2 of its
 * adapter; that of a pilot's is on another machine. Whoever is given no report has no silence.
 */
static double silence_of(const struct standing *x, const struct query_attempt *at)
{
	double report = written(arena_printf(x->arena, "%s.d/jobs/%s/report.%s",
		x->reader->s.path, at->identity, at->token));
	double printed = at->pilot
		? 0
		: written(arena_printf(x->arena, "/proc/%d/fd/2", at->pid));

	if (report == 0)
		return (double)NAN;
	return fmax(0, x->now - fmax(at->started, fmax(report, printed)));
}

static void look_at_silence(struct standing *x)
{
	x->silent = NEW_ARRAY(x->arena, double, x->attempts);
	for (int i = 0; i < x->attempts; i++)
		x->silent[i] = silence_of(x, &x->attempt[i]);
}

/* A file that this deltam cannot read any more leaves what is to come unknown. */
static const struct spec *read_spec(const struct report_reader *reader, struct arena *a)
{
	const struct spec_source source = reader_source(reader);
	struct spec *spec = NEW(a, struct spec);
	struct str report = { .arena = a };

	return spec_read(spec, a, &source, &report, NULL) ? NULL : spec;
}

int standing_read(struct standing *x, struct report_reader *reader, double now,
	struct arena *a, struct err *e)
{
	struct store *s = &reader->s;
	const struct query_sweep *w = &reader->sweep;
	const struct spec *spec = read_spec(reader, a);
	struct plan_counts counts = { 0 };
	struct outlook_question q = { .s = s,
		.sweep = w->id,
		.spec = spec,
		.counts = &counts,
		.now = now,
		.live = s->held };
	int rc;

	*x = (struct standing){
		.reader = reader, .arena = a, .live = s->held, .now = now
	};
	if (spec)
		counts = plan_count(spec, a);
	rc = query_progress(s, w, a, &x->stage, &x->stages, e);
	if (!rc)
		rc = query_attempts(s, w, a, &x->attempt, &x->attempts, e);
	if (!rc)
		rc = query_pilots(s, w, a, &x->pilot, &x->pilots, e);
	if (!rc)
		settle(x);
	if (!rc)
		look_at_silence(x);
	if (!rc)
		rc = read_delta_m(x, spec, e);
	if (!rc)
		rc = outlook_read(&q, &x->outlook, e);
	if (!x->live) { /* nothing is decided or begun by itself */
		x->outlook.seconds_left = (double)NAN;
		x->outlook.running = x->attempts;
	}
	return rc;
}

static void put_attempt(
	const struct standing *x, int i, struct report_table *t, struct arena *a)
{
	const struct query_attempt *at = &x->attempt[i];
	double epochs = at->epoch - at->start_epoch;
	double minutes = (x->now - at->started) / 60;

	table_text(t, at->run);
	if (at->evaluates)
		table_text(t, "winner");
	else
		table_text(t, arena_printf(a, "%d/%d", at->epoch, at->epochs));
	table_fixed(t,
		epochs > 0 && minutes > 0 && !at->evaluates ? epochs / minutes
							    : (double)NAN,
		1);
	table_fixed(t, x->delta_m[i], 2);
}

/* So long may a program be quiet without anybody asking why. */
#define SILENT_SECONDS 60

static void put_silence(double seconds, struct report_table *t, struct arena *a)
{
	bool lasts = seconds >= SILENT_SECONDS;

	table_number(t, seconds,
		lasts ? outlook_duration(seconds, arena_alloc(a, OUTLOOK_TEXT_MAX, 1))
		      : "");
}

static bool any_report(const struct standing *x)
{
	for (int i = 0; i < x->attempts; i++)
		if (!isnan(x->silent[i]))
			return true;
	return false;
}

void standing_attempts(const struct standing *x, struct report *r)
{
	static const struct report_head heads[] = { { "run", NULL, false },
		{ "epoch", NULL, true }, { "epochs_per_minute", "epochs/min", true },
		{ "val_delta_m", "val Δm [%]", true } };
	bool reports = any_report(x);
	struct report_table *t;

	if (!x->attempts)
		return;
	t = report_table(r, NULL);
	table_columns(t, heads, COUNT(heads));
	if (reports)
		table_column(t, "silent_seconds", "silent")->right = true;
	for (int i = 0; i < x->attempts; i++) {
		put_attempt(x, i, t, r->arena);
		if (reports)
			put_silence(x->silent[i], t, r->arena);
	}
}

static void put_pilot(const struct query_pilot *x, double now, struct report_table *t,
	struct arena *a)
{
	double seconds = now > x->since ? now - x->since : 0;

	table_number(t, x->pilot, NULL);
	table_text(t, *x->host ? x->host : NULL);
	table_text(t, x->state);
	table_number(t, seconds,
		outlook_duration(seconds, arena_alloc(a, OUTLOOK_TEXT_MAX, 1)));
	table_number(t, x->slots, NULL);
	table_number(t, x->running, NULL);
	table_number(t, x->ahead, NULL);
	table_number(t, x->segments, NULL);
	table_number(t, x->lost, NULL);
	table_text(t, x->launcher);
	table_text(t, x->launcher_job);
}

void standing_pilots(const struct standing *x, struct report *r)
{
	static const struct report_head heads[] = { { "pilot", NULL, true },
		{ "host", NULL, false }, { "state", NULL, false },
		{ "seconds", "for", true }, { "slots", NULL, true },
		{ "running", NULL, true }, { "ahead", NULL, true },
		{ "segments", NULL, true }, { "lost", NULL, true },
		{ "launcher", NULL, false }, { "launcher_job", "its job", false } };
	struct report_table *t;

	if (!x->pilots)
		return;
	t = report_table(r, NULL);
	table_columns(t, heads, COUNT(heads));
	for (int i = 0; i < x->pilots; i++)
		put_pilot(&x->pilot[i], x->now, t, r->arena);
}

/* What goes on without a deltam; "" where nothing does. */
static const char *who_works_on(const struct standing *x, struct arena *a)
{
	struct str out = { .arena = a };
	int running = x->attempts;

	if (x->working)
		str_printf(&out,
			" %d pilot%s on by %s: %d segment%s at work, %d wait%s ahead, %d "
			"ended since.",
			x->working, x->working == 1 ? " works" : "s work",
			x->working == 1 ? "itself" : "themselves", running,
			running == 1 ? "" : "s", x->ahead, x->ahead == 1 ? "s" : "",
			x->unread);
	if (x->waiting)
		str_printf(&out, " %d pilot%s not begun.", x->waiting,
			x->waiting == 1 ? " has" : "s have");
	return str_get(&out);
}

void standing_note_stop(const struct standing *x, struct report *r)
{
	const struct query_sweep *w = &x->reader->sweep;
	const char *was = x->in_progress == 1
		? "1 job was"
		: arena_printf(r->arena, "%d jobs were", x->in_progress);
	int pilots = x->working + x->waiting;

	if (x->live)
		return;
	if (!strcmp(w->state, "open"))
		report_note(r, "Not running: no deltam holds %s%s%s%s.%s %s",
			x->reader->s.path, x->in_progress ? ", and " : "",
			x->in_progress ? was : "",
			x->in_progress ? " in progress when the last one ended" : "",
			who_works_on(x, r->arena),
			pilots ? "`deltam run` with the same --launcher takes over; a "
				 "pilot leaves after ten minutes without a deltam."
			       : "`deltam run` goes on where it was.");
	if (w->stop)
		report_note(r, "Stopped: %s.", w->stop);
}

/* The screen. */

static const char *stage_name(const struct query_progress *s, struct arena *a)
{
	return arena_printf(a, "%s%s%s%s%s %s", s->variant, *s->variant ? ": " : "",
		s->label, *s->task ? " " : "", s->task, s->phase);
}

static void open_stages(const struct standing *x, struct report *r)
{
	static const struct report_head heads[] = { { "open stage", NULL, false },
		{ "jobs", NULL, true }, { "pending", NULL, true },
		{ "running", NULL, true }, { "waiting", NULL, true },
		{ "ended", NULL, true } };
	struct report_table *t = NULL;

	for (int i = 0; i < x->stages; i++) {
		const struct query_progress *s = &x->stage[i];
		const int figures[] = { s->jobs, s->pending, s->running, s->waiting,
			s->done + s->stopped + s->diverged + s->failed };

		if (strcmp(s->state, "open") != 0)
			continue;
		if (!t) {
			t = report_table(r, NULL);
			table_columns(t, heads, COUNT(heads));
		}
		table_text(t, stage_name(s, r->arena));
		for (int k = 0; k < COUNT(figures); k++)
			table_number(t, figures[k], NULL);
	}
}

/*
 * Draws over what was there, line by line, so that nothing flickers; what is more than the
 * screen holds is left out, since a terminal that scrolls would lose the top.
 */
static void draw(const char *text, int columns, int rows, FILE *out)
{
	fputs("\033[H", out);
	for (int row = 1; *text && row < rows; row++) {
		int n = glyph_text_fit(text, columns);

		if (row == rows - 1 && strchr(text, '\n') && strchr(text, '\n')[1])
			fputs("...", out);
		else
			fprintf(out, "%.*s", n, text);
		fputs("\033[K\n", out);
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	fputs("\033[J", out);
}

void standing_screen(const struct standing *x, int columns, int rows, FILE *out)
{
	struct report r = { .arena = x->arena };
	struct progress bar = { .name = x->reader->sweep.name, .outlook = x->outlook };
	struct str text = { .arena = x->arena };

	str_printf(&text, "%s\n\n", progress_text(&bar, columns, x->arena));
	standing_pilots(x, &r);
	standing_attempts(x, &r);
	open_stages(x, &r);
	standing_note_stop(x, &r);
	report_text(&r, &text);
	draw(terminal_utf8(fileno(out)) ? str_get(&text)
					: glyph_ascii(x->arena, str_get(&text)),
		columns, rows, out);
}
