#include "tests/lib/tables.h"

#include <stdlib.h>
#include <string.h>

const char *const tables[TABLES] = { "portable", "avx2", "avx512" };

const struct kernels *tables_get(int i)
{
	setenv("DELTAM_KERNELS", tables[i], 1);
	return kernels_get();
}

bool tables_choose(int i, const struct kernels **k)
{
	*k = tables_get(i);
	return !strcmp((*k)->name, tables[i]);
}

void tables_reset(void)
{
	unsetenv("DELTAM_KERNELS");
}
