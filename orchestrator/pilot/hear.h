/*
 * What a pilot says, line by line, and what follows from it.
 */
#ifndef DELTAM_HEAR_H
#define DELTAM_HEAR_H

#include "orchestrator/pilot/fleet.h"

/*
 * Reads what the pilot has said since the last look, and of what its tasks report. Without a
 * line its silence grows; a line that is out of form ends it.
 */
void hear_pilot(struct fleet *f, struct craft *c);

/* All of them that are not gone, or as many as are heard until fleet_deadline(). */
void hear_all(struct fleet *f);

#endif
