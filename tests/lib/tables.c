#include "tests/lib/tables.h"

#include <stdlib.h>
#include <string.h>
#include "trainer-core/train/train.h"

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

bool tables_choose_own(const char *name)
{
	setenv("DELTAM_BLAS", "none", 1);
	setenv("DELTAM_KERNELS", name, 1);
	return !strcmp(train_kernel_class(), name);
}

void tables_reset(void)
{
	unsetenv("DELTAM_BLAS");
	unsetenv("DELTAM_KERNELS");
}
