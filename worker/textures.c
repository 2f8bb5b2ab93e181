#include "worker/textures.h"

#include <stdio.h>
#include "common/str.h"
#include "trainer-core/corrupt/corrupt.h"

int textures_main(int argc, char **argv, struct err *e)
{
	struct arena a = { 0 };
	struct textures t;
	int64_t h, w;
	int rc;

	if (argc != 3 || !integer_parse(argv[1], &h) || !integer_parse(argv[2], &w) ||
		h < 1 || w < 1 || h > 65536 || w > 65536)
		return err_set(e, ERR_USAGE, "--textures wants FOLDER H W");
	rc = textures_read(argv[0], (int)h, (int)w, &t, &a, e);
	if (!rc && (printf("%s\n", t.digest) < 0 || fflush(stdout) != 0))
		rc = err_errno(e, "--textures: standard output");
	arena_release(&a);
	return rc;
}
