/*
 * Time that only goes on: what durations are measured by. It begins anywhere.
 */
#ifndef DELTAM_CLOCK_H
#define DELTAM_CLOCK_H

/* Seconds since some moment, the same for all processes of this machine. */
double clock_seconds(void);

#endif
