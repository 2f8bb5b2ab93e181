#include "worker/kernels.h"

#include <stdio.h>
#include "trainer-core/network/precision.h"

int kernels_main(int argc, char **argv, struct err *e)
{
	const struct kernels *k;
	struct arena a = { 0 };
	struct params ps = { 0 };
	int rc;

	if (argc != 1)
		return err_set(e, ERR_USAGE, "--kernels wants one precision");
	params_set(&ps, &a, "train.precision", argv[0]);
	rc = precision_kernels(&ps, &k, e);
	if (!rc && (printf("%s\n", k->isa) < 0 || fflush(stdout)))
		rc = err_errno(e, "--kernels: standard output");
	arena_release(&a);
	return rc;
}
