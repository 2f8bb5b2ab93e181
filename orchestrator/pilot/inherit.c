#include "orchestrator/pilot/inherit.h"

#include <stdio.h>
#include <string.h>
#include "orchestrator/pilot/hear.h"
#include "orchestrator/pilot/recruit.h"

/* A pilot that a predecessor asked for. */
static int take_pilot(struct fleet *f, const struct pilot_open_row *row, struct err *e)
{
	const struct launch *l = f->o->launch;
	struct craft *c = fleet_add(f);
	int64_t pid;
	int rc;

	c->id = row->id;
	snprintf(c->name, sizeof(c->name), "%s", row->name);
	snprintf(c->job, sizeof(c->job), "%s", row->launcher_job);
	/*
	 * It may be in a queue, or never have been asked for; where nothing comes and its launcher
	 * does not know it, another one is asked for.
	 */
	c->state = CRAFT_STARTED;
	c->inherited = true;
	c->foreign = strcmp(row->launcher, l->name) != 0;
	if (l->kind == LAUNCH_PREFIX && !c->foreign)
		c->place = recruit_free_place(f, row->launcher_job);
	if (l->kind == LAUNCH_LOCAL && !c->foreign &&
		integer_parse(row->launcher_job, &pid))
		c->pid = pid;
	rc = yard_make(l->root, c->name, e);
	if (!rc)
		rc = craft_open(c, l->root, e);
	if (rc)
		return rc;
	craft_say_setup(c, &f->setup);
	return OK;
}

static struct craft *craft_of(const struct fleet *f, int64_t id)
{
	struct craft *c = f->crafts;

	while (c && c->id != id)
		c = c->next;
	return c;
}

/* Tasks that are at pilots; one whose pilot is gone is lost. */
static int take_tasks(struct fleet *f, struct err *e)
{
	struct sched_task task = { 0 };
	int rc = OK;

	while (f->ops->adopt && (rc = f->ops->adopt(f->arg, &task, e)) == SCHED_TASK) {
		struct craft *c = craft_of(f, task.where);
		struct sched_end end = { .task = &task, .why = SCHED_LOST };

		if (c) {
			fleet_give(f, c, &task, false);
			continue;
		}
		snprintf(end.text, sizeof(end.text), "its pilot is gone");
		fleet_turn(f, &end);
	}
	return rc < 0 ? rc : OK;
}

/* What it has said to its end; then it is told what it goes on with. */
static void take_over(struct fleet *f, struct craft *c)
{
	hear_pilot(f, c);
	for (struct craft_task *t = c->tasks; t && c->state != CRAFT_GONE; t = t->next)
		if (!t->sent)
			craft_say_start(c, t, f->o->launch->root);
	craft_say_alive(c);
	if (c->foreign)
		fleet_tell_to_leave(c);
}

int inherit_pilots(struct fleet *f, struct err *e)
{
	struct pilot_open_row *row;
	int n = 0;
	int rc = store_pilot_open(f->o->s, &f->arena, &row, &n, e);

	for (int i = 0; !rc && i < n; i++)
		rc = take_pilot(f, &row[i], e);
	if (!rc)
		rc = take_tasks(f, e);
	if (rc)
		return rc;
	launch_look(f->o->launch);
	for (struct craft *c = f->crafts; c; c = c->next)
		take_over(f, c);
	return OK;
}
