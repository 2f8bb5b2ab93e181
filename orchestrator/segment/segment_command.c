#include "orchestrator/segment/segment_command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "catalogue/setting.h"
#include "orchestrator/sched/slot_log.h"

int segment_command_claim(struct segment_command *c, struct store *s,
	const struct segment_setup *command, const struct spec *spec,
	const struct spec_variant *v, const struct spec_entry *entry,
	const struct attempt_row *attempt, int64_t since, struct err *e)
{
	const char *run, *row;
	int rc = store_job_get(s, attempt->job, &c->row, e);

	if (!rc)
		rc = store_job_params(s, attempt->job, &c->params, &c->arena, e);
	if (!rc && setting_run(&c->params, &run, &row))
		rc = store_run_end(s, run, params_get(&c->params, "method"), row,
			&c->params, &c->arena, e);
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
		.params = &c->params,
		.resume = command->trainer->resume };
	c->follow = (struct follow){ .s = s,
		.job = attempt->job,
		.attempt = attempt->id,
		.folder = c->folder,
		.token = attempt->token,
		.form = { .variant = v,
			.task = params_get(&c->params, "task"),
			.embedded = !command->trainer->command },
		.start = attempt->start_epoch,
		.until = attempt->stop_epoch,
		.deterministic = command->trainer->deterministic,
		.since = since };
	return OK;
}

/* Of both calls: program, --folder, folder, --token, token. */
#define FRONT_WORDS 5

/* The adapter, and behind it the command. */
static const char *const *adapter_words(struct segment_command *c,
	const struct segment_setup *command, const char *devices)
{
	const struct spec_trainer *t = command->trainer;
	const char *const flags[] = { command->worker, "--folder", c->folder, "--token",
		c->job.attempt->token, "--stop-seconds",
		arena_printf(&c->arena, "%d", t->stop_seconds) };
	int n = COUNT(flags);
	const char **argv;
	int words = 0;

	while (t->command[words])
		words++;
	argv = NEW_ARRAY(&c->arena, const char *, n + words + 4);
	memcpy(argv, flags, sizeof(flags));
	if (devices) {
		argv[n++] = "--devices";
		argv[n++] = devices;
	}
	argv[n++] = "--";
	memcpy(argv + n, t->command, (size_t)words * sizeof(*argv));
	return argv;
}

/* deltam-worker itself, with everything that it would have read in the database. */
static const char *const *worker_words(
	struct segment_command *c, const struct segment_setup *command)
{
	const struct attempt_row *attempt = c->job.attempt;
	const char *const flags[] = { command->worker, "--folder", c->folder, "--token",
		attempt->token, "--until",
		arena_printf(&c->arena, "%d", attempt->stop_epoch),
		"--checkpoint-seconds",
		arena_printf(&c->arena, "%g", attempt->checkpoint_seconds) };
	int n = COUNT(flags);
	const char **argv = NEW_ARRAY(&c->arena, const char *, n + c->params.n + 1);

	memcpy(argv, flags, sizeof(flags));
	for (int i = 0; i < c->params.n; i++)
		argv[n + i] = arena_printf(
			&c->arena, "%s=%s", c->params.p[i].name, c->params.p[i].value);
	return argv;
}

void segment_command_task(struct segment_command *c,
	const struct segment_setup *command, const char *devices,
	struct sched_task *task)
{
	bool embedded = !command->trainer->command;

	task->argv = embedded ? worker_words(c, command)
			      : adapter_words(c, command, devices);
	task->folder = c->folder;
	task->words = task->argv + FRONT_WORDS;
	task->cwd = command->cwd;
	task->grace_seconds = embedded ? 0 : command->trainer->stop_seconds;
}

int segment_command_begin(struct segment_command *c, struct store *s, struct err *e)
{
	struct store_report *past;
	int n;
	int rc = store_report_attempts(
		s, c->row.id, c->job.attempt->id, &c->arena, &past, &n, e);

	return rc ? rc : folder_begin(&c->job, past, n, &c->follow.had_state, e);
}

int segment_command_resume(struct segment_command *c, struct store *s,
	const struct adopt_row *row, struct err *e)
{
	char report[FOLLOW_PATH_MAX];

	snprintf(report, sizeof(report), "%s/report.%s", c->folder, c->follow.token);
	if (access(report, F_OK) != 0) /* the last file that a beginning makes */
		return segment_command_begin(c, s, e);
	c->follow.had_state = row->attempt.start_epoch > 0;
	return follow_resume(&c->follow, row->read_bytes, row->device, e);
}

void segment_command_judge(
	const struct segment_command *c, const char *log, struct verdict *v)
{
	char line[512];

	slot_log_last_line(log, line, sizeof(line));
	verdict_of_report(&c->follow, line, v);
}

void segment_command_end(
	const struct segment_command *c, const struct segment_setup *command)
{
	const struct store_job_use use = { .known = true, .ended = c->ended };

	if (c->follow.state == FOLLOW_HOLE ||
		(c->ended && folder_may_go(command->trainer->keep, &use)))
		folder_remove(command->root, c->row.identity);
}

void segment_command_release(struct segment_command *c)
{
	arena_release(&c->arena);
}
