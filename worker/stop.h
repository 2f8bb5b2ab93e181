/*
 * The wish to stop: SIGTERM (SIGINT, too, for a worker that was started by hand; on a
 * terminal deltam gets it and decides), the death of the parent, or a pipe without a
 * reader.
 */
#ifndef DELTAM_STOP_H
#define DELTAM_STOP_H

#include <stdbool.h>

/* Begins to listen; call it after pipe_open(), which opens what is listened to. */
void stop_install(void);
bool stop_wanted(void);

/*
 * For what is no training and keeps nothing half done: SIGTERM, SIGINT, SIGHUP and the death
 * of the parent end the process at once, after clean_up, which must be safe in a signal
 * handler.
 */
void stop_at_once(void (*clean_up)(void));

#endif
