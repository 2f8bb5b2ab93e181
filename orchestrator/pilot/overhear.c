#include "orchestrator/pilot/overhear.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include "orchestrator/pilot/message.h"
#include "orchestrator/pilot/yard.h"

struct listener {
	struct overheard_task *task;
	int n;
	struct overheard *out;
	struct arena *a;
};

static void set_state(struct listener *x, const char *token, int state)
{
	for (int i = 0; i < x->n; i++)
		if (!strcmp(x->task[i].token, token))
			x->task[i].state = state;
}

/* Most lines are beats and news, and need no look. */
static bool is_of_interest(const char *line, size_t n)
{
	static const char *const front[] = { "{\"hello\"", "{\"begin\"", "{\"end\"",
		"{\"leaving\"" };

	for (int i = 0; i < COUNT(front); i++)
		if (n >= strlen(front[i]) && !strncmp(line, front[i], strlen(front[i])))
			return true;
	return false;
}

static void take_message(struct listener *x, const struct message *m)
{
	switch (m->kind) {
	case MESSAGE_HELLO:
		x->out->begun = true;
		x->out->host = arena_strdup(x->a, m->host);
		x->out->slots = (int)m->slots;
		break;
	case MESSAGE_BEGIN:
		set_state(x, m->token, OVERHEARD_WORKS);
		break;
	case MESSAGE_END:
		set_state(x, m->token, OVERHEARD_ENDED);
		break;
	case MESSAGE_LEAVING:
		x->out->left = arena_strdup(x->a, m->why);
		break;
	default:
		break;
	}
}

static int take_line(void *arg, const char *line, size_t n, struct err *e)
{
	struct listener *x = arg;
	struct arena a = { 0 };
	struct message m;
	int rc;

	if (!is_of_interest(line, n))
		return MAIL_TAKEN;
	rc = message_parse(&m, line, n, &a, e);
	if (!rc)
		take_message(x, &m);
	arena_release(&a);
	return rc ? rc : MAIL_TAKEN;
}

void overhear(const char *root, const char *name, double now,
	struct overheard_task *task, int n, struct overheard *out, struct arena *a)
{
	struct mail_in in = { 0 };
	struct listener x = { task, n, out, a };
	struct stat st;

	*out = (struct overheard){ .host = "", .silent = (double)NAN };
	yard_path(in.path, root, name, "out");
	(void)!mail_read(
		&in, take_line, &x, NULL); /* what could be read is what is known */
	if (!stat(in.path, &st))
		out->silent = fmax(0,
			now - (double)st.st_mtim.tv_sec -
				(double)st.st_mtim.tv_nsec / 1e9);
}
