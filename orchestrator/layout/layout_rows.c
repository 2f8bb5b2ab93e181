#include "orchestrator/layout/layout_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "orchestrator/print/shape.h"
#include "orchestrator/spec/spec.h"

static const struct query_entry *find(
	const struct query_entry *entry, int n, const char *variant, const char *label)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(entry[i].variant, variant) &&
			!strcmp(entry[i].label, label))
			return &entry[i];
	return NULL;
}

const struct query_entry *layout_find(
	const struct benchmark *b, const char *variant, const char *label)
{
	const struct query_entry *x = find(b->entry, b->entries, variant, label);

	return x ? x : find(b->auxiliary, b->auxiliaries, variant, label);
}

const struct query_entry *layout_entry(
	const struct benchmark *b, const struct report_table *t, int row)
{
	return layout_find(b, cell_exact(table_at(t, row, shape_find(t, "variant"))),
		cell_exact(table_at(t, row, shape_find(t, "label"))));
}

const char *layout_title(const struct benchmark *b, const char *label)
{
	for (int i = 0; i < b->entries; i++) {
		const struct query_entry *x =
			layout_find(b, b->entry[i].variant, label);

		if (x)
			return benchmark_title(x);
	}
	return label;
}

const char *layout_variant(const struct benchmark *b, const char *variant)
{
	if (!b->several)
		return variant;
	return arena_printf(
		b->arena, "%s%s%s", b->sweep->name, *variant ? " " : "", variant);
}

int layout_axis(const struct benchmark *b, const char *variant, const char *name,
	struct layout_axis *out, struct err *e)
{
	if (spec_vary_axis(benchmark_sweep_file(b), variant, name, b->arena,
		    &out->value, &out->rest))
		return OK;
	return err_set(e, ERR_USAGE,
		"%s does not vary `%s`: its sweep file would say \"vary\": { \"%s\": "
		"[...] }",
		b->sweep->name, name, name);
}

void layout_mark(struct benchmark *b, struct report_table *t, int column)
{
	int rows = table_rows(t);
	const char **label = NEW_ARRAY(b->arena, const char *, rows + 1);
	bool *may = NEW_ARRAY(b->arena, bool, rows + 1);

	for (int i = 0; i < rows; i++) {
		const struct query_entry *x = layout_entry(b, t, i);
		struct report_cell *c = table_at(t, i, column);

		label[i] = x->label;
		may[i] = benchmark_is_complete(x);
		c->mark = MARK_NONE;
		c->letters = NULL;
		if (b->inference)
			b->inference->variant = x->variant;
		if (b->inference && b->inference->view.mark)
			*table_at(t, i, column + 2) = (struct report_cell){ 0 };
	}
	benchmark_mark_column(b, t, column, may, label);
}

void layout_mark_all(struct benchmark *b, struct report_table *t)
{
	for (int i = 0; i < t->columns; i++)
		if (t->column[i].arrow)
			layout_mark(b, t, i);
}

/* a to z, then aa, ab ... */
static const char *letter_of(struct arena *a, int i)
{
	enum { LETTERS = 26 };

	return i < LETTERS
		? arena_printf(a, "%c", 'a' + i)
		: arena_printf(a, "%c%c", 'a' + i / LETTERS - 1, 'a' + i % LETTERS);
}

/* The alphabet of a sweep, and which of its letters were printed. */
struct alphabet {
	double *value;
	bool *used;
	int n;
};

/* The number in the cells of one column becomes its letter; a dagger behind it stays. */
static void put_letters(struct report_table *t, int column, struct alphabet *x)
{
	for (int row = 0; row < table_rows(t); row++) {
		struct report_cell *c = table_at(t, row, column);
		double v;

		if (!number_parse(cell_exact(c), &v))
			continue;
		for (int i = 0; i < x->n; i++)
			if (x->value[i] == v) {
				x->used[i] = true;
				c->text = arena_printf(t->arena, "%s%s",
					letter_of(t->arena, i),
					strstr(cell_text(c), "†") ? "†" : "");
			}
	}
}

static int by_value(const void *x, const void *y)
{
	const double *a = x;
	const double *b = y;

	return (*a > *b) - (*a < *b);
}

/* Every rate of every sweep, each once, upwards. */
static int read_alphabet(
	const struct layout_whole *w, struct alphabet *x, struct err *e)
{
	struct arena *a = w->report->arena;
	int capacity = 0;
	int n = 0;

	*x = (struct alphabet){ 0 };
	for (int i = 0; i < w->sweeps; i++) {
		double *rate;
		int rates;
		int rc = query_rates(
			w->sweep[i].store, w->sweep[i].sweep, a, &rate, &rates, e);

		if (rc)
			return rc;
		for (int k = 0; k < rates; k++) {
			(void)GROW(a, x->value, n, capacity);
			x->value[n++] = rate[k];
		}
	}
	if (n)
		qsort(x->value, (size_t)n, sizeof(*x->value), by_value);
	for (int i = 0; i < n; i++)
		if (!x->n || x->value[x->n - 1] != x->value[i])
			x->value[x->n++] = x->value[i];
	x->used = NEW_ARRAY(a, bool, x->n + 1);
	return OK;
}

int layout_stack(const struct layout_whole *w, struct err *e)
{
	(void)e;
	shape_stack(w->report);
	return OK;
}

int layout_letters(const struct layout_whole *w, struct err *e)
{
	static const char *const columns[] = { "lr", "wd" };
	struct arena *a = w->report->arena;
	struct str legend = { .arena = a };
	struct alphabet x;
	int rc = read_alphabet(w, &x, e);

	if (rc)
		return rc;
	shape_stack(w->report);
	for (int k = 0; k < w->report->tables; k++) {
		struct report_table *t = &w->report->table[k];

		for (int i = 0; i < COUNT(columns); i++) {
			shape_move(t, columns[i], shape_find(t, "label") + 1 + i);
			put_letters(t, shape_find(t, columns[i]), &x);
			t->column[shape_find(t, columns[i])].right = false;
		}
	}
	for (int i = 0; i < x.n; i++)
		if (x.used[i])
			str_printf(&legend, "%s%s %s", legend.n ? ", " : "",
				letter_of(a, i), benchmark_number(a, x.value[i]));
	if (legend.n)
		report_note(w->report, "lr, wd: %s.", str_get(&legend));
	return OK;
}

/* What was chosen for an entry, by its name: "UW-SO T=5"; NULL: nothing of that kind. */
static const char *chosen_of(const struct benchmark *b, const struct query_entry *x)
{
	if (x->weights)
		return arena_printf(b->arena, "%s %s", benchmark_title(x), x->weights);
	if (isfinite(x->temperature))
		return arena_printf(b->arena, "%s T=%s", benchmark_title(x),
			benchmark_number(b->arena, x->temperature));
	return NULL;
}

/* The variants in which entries chose `text`; *n: how many. */
static const char *chosen_in(const struct benchmark *b, const char *text, int *n)
{
	struct str names = { .arena = b->arena };

	*n = 0;
	for (int i = 0; i < b->entries; i++) {
		const char *other = chosen_of(b, &b->entry[i]);

		if (other && !strcmp(other, text))
			str_printf(&names, "%s%s", (*n)++ ? ", " : "",
				b->entry[i].variant);
	}
	return str_get(&names);
}

static int count_variants(const struct benchmark *b)
{
	int n = 0;

	for (int i = 0; i < b->entries; i++)
		n += !i || strcmp(b->entry[i].variant, b->entry[i - 1].variant) != 0;
	return n;
}

void layout_note_chosen(struct benchmark *b)
{
	struct str line = { .arena = b->arena };

	for (int i = 0; i < b->entries; i++) {
		const char *text = chosen_of(b, &b->entry[i]);
		const char *variants;
		bool said = false;
		int n;

		for (int k = 0; text && k < i; k++) {
			const char *other = chosen_of(b, &b->entry[k]);

			said = said || (other && !strcmp(other, text));
		}
		if (!text || said)
			continue;
		variants = chosen_in(b, text, &n);
		str_printf(&line, "%s%s", line.n ? "; " : "", text);
		if (n < count_variants(b))
			str_printf(&line, " (%s)", variants);
	}
	if (line.n)
		report_note(b->report, "Chosen: %s.", str_get(&line));
}

/* How many seeds all methods have; 0: they differ. */
static int equal_seeds(const struct benchmark *b)
{
	int seeds = -1;

	for (int i = 0; i < b->entries; i++) {
		const struct query_entry *x = &b->entry[i];

		if (benchmark_is_stl(x) || !x->seeds)
			continue;
		if (x->seeds_done != x->seeds || (seeds >= 0 && seeds != x->seeds))
			return 0;
		seeds = x->seeds;
	}
	return seeds > 0 ? seeds : 0;
}

void layout_compact(struct benchmark *b)
{
	int seeds = equal_seeds(b);

	b->compact = b->without_weights = true;
	for (int k = 0; k < b->report->tables; k++)
		shape_hide(&b->report->table[k],
			seeds ? " tried seeds chosen " : " tried chosen ");
	if (seeds)
		report_note(b->report, "Methods: mean over %d seed%s.", seeds,
			seeds == 1 ? "" : "s");
}
