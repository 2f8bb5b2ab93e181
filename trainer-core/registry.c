#include "trainer-core/registry.h"

#include <math.h>
#include <string.h>

static const struct {
	const char *name;
	const struct model *ops;
} models[] = {
#define P(...)
#define MODEL(id, ...) { #id, &model_##id },
#include "catalogue/model.def"
#undef MODEL
#undef P
};

/* In the order of catalogue_metrics(). */
static const struct metric *const metrics[] = {
#define M(id, ...) &metric_##id,
#include "catalogue/metric.def"
#undef M
};

const struct model *registry_model(const char *name)
{
	for (int i = 0; i < COUNT(models); i++)
		if (!strcmp(models[i].name, name))
			return models[i].ops;
	return NULL;
}

int registry_metrics(enum task_kind kind, const char *asked,
	const struct metric **metric, const char **name, int max)
{
	const int rows = COUNT(metrics);
	int n = 0, listed;
	const struct metric_info *info = catalogue_metrics(&listed);

	ASSERT(listed == rows);
	for (int i = 0; i < rows && n < max; i++) {
		if (info[i].kind != kind || !metric_is_measured(&info[i], asked))
			continue;
		metric[n] = metrics[i];
		name[n++] = info[i].name;
	}
	return n;
}

size_t metric_doubles(const struct metric *m, int C, int S)
{
	return m->doubles ? m->doubles(C, S) : METER_RATIO;
}

double metric_ratio(const double *meter, int C)
{
	(void)C;
	return meter[1] > 0 ? meter[0] / meter[1] : (double)NAN;
}
