/*
 * What a predecessor has left: pilots that live, and tasks that they train, go on.
 */
#ifndef DELTAM_INHERIT_H
#define DELTAM_INHERIT_H

#include "orchestrator/pilot/fleet.h"

/*
 * Takes over pilots and tasks, hears what was said meanwhile, and tells each pilot what
 * it goes on with. ERR_DB, ERR_SYS.
 */
MUST_CHECK int inherit_pilots(struct fleet *f, struct err *e);

#endif
