/*
 * A run whose segments train elsewhere: what its options mean for its sweep, what of a
 * predecessor goes on, and the call of the launcher's loop. Belongs to run.c.
 */
#ifndef DELTAM_ELSEWHERE_H
#define DELTAM_ELSEWHERE_H

#include "orchestrator/pilot/launch.h"
#include "orchestrator/run/dispatch.h"
#include "orchestrator/run/kernel_choice.h"
#include "orchestrator/run/run.h"

struct elsewhere {
	const struct run_request *q;
	const struct kernel_choice *kernels; /* of deltam's own trainer */
	struct launch launch;
	struct arena arena;
	int64_t sweep;
	struct adopt_row *row; /* attempts that were open at pilots */
	bool *open; /* each of them: whether it goes on */
	int n;
	int kept; /* how many go on */
};

/* Reads the options of q, which has a launcher; *places are the slots that it asks for. */
MUST_CHECK int elsewhere_parse(struct elsewhere *x, const struct run_request *q,
	struct places *places, struct arena *a, struct err *e);

/*
 * In the planning transaction: reads what was open before it is closed (store_orphans), and
 * when the stages are planned opens again what they still want.
 */
MUST_CHECK int elsewhere_find(
	struct elsewhere *x, struct store *s, int64_t sweep, struct err *e);
MUST_CHECK int elsewhere_keep(struct elsewhere *x, struct store *s, struct err *e);

/* Trains; d->command is set, and x->kernels is made where deltam trains. As remote_run; ERR_USAGE, ERR_DATA besides. */
MUST_CHECK int elsewhere_run(
	struct elsewhere *x, struct store *s, struct dispatch *d, struct err *e);
void elsewhere_release(struct elsewhere *x);

#endif
