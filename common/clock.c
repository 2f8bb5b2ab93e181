#include "common/clock.h"

#include <errno.h>
#include <stdlib.h>
#include "common/str.h"

double clock_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct timespec clock_span(double seconds)
{
	double whole = seconds > 0 ? (double)(time_t)seconds : 0;
	double rest = seconds > 0 ? seconds - whole : 0;

	return (struct timespec){ (time_t)whole, (long)(1e9 * rest) };
}

void clock_wait(double seconds)
{
	struct timespec rest = clock_span(seconds);

	while (nanosleep(&rest, &rest) && errno == EINTR)
		;
}

void clock_pause(double seconds)
{
	struct timespec rest = clock_span(seconds);

	nanosleep(&rest, NULL);
}

int clock_tick_ms(void)
{
	const char *wanted = getenv("DELTAM_TIME_SCALE");
	double scale = 1;

	if (!wanted || !number_parse(wanted, &scale) || scale < 0.001 || scale > 1)
		scale = 1;
	return (int)(1000 * scale);
}
