#include "common/random_hex.h"

#include <stdio.h>
#include <sys/random.h>

int random_hex(char *out, int n, const char *what, struct err *e)
{
	unsigned char bytes[RANDOM_HEX_MAX];

	ASSERT(n <= RANDOM_HEX_MAX);
	if (getrandom(bytes, (size_t)n, 0) != n)
		return err_errno(e, "cannot make a random %s", what);
	for (int i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return OK;
}
