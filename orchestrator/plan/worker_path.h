/*
 * Which program trains: the deltam-worker that was built with this deltam.
 */
#ifndef DELTAM_WORKER_PATH_H
#define DELTAM_WORKER_PATH_H

#include <stddef.h>
#include "common/err.h"

/*
 * The path of the worker into buf: $DELTAM_WORKER where that is set, else deltam-worker
 * beside our own executable, else ../libexec/deltam/deltam-worker seen from there, where
 * `make install` puts it. PATH is never searched: what happens to lie there may be of
 * another version.
 *
 * ERR_SYS: there is none, it cannot be started, or it is of another build; the message
 * then names both builds. Asking for the build starts the worker once, which takes 3 ms.
 */
MUST_CHECK int worker_path(char *buf, size_t size, struct err *e);

#endif
