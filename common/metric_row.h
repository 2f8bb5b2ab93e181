/*
 * The figures of an epoch, as the trainer makes them and the store keeps them. Both read
 * this header, so a row is handed on and never copied from one form into another.
 */
#ifndef DELTAM_METRIC_ROW_H
#define DELTAM_METRIC_ROW_H

#include <stdbool.h>

/* A row of the table `metric`. Whoever makes it owns the texts. */
struct metric_row {
	const char *
		split; /* train, val, test, or what a figure is of: cost, magnitude ... */
	const char *task; /* "" for what belongs to no task */
	const char *name; /* loss, accuracy ... */
	double value; /* finite */
};

/*
 * A row of the table `task_weight`: figures over the steps of the epoch, all finite. A
 * trainer of another kind may know no more than the mean.
 */
struct weight_row {
	const char *task;
	double weight_mean, weight_std;
	double weighted_loss_mean, weighted_loss_std;
	bool no_std, no_loss_mean, no_loss_std; /* not known: NULL */
};

#endif
