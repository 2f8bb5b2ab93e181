#include "worker/kernels.h"

#include <stdio.h>
#include "trainer-core/network/precision.h"
#include "trainer-core/train/train.h"

int kernels_main(int argc, char **argv, struct err *e)
{
	const struct kernels *k;
	struct arena a = { 0 };
	struct params ps = { 0 };
	const char *answer = train_kernel_class(NULL);
	int rc = OK;

	if (argc > 1)
		return err_set(e, ERR_USAGE, "--kernels wants one precision, or none");
	if (argc == 1) {
		params_set(&ps, &a, "train.precision", argv[0]);
		rc = precision_kernels(&ps, &k, e);
		answer = rc ? NULL : k->isa;
	}
	if (!rc && (printf("%s\n", answer) < 0 || fflush(stdout)))
		rc = err_errno(e, "--kernels: standard output");
	arena_release(&a);
	return rc;
}
