#include "common/clock.h"

#include <stdlib.h>
#include <time.h>
#include "common/str.h"

double clock_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int clock_tick_ms(void)
{
	const char *wanted = getenv("DELTAM_TIME_SCALE");
	double scale = 1;

	if (!wanted || !number_parse(wanted, &scale) || scale < 0.001 || scale > 1)
		scale = 1;
	return (int)(1000 * scale);
}
