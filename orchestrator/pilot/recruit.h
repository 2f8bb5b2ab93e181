/*
 * Where pilots come from: as many are asked for as are wanted, and not for ever where they
 * all end in vain.
 */
#ifndef DELTAM_RECRUIT_H
#define DELTAM_RECRUIT_H

#include "orchestrator/pilot/fleet.h"

/*
 * Asks for as many as are missing, and no more than there are segments for, one after the
 * other: it goes on when the launcher has answered.
 */
void recruit_pilots(struct fleet *f);

/* Takes what the launcher has answered. */
void recruit_hear(struct fleet *f);

/* Says, each reason once, why pilots wait in the queue of Slurm for longer than a minute. */
void recruit_tell_waiting(struct fleet *f);

/* Stops the run where round after round of pilots ended without a segment. */
void recruit_check_progress(struct fleet *f);

/*
 * Which of the prefix's hosts has no pilot, from 1 on; name NULL: any, or else one that is
 * called so. 0: none.
 */
int recruit_free_place(const struct fleet *f, const char *name);

#endif
