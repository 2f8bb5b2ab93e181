#include "trainer-core/network/precision.h"

#include "catalogue/choices.h"
#include "catalogue/setting.h"

int precision_kernels(const struct params *ps, const struct kernels **k, struct err *e)
{
	int precision = PRECISION_FLOAT32;
	int rc = ps ? setting_choice(ps, "train.precision", &precision, e) : OK;

	*k = precision == PRECISION_BF16 ? kernels_get_bf16() : kernels_get();
	return rc;
}
