#include "orchestrator/pilot/craft.h"

#include <string.h>
#include "common/clock.h"
#include "common/log.h"

int craft_open(struct craft *c, const char *root, struct err *e)
{
	int serial = yard_newest(root, c->name, 0) + 1;

	yard_path(c->out.path, root, c->name, "out");
	yard_in_path(c->in.path, root, c->name, serial);
	return mail_make(c->in.path, e);
}

void craft_release(struct craft *c)
{
	mail_out_release(&c->in);
}

/* Saying. */

static void say(struct craft *c, const struct message *m)
{
	struct arena a = { 0 };

	mail_put(&c->in, message_text(m, &a));
	arena_release(&a);
}

void craft_say_setup(struct craft *c, const struct message *setup)
{
	say(c, setup);
}

/* A path below NAME.db.d as the pilot is told it, whose folder may have another name. */
static const char *below(const char *path, const char *root)
{
	size_t n = strlen(root);

	if (!path)
		return "";
	return !strncmp(path, root, n) && path[n] == '/' ? path + n + 1 : path;
}

void craft_say_start(struct craft *c, struct craft_task *t, const char *root)
{
	const struct sched_task *task = &t->task;
	const struct message m = { .kind = MESSAGE_START,
		.token = task->token,
		.folder = below(task->folder, root),
		.cwd = below(task->cwd, root),
		.log = below(task->log, root),
		.argv = task->words,
		.slots = task->slots > 1 ? task->slots : 1,
		.limit_seconds = task->limit_seconds,
		.quiet_seconds = task->quiet_seconds,
		.leave_seconds = task->leave_seconds,
		.grace_seconds = task->grace_seconds };

	say(c, &m);
	t->sent = true;
}

void craft_say_stop(struct craft *c, const char *token)
{
	const struct message m = { .kind = MESSAGE_STOP, .token = token };

	say(c, &m);
}

void craft_say_alive(struct craft *c)
{
	const struct message m = { .kind = MESSAGE_ALIVE, .number = ++c->alive };

	say(c, &m);
}

void craft_say_leave(struct craft *c)
{
	const struct message m = { .kind = MESSAGE_LEAVE };

	say(c, &m);
}

int craft_flush(struct craft *c, struct err *e)
{
	int rc = mail_flush(&c->in, e);

	if (!rc)
		c->deaf = 0;
	else if (c->deaf++ == 0)
		log_warn("run", "%s", e->msg);
	return rc && c->deaf > MAIL_PATIENCE ? rc : OK;
}

/* Tasks. */

/* Adds the task to what is at the pilot, or (sign -1) takes it away. */
static void count_task(struct craft *c, const struct craft_task *t, int sign)
{
	double seconds = t->task.expected_seconds;

	c->load += sign * t->slots;
	if (seconds > 0)
		c->store += sign * t->slots * seconds;
	else
		c->unknown += sign;
}

void craft_add(struct craft *c, struct craft_task *t)
{
	t->next = c->tasks;
	c->tasks = t;
	count_task(c, t, 1);
}

struct craft_task *craft_find(const struct craft *c, const char *token)
{
	struct craft_task *t = c->tasks;

	while (t && strcmp(t->task.token, token) != 0)
		t = t->next;
	return t;
}

void craft_drop(struct craft *c, struct craft_task *t)
{
	struct craft_task **at = &c->tasks;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	count_task(c, t, -1);
}

int craft_begun(const struct craft *c)
{
	int n = 0;

	for (const struct craft_task *t = c->tasks; t; t = t->next)
		n += t->begun;
	return n;
}

bool craft_has_room(const struct craft *c)
{
	double enough = CRAFT_STORE * clock_tick_ms() / 1000.0;

	if (c->state != CRAFT_WORKS || c->load >= CRAFT_TASKS * c->slots)
		return false;
	return c->load < 2 * c->slots || (!c->unknown && c->store < enough * c->slots);
}

/* The lease. */

/*
 * The process here that is the pilot, or was to start it, has ended without a hello: nothing
 * comes of it. A command that ends well may have left the pilot to somebody else. Of the tick in
 * which the end is seen the lines are read already, so the next one decides.
 */
static const char *start_failed(
	struct craft *c, const struct launch *l, struct arena *a)
{
	if (c->failed && !c->slots)
		return c->child_status < 0
			? "its process ended before it began"
			: arena_printf(a,
				  "its process ended with status %d before it began",
				  c->child_status);
	if (!c->child || !ask_ended(c->child, &c->child_status))
		return NULL;
	c->child = 0;
	c->failed = c->child_status != 0 || l->kind == LAUNCH_LOCAL;
	return NULL;
}

/* Slurm has had its job, and has it no more: the pilot never begins. */
static const char *job_ended(
	const struct craft *c, const struct launch *l, struct arena *a)
{
	struct queue_job job;

	if (!launch_job(l, c->name, &job))
		return c->listed ? "its job is gone from the queue, and it never began"
				 : NULL;
	return arena_printf(a, "its job has ended before it began: %s%s%s", job.state,
		*job.reason ? ", " : "", job.reason);
}

static const char *unlisted(
	const struct craft *c, const struct launch *l, struct arena *a)
{
	const char *why = NULL;

	if (l->kind == LAUNCH_SLURM && l->answered <= c->asked)
		return NULL; /* the question is older than the pilot */
	if (!c->slots && l->kind == LAUNCH_SLURM)
		why = job_ended(c, l, a);
	if (why || c->silent <= (c->slots ? CRAFT_SILENT : CRAFT_BEGIN))
		return why;
	return c->slots ? "it is silent, and its launcher does not know it"
			: "it never began, and its launcher does not know it";
}

const char *craft_lease(
	struct craft *c, const struct launch *l, struct arena *a, bool *cancel)
{
	const char *why = start_failed(c, l, a);

	*cancel = false;
	if (why || c->state == CRAFT_ASKED || (c->slots && c->silent <= CRAFT_SILENT))
		return why;
	/* Of a thousand that wait each would read the words on a thousand at every tick. */
	if (!c->slots && l->kind == LAUNCH_SLURM && c->judged == l->answered)
		return NULL;
	c->judged = l->answered;
	switch (c->foreign ? LAUNCH_BLIND : launch_sight(l, c->name, c->pid)) {
	case LAUNCH_NO_ANSWER:
		return NULL;
	case LAUNCH_UNLISTED:
		return unlisted(c, l, a);
	case LAUNCH_BLIND:
		return c->silent > CRAFT_BLIND ? "it is silent" : NULL;
	case LAUNCH_LISTED:
		c->listed = true;
		*cancel = true;
		return c->slots && c->silent > CRAFT_STUCK
			? "it is silent, although its launcher has it"
			: NULL;
	}
	return NULL;
}
