#include "worker/kernels.h"

#include <stdio.h>
#include "trainer-core/train/train.h"

int kernels_main(int argc, char **argv, struct err *e)
{
	(void)argv;
	if (argc > 0)
		return err_set(e, ERR_USAGE, "--kernels takes no words");
	printf("%s\n", train_kernel_class());
	return OK;
}
