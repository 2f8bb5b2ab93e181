/*
 * Jobs as people call them, for messages: a job's number means nothing to a reader.
 */
#ifndef DELTAM_RUN_NAME_H
#define DELTAM_RUN_NAME_H

#include "common/store/store.h"

#define RUN_NAME_MAX 256

/*
 * `uw_so lr 0.003 T 10 seed 0`, as the column `run` of the views has it, into buf; returns
 * buf. The label is that of the stage which trains it now, or of the first that wanted it;
 * a job of no stage goes by its method. It is for messages, so it cannot fail: where the
 * rows cannot be read it says "a run".
 */
const char *store_run_name(struct store *s, int64_t job, char buf[RUN_NAME_MAX]);

#endif
