/*
 * Files of results: any bytes are runs of the sweep or faults at a place of the file, and
 * what has no fault can be written.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char sweep[] =
	"{ \"sweep\": \"t\", \"trainer\": { \"tasks\": { \"a\": { \"m\": \"higher\" },"
	" \"b\": { \"m\": \"lower\" } } }, \"dataset\": {}, \"train\": { \"epochs\": 2 },"
	" \"methods\": [ \"ew\", \"uw\", { \"name\": \"uw_so\", \"T\": [1, 10] },"
	" { \"name\": \"scalarization\", \"weights\": { \"step\": 0.5 } } ],"
	" \"search\": { \"lr\": [0.1] } }";

static struct arena forever;
static struct spec spec;
static struct resolved resolved;

static void check(bool good)
{
	if (!good)
		abort();
}

static void set_up(void)
{
	struct str report = { .arena = &forever };
	struct err e;

	if (spec.name)
		return;
	check(!spec_parse(&spec, &forever, "t", sweep, sizeof(sweep) - 1, &report, &e));
	resolve_begin(&spec, &resolved, &forever);
}

/* What would be written. */
static void check_run(const struct import_run *run)
{
	check(run->epochs <= 2 && run->identity[0] && run->entry && run->variant);
	for (int i = 0; i < run->figures; i++) {
		const struct import_figure *f = &run->figure[i];

		check(f->epoch >= 1 && f->epoch <= 2 && isfinite(f->row.value));
		check(f->row.split && f->row.task && f->row.name);
	}
	for (int i = 0; i < run->weights; i++)
		check(isfinite(run->weight[i].row.weight_mean) &&
			run->weight[i].epoch <= 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = { 0 };
	struct import_set set = { .a = &a, .resolved = &resolved };
	struct diag d = { .arena = &a, .path = "f", .n = size };
	struct str report = { .arena = &a };

	set_up();
	d.text = arena_strndup(&a, (const char *)data, size);
	import_file_take(&set, &d);
	for (int i = 0; i < set.runs; i++)
		import_check(set.run[i]);
	for (int i = 0; i < set.runs && !d.total; i++)
		check_run(set.run[i]);
	for (int i = 0; i < d.kept; i++)
		check(d.item[i].at <= d.n);
	diag_render(&d, &report);
	check((d.total > 0) == (report.n > 0));
	arena_release(&a);
	return 0;
}
