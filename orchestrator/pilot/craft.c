#include "orchestrator/pilot/craft.h"

#include <string.h>
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
	c->load -= t->slots;
}

bool craft_has_room(const struct craft *c)
{
	return c->state == CRAFT_WORKS && c->load < 2 * c->slots;
}

/* The lease. */

const char *craft_lease(const struct craft *c, const struct launch *l, bool *cancel)
{
	int patience = c->slots ? CRAFT_SILENT : CRAFT_BEGIN;
	enum launch_sight sight;

	*cancel = false;
	if (c->silent <= patience || c->state == CRAFT_ASKED)
		return NULL;
	sight = c->foreign ? LAUNCH_BLIND : launch_sight(l, c->name, c->pid);
	switch (sight) {
	case LAUNCH_NO_ANSWER:
		return NULL;
	case LAUNCH_UNLISTED:
		if (l->kind == LAUNCH_SLURM && l->answered <= c->asked)
			return NULL; /* the question is older than the pilot */
		return c->slots ? "it is silent, and its launcher does not know it"
				: "it never began, and its launcher does not know it";
	case LAUNCH_BLIND:
		return c->silent > CRAFT_BLIND ? "it is silent" : NULL;
	case LAUNCH_LISTED:
		*cancel = true;
		return c->slots && c->silent > CRAFT_STUCK
			? "it is silent, although its launcher has it"
			: NULL;
	}
	return NULL;
}
