/*
 * From the names of model.def and metric.def to what implements them.
 */
#ifndef DELTAM_REGISTRY_H
#define DELTAM_REGISTRY_H

#include "trainer-core/metric/metric.h"
#include "trainer-core/model/model.h"

/* What implements that name; NULL where nothing does. */
const struct model *registry_model(const char *name);

/*
 * The criteria of a kind of task, in table order, with those that `asked` names
 * (metric_is_measured); returns how many (at most max).
 */
#define METRICS_MAX 8
int registry_metrics(enum task_kind kind, const char *asked,
	const struct metric **metric, const char **name, int max);

#endif
