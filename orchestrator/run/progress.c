#include "orchestrator/run/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define BAR 24

static double clock_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void progress_init(struct progress *p, const char *name, bool quiet)
{
	*p = (struct progress){
		.name = name, .quiet = quiet, .terminal = isatty(STDERR_FILENO) == 1
	};
}

void progress_duration(double seconds, char *buf, int size)
{
	long s = seconds > 0 ? (long)(seconds + 0.5) : 0;

	if (s < 3600)
		snprintf(buf, (size_t)size, "%ld:%02ld", s / 60, s % 60);
	else
		snprintf(buf, (size_t)size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60,
			s % 60);
}

static int columns(void)
{
	struct winsize w;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || w.ws_col == 0)
		return 80;
	return w.ws_col;
}

/* Seconds until what is known is done, by the epochs of this run; < 0: unknown. */
static double time_left(const struct progress *p, double elapsed)
{
	if (p->epochs_done == 0)
		return -1;
	return (double)p->epochs_open * elapsed / (double)p->epochs_done;
}

void progress_text(const struct progress *p, double elapsed, char *line, int size)
{
	int64_t total = p->segments_done + p->segments_open;
	int64_t work = p->epochs_done + p->epochs_open;
	int full = work ? (int)(BAR * p->epochs_done / work) : 0;
	double left = time_left(p, elapsed);
	char duration[32] = "?";
	char bar[BAR + 1];

	for (int i = 0; i < BAR; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR] = '\0';
	if (left >= 0)
		progress_duration(left, duration, sizeof(duration));
	snprintf(line, (size_t)size,
		"%s [%s] %lld/%lld jobs, %d running, %.1f/s, %s left  %s", p->name, bar,
		(long long)p->segments_done, (long long)total, p->running,
		elapsed > 0 ? (double)p->segments_done / elapsed : 0, duration,
		p->stage);
}

void progress_start(struct progress *p)
{
	p->started = clock_seconds();
}

bool progress_shows(const struct progress *p)
{
	return p->terminal && !p->quiet;
}

void progress_draw(struct progress *p)
{
	char line[512];

	if (!progress_shows(p))
		return;
	progress_text(p, clock_seconds() - p->started, line, sizeof(line));
	fprintf(stderr, "\r%.*s\033[K", columns() - 1, line);
	fflush(stderr);
	p->drawn = true;
}

void progress_end(struct progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = false;
}

void progress_line(struct progress *p, const char *stage, const char *outcome)
{
	bool drawn = p->drawn;

	if (p->quiet)
		return;
	progress_end(p);
	fprintf(stderr, "%s  %s  %s\n", p->name, stage, outcome);
	if (drawn)
		progress_draw(p);
}
