#include <cblas.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include "trainer-core/blas.h"

static struct {
	bool tried;
	__typeof__(cblas_sgemm) *sgemm; /* NULL: no library */
	const char *core;
} blas = { .core = "" };

/* C has no cast from dlsym's pointer to a function's; POSIX has this detour. */
static void find(void *library, const char *name, void *function)
{
	*(void **)function = dlsym(library, name);
}

static void load(void)
{
	void *library;
	__typeof__(openblas_set_num_threads) *set_threads = NULL;
	__typeof__(openblas_get_corename) *get_core = NULL;

	if (blas.tried)
		return;
	blas.tried = true;
	/* Before its start: it makes its threads there. */
	setenv("OPENBLAS_NUM_THREADS", "1", 1);
	library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return;
	find(library, "openblas_set_num_threads", &set_threads);
	find(library, "openblas_get_corename", &get_core);
	if (!set_threads || !get_core)
		return;
	set_threads(1);
	blas.core = get_core();
	find(library, "cblas_sgemm", &blas.sgemm);
}

bool blas_accumulate(const struct blas_product *p)
{
	load();
	if (!blas.sgemm)
		return false;
	blas.sgemm(CblasRowMajor, p->a_turned ? CblasTrans : CblasNoTrans, CblasNoTrans,
		p->rows, p->columns, p->depth, 1, p->a, p->a_row, p->b, p->b_row, 1,
		p->c, p->c_row);
	return true;
}

const char *blas_core(void)
{
	const char *wish = getenv("DELTAM_BLAS");

	if (wish && !strcmp(wish, "none"))
		return "";
	load();
	return blas.core;
}
