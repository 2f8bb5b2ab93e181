/* Random names: of attempts, pilots, locks. Nobody can guess them, and no two are alike. */
#ifndef DELTAM_RANDOM_HEX_H
#define DELTAM_RANDOM_HEX_H

#include "common/err.h"

#define RANDOM_HEX_MAX 16 /* bytes */

/*
 * Writes n random bytes as 2 n hexadecimal digits and a 0 into out. ERR_SYS: the system has
 * none, "cannot make a random WHAT".
 */
MUST_CHECK int random_hex(char *out, int n, const char *what, struct err *e);

#endif
