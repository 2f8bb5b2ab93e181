#include "tests/lib/tables.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "trainer-core/kernel/tables.h"
#include "trainer-core/train/train.h"

static const char *table_name(int i)
{
	return i ? i == 1 ? "avx2" : "avx512" : kernels_portable.name;
}

const struct kernels *tables_get(int i)
{
	setenv("DELTAM_KERNELS", table_name(i), 1);
	return kernels_get();
}

bool tables_choose(int i, const struct kernels **k)
{
	*k = tables_get(i);
	return !strcmp((*k)->name, table_name(i));
}

bool tables_choose_own(const char *name)
{
	setenv("DELTAM_BLAS", "none", 1);
	setenv("DELTAM_KERNELS", name, 1);
	if (strcmp(kernels_get()->name, name) != 0)
		return false;
	ck_assert_str_eq(train_kernel_class(NULL), name);
	return true;
}

void tables_reset(void)
{
	unsetenv("DELTAM_BLAS");
	unsetenv("DELTAM_KERNELS");
}
