/*
 * deltam power: how many seeds a paired t test needs to see the difference between two
 * methods, from the spread of the differences that were seen.
 */
#include <math.h>
#include <string.h>
#include "catalogue/catalogue.h"
#include "orchestrator/report/reader.h"
#include "orchestrator/report/sample.h"

#define POWER 0.8
#define ALPHA 0.05
#define SEEDS_MOST 10000

struct power {
	const char *against;
	double difference; /* NAN: the one that was seen */
	bool gains;
	struct sample_set set;
	struct report *report;
};

static void add_column(struct report_table *t, const char *name, const char *title,
	enum audience audience)
{
	struct report_column *c = table_column(t, name, title);

	c->right = true;
	c->audience = audience;
}

static void columns(struct report_table *t)
{
	table_column(t, "sweep", "")->audience = FOR_PROGRAMS;
	table_column(t, "variant", "")->audience = FOR_PROGRAMS;
	table_column(t, "label", "Method");
	table_column(t, "against", "against");
	add_column(t, "pairs", "pairs", FOR_ALL);
	add_column(t, "difference", "difference", FOR_ALL);
	add_column(t, "std", "std", FOR_ALL);
	add_column(t, "wanted", "to be seen", FOR_ALL);
	add_column(t, "power", "power now", FOR_ALL);
	add_column(t, "seeds", "seeds", FOR_ALL);
}

/* A difference that always was the same needs the two seeds that a test needs. */
static void seeds_cell(struct report_table *t, double wanted, double std)
{
	int n = std == 0 ? 2
			 : stats_seeds_needed(wanted / std, POWER, ALPHA, SEEDS_MOST);

	if (isnan(std) || wanted == 0)
		table_text(t, NULL);
	else if (!n)
		table_number(t, (double)NAN, arena_printf(t->arena, ">%d", SEEDS_MOST));
	else
		table_number(t, n, NULL);
}

static void row(struct power *p, struct report_table *t, const char *sweep,
	const struct sample *x, const struct sample *y)
{
	const struct method_info *m = catalogue_method(x->label);
	double *d = NEW_ARRAY(t->arena, double, x->n + 1);
	int n = sample_differences(&p->set, x, y, -1, d);
	double mean = stats_mean(n, d);
	double std = stats_std(n, d);
	double wanted = isnan(p->difference) ? fabs(mean) : p->difference;

	table_text(t, sweep);
	table_text(t, x->variant);
	table_text(t, m ? m->title : x->label)->exact = x->label;
	table_text(t, p->against);
	table_number(t, n, NULL);
	table_fixed(t, p->gains && mean != 0 ? -mean : mean, 2);
	table_fixed(t, std, 2);
	table_fixed(t, wanted, 2);
	table_fixed(t,
		std > 0              ? stats_power(n, wanted / std, ALPHA)
			: isnan(std) ? (double)NAN
				     : 1,
		2);
	seeds_cell(t, wanted, std);
}

static void notes(const struct power *p)
{
	report_note(p->report,
		"Seeds: the fewest with power %g of the two-sided paired t test at %g "
		"(noncentral t), for differences of %s with the standard deviation seen.",
		POWER, ALPHA, p->gains ? "Δ" : "Δm");
	report_note(p->report, "%s",
		isnan(p->difference)
			? "A difference seen over few seeds is itself uncertain; what "
			  "would be worth seeing is better given: --difference D."
			: "The standard deviation of few differences is itself "
			  "uncertain.");
}

static void fill(struct power *p, const char *sweep)
{
	struct report_table *t = NULL;
	const char *variant = NULL;

	for (int i = 0; i < p->set.n; i++) {
		const struct sample *x = &p->set.item[i];
		const struct sample *y = sample_find(&p->set, x->variant, p->against);

		if (x->stl || x->of_run || !y || x == y)
			continue;
		if (!variant || strcmp(variant, x->variant) != 0) {
			variant = x->variant;
			t = report_table(p->report, *variant ? variant : NULL);
			columns(t);
		}
		row(p, t, sweep, x, y);
	}
	if (!t)
		report_note(p->report, "There is no other method with results yet.");
	else
		notes(p);
}

static int parse(struct power *p, const struct cli_options *o, struct err *e)
{
	p->against = o->against ? o->against : "ew";
	p->difference = (double)NAN;
	if (!o->difference)
		return OK;
	if (!number_parse(o->difference, &p->difference) || p->difference == 0)
		return err_set(e, ERR_USAGE,
			"--difference: \"%s\" is no difference of Δm in percent, as 0.5 is",
			o->difference);
	p->difference = fabs(p->difference);
	return OK;
}

static int answer(struct power *p, struct report_reader *reader,
	const struct cli_options *o, struct err *e)
{
	bool test = !o->split || !strcmp(o->split, "test");
	int rc = sample_read(&p->set, &reader->s, &reader->sweep, test, e);

	if (!rc)
		rc = sample_check_label(&p->set, "--against", p->against, e);
	if (rc)
		return rc;
	p->gains = reader->sweep.auxiliary;
	p->report->title = reader->sweep.name;
	fill(p, reader->sweep.name);
	reader_print(p->report, o);
	return OK;
}

int cmd_power(const struct cli_options *o, struct err *e)
{
	struct report_reader reader;
	struct report r = { .arena = &reader.arena };
	struct power p = { .set = { .arena = &reader.arena }, .report = &r };
	int rc = reader_open(&reader, o, e);

	if (!rc)
		rc = parse(&p, o, e);
	if (!rc)
		rc = answer(&p, &reader, o, e);
	reader_close(&reader);
	return rc;
}
