#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include "common/hidden.h"

static enum log_level log_limit = LOG_WARN;

static void (*log_before)(void *arg);
static void *log_before_arg;

void log_before_line(void (*before)(void *arg), void *arg)
{
	log_before = before;
	log_before_arg = arg;
}

void log_set_level(enum log_level level)
{
	log_limit = level;
}

void log_line(enum log_level level, const char *module, const char *fmt, ...)
{
	static const char *const names[] = { "error", "warn" };
	char text[1200];
	char when[32];
	struct timespec now;
	struct tm tm;
	va_list ap;

	if (level > log_limit)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%H:%M:%S", &tm);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	hidden_blank(text);
	if (log_before)
		log_before(log_before_arg);
	fprintf(stderr, "%s.%03ld %s %s %s\n", when, now.tv_nsec / 1000000,
		names[level], module, text);
}
