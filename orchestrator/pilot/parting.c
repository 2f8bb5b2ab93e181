#include "orchestrator/pilot/parting.h"

#define JOBS_NAMED 20

/* Who is there. */
struct parting {
	int pilots, begun, ahead; /* that work, and their tasks */
	int jobs; /* that were asked for, and have not begun */
	bool slurm;
	const char *cancel; /* a command that cancels those */
};

/* "scancel 12 13": the jobs that have not begun, by number, or by name where it is not known. */
static const char *cancel_command(const struct fleet *f, struct arena *a)
{
	struct str out = { .arena = a };
	int n = 0;

	str_put(&out, "scancel");
	for (const struct craft *c = f->crafts; c; c = c->next) {
		if (c->state != CRAFT_STARTED || !*c->job)
			continue;
		if (++n <= JOBS_NAMED)
			str_printf(&out, " %s", c->job);
	}
	if (n > JOBS_NAMED)
		str_put(&out, " ..."); /* `status` has the other numbers */
	return n ? str_get(&out) : "";
}

static struct parting look_around(const struct fleet *f, struct arena *a)
{
	struct parting x = { .slurm = f->o->launch->kind == LAUNCH_SLURM };

	for (const struct craft *c = f->crafts; c; c = c->next) {
		if (c->state == CRAFT_ASKED || c->state == CRAFT_STARTED)
			x.jobs++;
		if (c->state != CRAFT_WORKS && c->state != CRAFT_LEAVES)
			continue;
		x.pilots++;
		x.begun += craft_begun(c);
		for (const struct craft_task *t = c->tasks; t; t = t->next)
			x.ahead += !t->begun;
	}
	x.cancel = x.slurm ? cancel_command(f, a) : "";
	return x;
}

static void put_pilots(struct str *out, const struct parting *x)
{
	if (!x->pilots)
		return;
	str_printf(out, "; %d pilot%s on for ten minutes", x->pilots,
		x->pilots == 1 ? " goes" : "s go");
	str_printf(out, " (%d segment%s at work, %d wait%s ahead)", x->begun,
		x->begun == 1 ? "" : "s", x->ahead, x->ahead == 1 ? "s" : "");
}

static void put_jobs(struct str *out, const struct parting *x)
{
	bool one = x->jobs == 1;

	if (!x->jobs)
		return;
	if (x->slurm)
		str_printf(out,
			"; %d job%s not begun and stay%s in the queue of Slurm, where "
			"%s ten minutes for a deltam once %s",
			x->jobs, one ? " has" : "s have", one ? "s" : "",
			one ? "it waits" : "each waits",
			one ? "it begins" : "it has begun");
	else
		str_printf(out,
			"; %d pilot%s started and not begun yet, and wait%s ten "
			"minutes for a deltam",
			x->jobs, one ? " is" : "s are", one ? "s" : "");
}

const char *parting_alone(const struct fleet *f, struct arena *a)
{
	struct parting x = look_around(f, a);
	struct str out = { .arena = a };
	int all = x.pilots + x.jobs;

	str_put(&out, "interrupted");
	put_pilots(&out, &x);
	put_jobs(&out, &x);
	if (!all)
		str_put(&out, "; no pilot is there; the same command continues");
	else
		str_printf(&out, "; the same command takes %s over%s%s%s",
			all == 1 ? "it" : "them", *x.cancel ? ", `" : "", x.cancel,
			*x.cancel ? "` cancels what has not begun" : "");
	return str_get(&out);
}

const char *parting_together(const struct fleet *f, struct arena *a)
{
	struct parting x = look_around(f, a);

	if (!x.jobs || !x.slurm)
		return "interrupted; the same command continues";
	return arena_printf(a,
		"interrupted; %d job%s not begun and %s cancelled; the same command "
		"continues",
		x.jobs, x.jobs == 1 ? " had" : "s had", x.jobs == 1 ? "was" : "were");
}

const char *parting_at_once(const struct fleet *f, struct arena *a)
{
	int pilots = 0;

	for (const struct craft *c = f->crafts; c; c = c->next)
		pilots += c->state == CRAFT_TOLD;
	if (!pilots)
		return "interrupted; the same command continues";
	return arena_printf(a,
		"interrupted twice; %d pilot%s told to leave and %s not waited for, "
		"one in a queue leaves when it begins; the same command continues",
		pilots, pilots == 1 ? " is" : "s are", pilots == 1 ? "is" : "are");
}
