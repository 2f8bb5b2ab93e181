#include "orchestrator/stage/replan.h"

#include <string.h>
#include "common/store/store_job.h"
#include "orchestrator/spec/spec.h"
#include "orchestrator/spec/spec_diff.h"

/* As the rows of a table are called where there are variants, too. */
static const char *entry_name(const char *variant, const char *label, struct arena *a)
{
	return arena_printf(a, "%s%s%s", variant, *variant ? ": " : "", label);
}

static int read_entries(struct replan *r, struct store *s, int64_t sweep,
	struct arena *a, struct err *e)
{
	struct rows rows = rows_open(s, STMT_REPLAN_ENTRIES, ARGS(INT(sweep)), e);

	while (rows_next(&rows)) {
		const char *variant = rows_copy(&rows, a);
		const char *label = rows_copy(&rows, a);

		(void)GROW(a, r->entry, r->entries, r->entry_capacity);
		r->entry[r->entries++] = entry_name(variant, label, a);
	}
	return rows_close(&rows);
}

int replan_read(struct replan *r, struct store *s, const char *name, struct arena *a,
	struct err *e)
{
	struct rows rows = rows_open(s, STMT_REPLAN_SWEEP, ARGS(TEXT(name)), e);
	int64_t sweep = -1;
	int rc;

	*r = (struct replan){ 0 };
	if (rows_next(&rows)) {
		sweep = rows_int64(&rows);
		r->text = rows_copy(&rows, a);
	}
	rc = rows_close(&rows);
	if (!rc)
		rc = store_sweep_jobs(s, sweep, a, &r->jobs, &r->njobs, e);
	return rc ? rc : read_entries(r, s, sweep, a, e);
}

static bool is_entry(const struct spec *spec, const char *name, struct arena *a)
{
	for (int v = 0; v < spec->nvariants; v++)
		for (int i = 0; i < spec->variants[v].nentries; i++)
			if (!strcmp(name,
				    entry_name(spec->variants[v].label,
					    spec->variants[v].entries[i].label, a)))
				return true;
	return false;
}

static void put_leaving(
	const struct replan *r, const struct spec *spec, struct str *out)
{
	struct str names = { .arena = out->arena };
	int n = 0;

	for (int i = 0; i < r->entries; i++)
		if (!is_entry(spec, r->entry[i], out->arena))
			str_printf(&names, "%s%s", n++ ? ", " : "", r->entry[i]);
	if (n)
		str_printf(out, "; entr%s %s leave%s the table", n > 1 ? "ies" : "y",
			str_get(&names), n > 1 ? "" : "s");
}

/* Jobs that were wanted and trained, and that the plan does not have. */
struct leaving {
	int trained;
	const char *changed; /* what they had, and no file of the sweep shows; NULL */
};

/* Digests of a job that differ although nobody has edited the sweep file. */
static const char *changed_since(
	struct store *s, const char *name, const char *before, struct arena *a)
{
	if (!strcmp(name, "dataset.digest"))
		return "the data have changed";
	return arena_printf(a,
		"the files of \"trainer\" have changed (what they were is in "
		"%s.d/code/%s)",
		s->path, before);
}

static int look_at_job(struct store *s, int64_t sweep, int64_t job, struct arena *a,
	struct leaving *out, struct err *e)
{
	static const char *const digests[] = { "dataset.digest", "trainer.files" };
	struct job_row row;
	int rc = store_job_get(s, job, &row, e);

	if (rc || !row.epochs_done || out->trained++)
		return rc;
	for (int i = 0; !rc && i < COUNT(digests); i++) {
		struct rows r = rows_open(s, STMT_REPLAN_CHANGED,
			ARGS(INT(sweep), INT(job), TEXT(digests[i])), e);

		if (rows_next(&r))
			out->changed = changed_since(s, digests[i], rows_text(&r), a);
		rc = rows_close(&r);
	}
	return rc;
}

static int count_leaving(const struct replan *r, struct store *s, int64_t sweep,
	struct arena *a, struct leaving *out, struct err *e)
{
	int64_t *now;
	int n;
	int rc = store_sweep_jobs(s, sweep, a, &now, &n, e);

	*out = (struct leaving){ 0 };
	for (int i = 0, k = 0; !rc && i < r->njobs; i++) {
		while (k < n && now[k] < r->jobs[i])
			k++;
		if (k == n || now[k] != r->jobs[i])
			rc = look_at_job(s, sweep, r->jobs[i], a, out, e);
	}
	return rc;
}

/*
 * Later stages are planned when the earlier ones are decided, so what is not in the plan
 * now may come back: without a reason for the loss there is nothing to say.
 */
static void put_unused(const struct leaving *x, bool edited, struct str *out)
{
	bool many = x->trained > 1;

	if (x->trained && (edited || x->changed))
		str_printf(out,
			"%s%d job%s trained before %s not in the plan so far, and "
			"stay%s in the database%s%s",
			out->n ? "; " : "", x->trained, many ? "s" : "",
			many ? "are" : "is", many ? "" : "s", x->changed ? ": " : "",
			x->changed ? x->changed : "");
}

int replan_lost(const struct replan *r, struct store *s, const struct spec *spec,
	int64_t sweep, struct str *out, struct err *e)
{
	bool edited = r->text && strcmp(r->text, spec->text) != 0;
	struct leaving leaving;
	int rc = count_leaving(r, s, sweep, out->arena, &leaving, e);

	if (!rc)
		put_unused(&leaving, edited, out);
	return rc;
}

/* "62 of 177 jobs already trained, 6 min left on 2 workers". */
static void put_stand(const struct outlook *x, struct str *out)
{
	char left[OUTLOOK_TEXT_MAX];

	str_printf(out, "%lld of %lld job%s already trained", (long long)x->ended,
		(long long)x->jobs, x->jobs > 1 ? "s" : "");
	if (x->seconds_left > 0)
		str_printf(out, ", %s on %d worker%s", outlook_left(x, left),
			x->workers, x->workers > 1 ? "s" : "");
}

int replan_tell(const struct replan *r, struct store *s, const struct spec *spec,
	int64_t sweep, const struct outlook *x, struct str *out, struct err *e)
{
	const char *diff = r->text ? spec_diff(r->text, spec->text, out->arena) : "";
	struct leaving leaving;
	int rc = count_leaving(r, s, sweep, out->arena, &leaving, e);

	if (rc)
		return rc;
	if (*diff)
		str_printf(out,
			"%s is not the version that %s was planned from, and is "
			"planned anew:\n%s",
			spec->path, s->path, diff);
	if (!*diff && !x->ended && !leaving.changed)
		return OK;
	str_printf(out, "%s: ", spec->name);
	put_stand(x, out);
	put_leaving(r, spec, out);
	put_unused(&leaving, *diff != '\0', out);
	str_put(out, "\n");
	return OK;
}
