#include "orchestrator/run/segment_command.h"

#include <stdio.h>
#include <string.h>

#define TAIL_BYTES 4096

int segment_command_claim(struct segment_command *c, struct store *s,
	const struct dispatch_command *command, const struct spec *spec,
	const struct spec_variant *v, const struct spec_entry *entry,
	const struct attempt_row *attempt, int64_t since, struct err *e)
{
	int rc = store_job_get(s, attempt->job, &c->row, e);

	if (!rc)
		rc = store_job_params(s, attempt->job, &c->params, &c->arena, e);
	if (rc)
		return rc;
	folder_path(command->root, c->row.identity, c->folder);
	c->job = (struct folder_job){ .root = command->root,
		.home = command->home,
		.spec = spec,
		.entry = entry,
		.variant = v,
		.row = &c->row,
		.attempt = attempt,
		.params = &c->params };
	c->follow = (struct follow){ .s = s,
		.job = attempt->job,
		.attempt = attempt->id,
		.folder = c->folder,
		.token = attempt->token,
		.form = { v, params_get(&c->params, "task") },
		.start = attempt->start_epoch,
		.until = attempt->stop_epoch,
		.deterministic = spec->trainer->deterministic,
		.since = since };
	return OK;
}

void segment_command_task(struct segment_command *c,
	const struct dispatch_command *command, const struct spec_trainer *t,
	struct sched_task *task)
{
	const char *const flags[] = { command->worker, "--folder", c->folder, "--token",
		c->job.attempt->token, "--stop-seconds",
		arena_printf(&c->arena, "%d", t->stop_seconds), "--" };
	int n = (int)(sizeof(flags) / sizeof(flags[0]));
	const char **argv;
	int words = 0;

	while (t->command[words])
		words++;
	argv = NEW_ARRAY(&c->arena, const char *, n + words + 1);
	memcpy(argv, flags, sizeof(flags));
	memcpy(argv + n, t->command, (size_t)words * sizeof(*argv));
	task->argv = argv;
	task->cwd = command->cwd;
	task->grace_seconds = t->stop_seconds;
}

int segment_command_begin(struct segment_command *c, struct store *s, struct err *e)
{
	struct store_report *past;
	int n;
	int rc = store_report_attempts(
		s, c->row.id, c->job.attempt->id, &c->arena, &past, &n, e);

	return rc ? rc : folder_begin(&c->job, past, n, &c->follow.had_state, e);
}

/* The last line that says something, of a file that may be long. */
static void last_line(const char *path, char *line, size_t size)
{
	char tail[TAIL_BYTES + 1];
	FILE *f = fopen(path, "r");
	char *start;
	size_t n;

	*line = '\0';
	if (!f)
		return;
	if (fseek(f, -TAIL_BYTES, SEEK_END))
		rewind(f);
	n = fread(tail, 1, TAIL_BYTES, f);
	fclose(f);
	while (n > 0 && (unsigned char)tail[n - 1] <= ' ')
		n--;
	tail[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)tail[i] < ' ' && tail[i] != '\n')
			tail[i] = tail[i] == '\r' ? '\n' : ' ';
	start = strrchr(tail, '\n');
	snprintf(line, size, "%s", start ? start + 1 : tail);
}

void segment_command_judge(
	const struct segment_command *c, const char *log, struct verdict *v)
{
	char line[512];

	last_line(log, line, sizeof(line));
	verdict_of_report(&c->follow, line, v);
}

void segment_command_end(const struct segment_command *c,
	const struct dispatch_command *command, const struct spec_trainer *t)
{
	const struct store_job_use use = { .known = true, .ended = c->ended };

	if (c->follow.state == FOLLOW_HOLE ||
		(c->ended && folder_may_go(t->keep, &use)))
		folder_remove(command->root, c->row.identity);
}

void segment_command_release(struct segment_command *c)
{
	arena_release(&c->arena);
}
