#include "orchestrator/stage/identify.h"

#include <string.h>

static int known(struct store *s, const char *identity, bool *is, struct err *e)
{
	int64_t id;
	int rc = store_int(s, STMT_JOB_OF_IDENTITY, ARGS(TEXT(identity)), -1, &id, e);

	*is = !rc && id >= 0;
	return rc;
}

int identify_job(const struct stage_ctx *c, const struct spec_variant *v,
	const struct params *ps, char identity[IDENTITY_MAX], int64_t *id,
	struct arena *a, struct err *e)
{
	char old[IDENTITY_MAX];
	struct params written;
	int64_t old_id;
	bool is = false;
	int rc;

	*id = job_identity_in(ps, identity, a);
	if (!v->pseudo)
		return OK;
	written = params_copy(a, ps);
	params_set(&written, a, "dataset.pseudo", v->pseudo);
	old_id = job_identity_with_paths(&written, old, a);
	rc = known(c->s, old, &is, e);
	if (!rc && !is && c->reuse)
		rc = known(&c->reuse->from, old, &is, e);
	if (!rc && is) {
		memcpy(identity, old, IDENTITY_MAX);
		*id = old_id;
	}
	return rc;
}
