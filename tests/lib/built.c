#include "tests/lib/built.h"

#include <check.h>
#include "tests/lib/must.h"
#include "tests/lib/pace.h"
#include "tests/lib/gradcheck.h"
#include "common/rng.h"

void built(struct graph *g, int batch, bool fuse)
{
	struct err e = { 0 };
	int rc = graph_build(g, batch, fuse, &e);

	must(rc, &e);
	graph_init(g, 3);
}

void built_feed(struct graph *g, int id, int n, uint64_t stream, struct arena *a)
{
	const struct node *v = graph_node(g, id);
	size_t size = (size_t)v->C * v->H * v->W;
	float *x = NEW_ARRAY(a, float, size *(size_t)n);
	int *index = NEW_ARRAY(a, int, n);
	struct dataset_field f = { x, ELEMENT_F32, 1, v->C, v->H, v->W, 0 };

	for (size_t i = 0; i < size * (size_t)n; i++)
		x[i] = (float)rng_normal(stream, RNG_DATA, 0, i);
	for (int i = 0; i < n; i++)
		index[i] = i;
	graph_feed(g, id, &f, index, n);
}

void built_check_gradient(
	struct graph *g, const double *weight, int each, struct arena *a)
{
	struct gradcheck c = gradcheck_run(g, weight, pace(each, each / 5 + 1), a);

	ck_assert_msg(c.worst < 5e-3, "%s is off by %g", c.where, c.worst);
	ck_assert_int_gt(c.checked, c.skipped);
}
