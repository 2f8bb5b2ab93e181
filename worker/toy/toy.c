#include "worker/toy/toy.h"

#include <string.h>
#include "common/store/store_open.h"
#include "common/store/transaction.h"
#include "common/str.h"

static const struct {
	const char *name;
	int (*write)(struct store *s, int steps, struct err *e);
} experiments[] = { { "cagrad", toy_cagrad_write }, { "scale", toy_scale_write },
	{ "sigma", toy_sigma_write } };

static int usage(struct err *e)
{
	return err_set(e, ERR_USAGE, "--toy: DB cagrad|scale|sigma STEPS");
}

static int run(struct store *s, int experiment, int steps, struct err *e)
{
	int rc = store_begin(s, e);

	if (!rc)
		rc = experiments[experiment].write(s, steps, e);
	return store_end(s, rc, e);
}

int toy_main(int argc, char **argv, struct err *e)
{
	const int n = COUNT(experiments);
	struct store s;
	int64_t steps;
	int which = 0;
	int rc;

	if (argc != 3 || !integer_parse(argv[2], &steps) || steps < 1 ||
		steps > 1000000)
		return usage(e);
	while (which < n && strcmp(experiments[which].name, argv[1]) != 0)
		which++;
	if (which == n)
		return usage(e);
	rc = store_open(&s, argv[0], STORE_TOY, e);
	if (rc)
		return rc;
	rc = run(&s, which, (int)steps, e);
	store_close(&s);
	return rc;
}
