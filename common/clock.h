/*
 * Time that only goes on: what durations are measured by, and waiting. It begins anywhere.
 */
#ifndef DELTAM_CLOCK_H
#define DELTAM_CLOCK_H

#include <time.h>

/* Seconds since some moment, the same for all processes of this machine. */
double clock_seconds(void);

/* Seconds as the system takes them; below 0: none. */
struct timespec clock_span(double seconds);

/* Sleeps so long, through signals. */
void clock_wait(double seconds);
/* Sleeps so long, or until a signal is handled. */
void clock_pause(double seconds);

/*
 * Milliseconds of a tick, by which machines wait for one another: 1000, or as much less as
 * DELTAM_TIME_SCALE (0.001 to 1) says.
 */
int clock_tick_ms(void);

#endif
