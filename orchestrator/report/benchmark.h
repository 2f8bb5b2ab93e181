/*
 * The main table in the layout of Kirchdorfer et al. 2025, Table 1: a block per variant,
 * the baseline first, criteria grouped by task, then what was chosen, out of how many,
 * over how many seeds, and Δm.
 */
#ifndef DELTAM_BENCHMARK_H
#define DELTAM_BENCHMARK_H

#include "common/store/store_query.h"
#include "orchestrator/report/inference.h"

struct benchmark_view {
	const char *split; /* "test" or "val"; NULL is test */
	const char *criteria; /* "seg/miou,depth/abs_err"; NULL is all */
	bool front; /* the Pareto front only */
	bool cost; /* with what training costs */
	bool several; /* stands with other sweeps: what is shown says whose it is */
	const char *
		digits; /* behind the point, "0" to "15"; NULL: as many as tell rows apart */
	const char *
		std; /* where ± stands: "delta_m", "criteria" (at both), "none"; NULL is delta_m */
	struct inference_view inference; /* intervals, tests, marks by tests */
};

/*
 * Fills *r (its arena set) for one sweep. Best and second best are marked among the
 * methods whose seeds all ended well, by the exact figures; the baseline takes no part.
 * ERR_USAGE: an unknown criterion, or method to compare with.
 */
MUST_CHECK int benchmark_report(struct store *s, const struct query_sweep *w,
	const struct benchmark_view *view, struct report *r, struct err *e);

/*
 * The same in two steps, for whoever reshapes the tables: first what was read and the tables
 * of all variants, to which *b points, then the notes.
 */
struct benchmark;
MUST_CHECK int benchmark_build(struct benchmark *b, struct store *s,
	const struct query_sweep *w, const struct benchmark_view *view,
	struct report *r, struct err *e);
void benchmark_finish(struct benchmark *b);

#endif
