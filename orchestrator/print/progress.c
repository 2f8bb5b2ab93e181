#include "orchestrator/print/progress.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>
#include "common/log.h"
#include "common/str.h"
#include "orchestrator/print/glyph.h"
#include "orchestrator/print/terminal.h"

#define BAR 24 /* columns of the bar itself */
#define LINE_SECONDS 60 /* between two lines where there is no bar */

void progress_init(struct progress *p, const char *name, bool quiet)
{
	*p = (struct progress){ .name = name,
		.quiet = quiet,
		.bar = terminal_moves(STDERR_FILENO),
		.ascii = !terminal_utf8(STDERR_FILENO) };
}

static void clear(void *arg)
{
	struct progress *p = arg;

	if (p->drawn)
		fputs("\r\033[J", stderr);
	p->drawn = false;
}

void progress_start(struct progress *p)
{
	p->ticks = 0;
	log_before_line(clear, p);
}

void progress_end(struct progress *p)
{
	clear(p);
	log_before_line(NULL, NULL);
}

bool progress_tick(struct progress *p)
{
	p->ticks++;
	return !p->quiet && (p->bar || p->ticks % LINE_SECONDS == 0);
}

/* "[########........]", by jobs; an empty plan is an empty bar. */
static const char *bar(const struct outlook *x, struct arena *a)
{
	int full = x->jobs > 0 ? (int)(BAR * x->ended / x->jobs) : 0;
	char text[BAR + 1];

	for (int i = 0; i < BAR; i++)
		text[i] = i < full ? '#' : '.';
	text[BAR] = '\0';
	return arena_printf(a, "[%s]", text);
}

static const char *epochs_a_minute(const struct outlook *x, struct arena *a)
{
	if (isnan(x->rate) || x->rate <= 0 || !x->running)
		return "";
	return arena_printf(a, ", %.3g epochs/min", 60 * x->running / x->rate);
}

/* What is most worth knowing comes first: the rest is left out where there is no room. */
const char *progress_text(const struct progress *p, int columns, struct arena *a)
{
	const struct outlook *x = &p->outlook;
	char jobs[OUTLOOK_TEXT_MAX];
	char left[OUTLOOK_TEXT_MAX];
	const char *part[] = { outlook_jobs(x, jobs), ", ", outlook_left(x, left),
		arena_printf(a, "%s ", p->name), columns ? bar(x, a) : "",
		columns ? " " : "", arena_printf(a, ", %d running", x->running),
		epochs_a_minute(x, a),
		*p->stage ? arena_printf(a, ": %s", p->stage) : "" };
	/* The order of parts on the line, and which are left out together. */
	static const int place[] = { 3, 4, 5, 0, 1, 2, 6, 7, 8 };
	static const int worth[] = { 0, 1, 1, 2, 3, 3, 4, 6, 5 };
	struct str line = { .arena = a };
	int room = columns ? columns - 1 : 1 << 20;
	int most = -1;

	for (int w = 0; w <= 6; w++) {
		int width = 0;

		for (int i = 0; i < COUNT(part); i++)
			width += worth[i] == w ? glyph_text_width(part[i]) : 0;
		if (width > room)
			break;
		room -= width;
		most = w;
	}
	for (int i = 0; i < COUNT(place); i++)
		if (worth[place[i]] <= most)
			str_put(&line, part[place[i]]);
	return p->ascii ? glyph_ascii(a, str_get(&line)) : str_get(&line);
}

void progress_show(struct progress *p)
{
	struct arena a = { 0 };
	int columns = p->bar ? terminal_columns(STDERR_FILENO) : 0;
	const char *text = progress_text(p, columns, &a);

	if (p->bar)
		fprintf(stderr, "\r\033[J%s\r", text);
	else
		fprintf(stderr, "%s\n", text);
	p->drawn = p->bar;
	arena_release(&a);
}

void progress_line(struct progress *p, const char *stage, const char *outcome)
{
	struct arena a = { 0 };
	bool drawn = p->drawn;
	const char *line = arena_printf(&a, "%s  %s  %s\n", p->name, stage, outcome);

	if (!p->quiet) {
		clear(p);
		fputs(p->ascii ? glyph_ascii(&a, line) : line, stderr);
		if (drawn)
			progress_show(p);
	}
	arena_release(&a);
}
