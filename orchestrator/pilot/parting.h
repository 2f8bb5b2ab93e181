/*
 * What is true of pilots and jobs when deltam is interrupted: its last words.
 */
#ifndef DELTAM_PARTING_H
#define DELTAM_PARTING_H

#include "orchestrator/pilot/fleet.h"

/* In the arena: deltam goes (SIGTERM, SIGHUP), and its pilots and jobs stay. */
const char *parting_alone(const struct fleet *f, struct arena *a);

/* All are told to leave, and waited for (Ctrl-C). */
const char *parting_together(const struct fleet *f, struct arena *a);

/* Nobody waits for them any longer (the second Ctrl-C). */
const char *parting_at_once(const struct fleet *f, struct arena *a);

#endif
