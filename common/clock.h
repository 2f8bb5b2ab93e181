/*
 * Time that only goes on: what durations are measured by. It begins anywhere.
 */
#ifndef DELTAM_CLOCK_H
#define DELTAM_CLOCK_H

/* Seconds since some moment, the same for all processes of this machine. */
double clock_seconds(void);

/*
 * Milliseconds of a tick, by which machines wait for one another: 1000, or as much less as
 * DELTAM_TIME_SCALE (0.001 to 1) says.
 */
int clock_tick_ms(void);

#endif
