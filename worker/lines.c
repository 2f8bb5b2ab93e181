#include "worker/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "common/bytes.h"
#include "common/plain_file.h"
#include "common/str.h"

int lines_parse(int argc, char **argv, struct lines_args *args, struct err *e)
{
	int64_t until = 0;
	int i = 1;

	for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
		bool good = true;

		if (!strcmp(argv[i], "--folder"))
			args->folder = argv[i + 1];
		else if (!strcmp(argv[i], "--token"))
			args->token = argv[i + 1];
		else if (!strcmp(argv[i], "--until"))
			good = integer_parse(argv[i + 1], &until) && until > 0 &&
				until < 1 << 30;
		else
			good = !strcmp(argv[i], "--checkpoint-seconds") &&
				number_parse(argv[i + 1], &args->checkpoint_seconds);
		if (!good)
			return err_set(e, ERR_USAGE, "%s %s: not understood", argv[i],
				argv[i + 1]);
	}
	args->until = (int)until;
	args->words = argv + i;
	if (args->folder && args->token && until && i < argc)
		return OK;
	return err_set(e, ERR_USAGE,
		"usage: deltam-worker --folder DIR --token TOKEN --until EPOCH "
		"[--checkpoint-seconds S] NAME=VALUE ...");
}

int lines_open(struct lines_out *l, const struct lines_args *args, struct err *e)
{
	char report[LINES_PATH_MAX];

	*l = (struct lines_out){ .fd = -1 };
	snprintf(report, sizeof(report), "%s/report.%s", args->folder, args->token);
	snprintf(l->state, sizeof(l->state), "%s/state.%s", args->folder, args->token);
	l->fd = plain_file_open(report, O_WRONLY | O_APPEND, 0);
	if (l->fd < 0)
		return err_set(
			e, ERR_STALE, "cannot write %s: %s", report, err_reason(errno));
	return OK;
}

void lines_close(struct lines_out *l)
{
	if (l->fd >= 0)
		close(l->fd);
	arena_release(&l->arena);
}

/* The line goes out in one piece where the system lets it, and is synced. */
static int put_line(struct lines_out *l, struct str *line, struct err *e)
{
	int rc = OK;

	str_put(line, "\n");
	if (bytes_write(l->fd, line->s, line->n))
		rc = err_errno(e, "cannot write the report");
	if (!rc && fdatasync(l->fd))
		rc = err_errno(e, "cannot sync the report");
	arena_release(&l->arena);
	return rc;
}

static struct str new_line(struct lines_out *l)
{
	return (struct str){ .arena = &l->arena };
}

static void put_number(struct str *line, double v)
{
	char buf[NUMBER_MAX];

	str_put(line, number_format(v, buf));
}

int lines_hello(
	struct lines_out *l, const char *device, const char *software, struct err *e)
{
	struct str line = new_line(l);

	str_put(&line, "{\"hello\": {\"device\": ");
	str_json(&line, device);
	str_put(&line, ", \"software\": ");
	str_json(&line, software);
	str_put(&line, "}}");
	return put_line(l, &line, e);
}

int lines_diverged(struct lines_out *l, int epoch, const char *why, struct err *e)
{
	struct str line = new_line(l);

	str_printf(&line, "{\"diverged\": %d, \"why\": ", epoch);
	str_json(&line, why);
	str_put(&line, "}");
	return put_line(l, &line, e);
}

/* Whether an equal split, or (task not NULL) task of it, came before row i. */
static bool seen(
	const struct epoch_rows *rows, int i, const char *split, const char *task)
{
	while (i-- > 0)
		if (!strcmp(rows->metric[i].split, split) &&
			(!task || !strcmp(rows->metric[i].task, task)))
			return true;
	return false;
}

static void put_task(struct str *line, const struct epoch_rows *rows, const char *split,
	const char *task)
{
	bool first = true;

	str_json(line, task);
	str_put(line, ": {");
	for (int i = 0; i < rows->metrics; i++) {
		const struct metric_row *m = &rows->metric[i];

		if (strcmp(m->split, split) != 0 || strcmp(m->task, task) != 0)
			continue;
		str_put(line, first ? "" : ", ");
		str_json(line, m->name);
		str_put(line, ": ");
		put_number(line, m->value);
		first = false;
	}
	str_put(line, "}");
}

static void put_split(
	struct str *line, const struct epoch_rows *rows, const char *split)
{
	bool first = true;

	str_json(line, split);
	str_put(line, ": {");
	for (int i = 0; i < rows->metrics; i++) {
		const struct metric_row *m = &rows->metric[i];

		if (strcmp(m->split, split) != 0 || seen(rows, i, split, m->task))
			continue;
		str_put(line, first ? "" : ", ");
		put_task(line, rows, split, m->task);
		first = false;
	}
	str_put(line, "}");
}

/* Splits that stand in the line itself; the others are below `more`. */
static bool is_plain(const char *split)
{
	return !strcmp(split, "train") || !strcmp(split, "val") ||
		!strcmp(split, "test");
}

static void put_splits(struct str *line, const struct epoch_rows *rows, bool plain)
{
	bool first = !plain;

	for (int i = 0; i < rows->metrics; i++) {
		const char *split = rows->metric[i].split;

		if (is_plain(split) != plain || seen(rows, i, split, NULL))
			continue;
		str_put(line, first ? "" : ", ");
		put_split(line, rows, split);
		first = false;
	}
}

static void put_weights(struct str *line, const struct epoch_rows *rows)
{
	static const char *const names[] = { "mean", "std", "loss_mean", "loss_std" };

	for (int i = 0; i < rows->weights; i++) {
		const struct weight_row *w = &rows->weight[i];
		const double v[] = { w->weight_mean, w->weight_std,
			w->weighted_loss_mean, w->weighted_loss_std };

		str_put(line, i ? ", " : "");
		str_json(line, w->task);
		for (int k = 0; k < 4; k++) {
			str_printf(line, "%s\"%s\": ", k ? ", " : ": {", names[k]);
			put_number(line, v[k]);
		}
		str_put(line, "}");
	}
}

int lines_epoch(struct lines_out *l, const struct epoch_rows *rows, struct err *e)
{
	struct str line = new_line(l);

	str_printf(&line, "{\"epoch\": %d", rows->epoch);
	put_splits(&line, rows, true);
	str_put(&line, ", \"weights\": {");
	put_weights(&line, rows);
	str_put(&line, "}, \"more\": {");
	put_splits(&line, rows, false);
	str_put(&line, "}}");
	return put_line(l, &line, e);
}
