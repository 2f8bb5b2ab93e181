/*
 * The runs of a sweep, chosen by their parameters, in the columns that every list of them
 * begins with: long and tidy, the form that `deltam import` reads.
 */
#ifndef DELTAM_RUN_LIST_H
#define DELTAM_RUN_LIST_H

#include "common/store/store_runs.h"
#include "orchestrator/print/report.h"

struct run_list {
	const struct query_sweep *sweep;
	struct query_run *run;
	int n;
	const char *
		*hyper; /* names of hyperparameters, of all methods together, sorted */
	int hypers;
};

/*
 * Reads the runs that `where` admits (where.h; NULL: all). A name is a column of `deltam
 * runs` or a parameter of the job (dataset.train). ERR_USAGE, with the nearest name there
 * is, where no run has such a name; ERR_DB. hyper: of all runs, so that the columns do
 * not depend on `where`.
 */
MUST_CHECK int run_list_read(struct store *s, const struct query_sweep *sweep,
	const char *where, struct arena *a, struct run_list *out, struct err *e);

/* label, variant, task_of_baseline, lr, wd, seed and a column for each hyperparameter. */
void run_list_key_columns(const struct run_list *l, struct report_table *t);
void run_list_key_cells(
	const struct run_list *l, const struct query_run *x, struct report_table *t);

/*
 * Everything about a run that is one value, behind the key. Readers see its name, stage,
 * state, epochs and figures.
 */
void run_list_columns(const struct run_list *l, struct report_table *t);
void run_list_cells(
	const struct run_list *l, const struct query_run *x, struct report_table *t);

#endif
