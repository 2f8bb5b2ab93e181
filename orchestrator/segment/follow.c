#include "orchestrator/segment/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/log.h"
#include "common/plain_file.h"
#include "common/store/store_metric.h"

#define CHUNK_BYTES (2 * REPORT_LINE_MAX)

static void end(struct follow *f, enum follow_state state, const char *fmt, ...)
	PRINTF(3, 4);
static void end(struct follow *f, enum follow_state state, const char *fmt, ...)
{
	va_list ap;

	f->state = state;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

static void fault(struct follow *f, const char *what)
{
	end(f, FOLLOW_FAULT, "report line %d: %s", f->line, what);
}

/* Holes. */

static int read_closed(struct follow *f, const struct store_report *x, struct err *e)
{
	struct follow past = { .s = f->s,
		.job = f->job,
		.attempt = x->attempt,
		.folder = f->folder,
		.token = x->token,
		.form = f->form,
		.until = x->stop_epoch,
		.deterministic = f->deterministic,
		.offset = x->read_bytes,
		.closed = true };

	snprintf(past.device, sizeof(past.device), "%s", x->device);
	return follow_read(&past, e);
}

/* What earlier attempts reported and nobody read. */
static int read_past(struct follow *f, struct err *e)
{
	struct arena a = { 0 };
	struct store_report *past;
	int n;
	int rc = store_report_attempts(f->s, f->job, f->attempt, &a, &past, &n, e);

	for (int i = 0; !rc && i < n; i++)
		rc = read_closed(f, &past[i], e);
	arena_release(&a);
	return rc;
}

/* Epochs. */

/*
 * A trainer that begins at the first epoch although it was given a state, or had saved none
 * at the end of a segment, does so for ever.
 */
static int check_anew(struct follow *f, struct err *e)
{
	static const char advice[] =
		"it starts over although epochs are done: load the state from the "
		"folder that the job names, or set \"resume\" to false under "
		"\"trainer\"";
	bool well = false;
	int before = 0;
	int rc = store_report_ended_well(f->s, f->job, f->attempt, &well, e);

	if (rc || (!f->had_state && !well))
		return rc;
	rc = store_report_anew(f->s, f->job, f->since, &before, e);
	if (!rc && before)
		end(f, FOLLOW_FAULT, "%s", advice);
	else if (!rc)
		log_warn("run", "job=%lld %s", (long long)f->job, advice);
	return rc;
}

/* The first epoch of an attempt, beside the rows that there are. */
static int check_first(struct follow *f, int epoch, int *rows, struct err *e)
{
	int rc = OK;

	if (epoch > *rows + 1 && !f->closed) {
		rc = read_past(f, e);
		if (!rc)
			rc = store_report_rows(f->s, f->job, rows, e);
	}
	if (!rc && epoch > *rows + 1)
		end(f, FOLLOW_HOLE,
			"epoch %d comes first, but the rows end at epoch %d: the job "
			"starts over",
			epoch, *rows);
	else if (!rc && epoch == 1 && f->start > 0 && !f->closed)
		rc = check_anew(f, e);
	return rc;
}

/* Whether the line's epoch is the one that must come; *rows: the last that has rows. */
static int check_order(struct follow *f, int epoch, int *rows, struct err *e)
{
	char what[128] = "";
	int rc = store_report_rows(f->s, f->job, rows, e);

	if (rc)
		return rc;
	if (epoch > f->until)
		snprintf(what, sizeof(what),
			"epoch %d is beyond %d, where the segment ends", epoch,
			f->until);
	else if (f->epoch && epoch != f->epoch + 1)
		snprintf(what, sizeof(what), "epoch %d follows epoch %d", epoch,
			f->epoch);
	if (*what)
		fault(f, what);
	else if (!f->epoch)
		rc = check_first(f, epoch, rows, e);
	return rc;
}

/* Rows from this epoch on are of a state that is no more. */
static int replace(struct follow *f, int epoch, int rows, struct err *e)
{
	if (epoch > rows)
		return OK;
	if (f->deterministic) {
		f->again++;
		return OK;
	}
	f->again += rows - epoch + 1;
	return store_report_drop(f->s, f->job, epoch, e);
}

static int put_rows(struct follow *f, const struct report_line *x, struct err *e)
{
	int rc = OK;

	if (*f->device)
		rc = store_metric_set_class(f->s, f->job, f->device, e);
	if (!rc)
		rc = store_metrics_put(
			f->s, f->job, x->epoch, x->metric, x->metrics, e);
	if (!rc)
		rc = store_weights_put(
			f->s, f->job, x->epoch, x->weight, x->weights, e);
	return rc;
}

/* An epoch, or the one in which training left the finite numbers. */
static int take_epoch(struct follow *f, const struct report_line *x,
	const char *diverged, struct err *e)
{
	int rows = 0;
	int rc = check_order(f, x->epoch, &rows, e);

	if (rc || f->state != FOLLOW_ON)
		return rc;
	if (diverged && f->deterministic && x->epoch <= rows)
		return err_set(e, ERR_DETERMINISM,
			"job %lld has rows of epoch %d, and now it diverged in it: %s",
			(long long)f->job, x->epoch, diverged);
	rc = replace(f, x->epoch, rows, e);
	if (rc)
		return rc;
	if (diverged) {
		end(f, FOLLOW_DIVERGED, "%s", diverged);
		f->epoch = x->epoch;
		return OK;
	}
	rc = put_rows(f, x, e);
	f->dropped += x->dropped;
	f->epoch = x->epoch;
	f->epochs++;
	return rc;
}

/*
 * Rows of another device are not those that this one would compute: who trains makes them
 * anew, and what a dead attempt left unread is not added to them.
 */
static int take_hello(struct follow *f, const struct report_line *x, struct err *e)
{
	char before[STORE_DEVICE_MAX];
	int rows = 0;
	int rc;

	if (f->line > 1 || f->offset > 0) {
		fault(f, "\"hello\" comes first");
		return OK;
	}
	snprintf(f->device, sizeof(f->device), "%s", x->text);
	snprintf(f->software, sizeof(f->software), "%s", x->software);
	rc = store_report_rows(f->s, f->job, &rows, e);
	if (rc || !rows || !f->deterministic)
		return rc;
	rc = store_report_device(f->s, f->job, before, e);
	if (rc || !strcmp(before, f->device))
		return rc;
	if (f->closed) {
		end(f, FOLLOW_HOLE, "its rows are of device \"%s\"", f->device);
		return OK;
	}
	log_warn("run",
		"job=%lld its rows are of device \"%s\", this is \"%s\": "
		"starting over",
		(long long)f->job, before, f->device);
	rc = store_report_drop(f->s, f->job, 1, e);
	return rc ? rc : store_metric_clear(f->s, f->job, e);
}

static int take_line(struct follow *f, const struct report_line *x, struct err *e)
{
	switch (x->kind) {
	case REPORT_HELLO:
		return take_hello(f, x, e);
	case REPORT_EPOCH:
		return take_epoch(f, x, x->not_finite, e);
	case REPORT_DIVERGED:
		return take_epoch(f, x, x->text, e);
	case REPORT_ERROR:
		snprintf(f->error, sizeof(f->error), "%s", x->text);
		break;
	case REPORT_BEAT:
		break;
	}
	return OK;
}

/* Lines. */

/* Works in the arena, and leaves nothing there. */
static int read_line(
	struct follow *f, const char *bytes, size_t n, struct arena *a, struct err *e)
{
	struct arena_mark mark = arena_mark(a);
	struct report_line x;
	struct err why;
	int rc = OK;

	f->line++;
	if (n >= REPORT_LINE_MAX)
		fault(f, "longer than 1 MiB");
	else if (report_line_parse(&f->form, bytes, n, a, &x, &why))
		fault(f, why.msg);
	else
		rc = take_line(f, &x, e);
	arena_rewind(a, mark);
	return rc;
}

/* The whole lines of a chunk; *used: their bytes. */
static int read_lines(
	struct follow *f, const char *bytes, size_t n, size_t *used, struct err *e)
{
	struct arena a = { 0 };
	int rc = OK;

	(void)arena_alloc(&a, 1, 1); /* a chunk that rewinding keeps */
	*used = 0;
	while (!rc && f->state == FOLLOW_ON) {
		const char *start = bytes + *used;
		const char *newline = memchr(start, '\n', n - *used);

		if (!newline)
			break;
		rc = read_line(f, start, (size_t)(newline - start), &a, e);
		if (!rc && f->state != FOLLOW_FAULT)
			*used += (size_t)(newline - start) + 1;
	}
	if (!rc && f->state == FOLLOW_ON && n - *used >= REPORT_LINE_MAX) {
		f->line++;
		fault(f, "longer than 1 MiB");
	}
	arena_release(&a);
	return rc;
}

/* What has grown by `more` bytes. */
static int read_file(struct follow *f, int fd, int64_t more, struct err *e)
{
	struct arena a = { 0 };
	size_t size = more < (int64_t)CHUNK_BYTES ? (size_t)more : CHUNK_BYTES;
	char *chunk = arena_alloc(&a, size, 1);
	size_t used = 1;
	int rc = OK;

	while (!rc && used && f->state == FOLLOW_ON) {
		ssize_t n = pread(fd, chunk, size, f->offset);

		if (n < 0)
			rc = err_errno(e, "cannot read report.%s", f->token);
		else
			rc = read_lines(f, chunk, (size_t)n, &used, e);
		f->offset += rc ? 0 : (int64_t)used;
	}
	arena_release(&a);
	return rc;
}

static int read_report(struct follow *f, int fd, struct err *e)
{
	struct stat st;
	int rc = OK;

	if (fstat(fd, &st))
		return err_errno(e, "cannot read report.%s", f->token);
	if (st.st_size < f->offset)
		end(f, FOLLOW_FAULT, "its report was cut short");
	else if (st.st_size > f->offset)
		rc = read_file(f, fd, st.st_size - f->offset, e);
	return rc;
}

int follow_read(struct follow *f, struct err *e)
{
	char path[FOLLOW_PATH_MAX];
	int64_t before = f->offset;
	int again = f->again;
	int fd;
	int rc;

	if (f->state != FOLLOW_ON)
		return OK;
	snprintf(path, sizeof(path), "%s/report.%s", f->folder, f->token);
	fd = plain_file_open(path, O_RDONLY, 0);
	if (fd < 0 && errno == ENOENT && f->closed)
		return OK;
	if (fd < 0)
		return err_errno(e, "cannot read %s", path);
	rc = read_report(f, fd, e);
	close(fd);
	if (!rc && (f->offset != before || f->again != again))
		rc = store_report_read(
			f->s, f->attempt, f->offset, f->again - again, f->device, e);
	return rc;
}

/* How many lines the first `bytes` bytes hold, which messages name. */
static int count_lines(int fd, int64_t bytes)
{
	char buf[65536];
	int lines = 0;

	for (int64_t at = 0; at < bytes;) {
		size_t wanted = bytes - at < (int64_t)sizeof(buf) ? (size_t)(bytes - at)
								  : sizeof(buf);
		ssize_t n = pread(fd, buf, wanted, at);

		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n; i++)
			lines += buf[i] == '\n';
		at += n;
	}
	return lines;
}

int follow_resume(struct follow *f, int64_t bytes, const char *device, struct err *e)
{
	char path[FOLLOW_PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/report.%s", f->folder, f->token);
	fd = plain_file_open(path, O_RDONLY, 0);
	if (fd < 0)
		return err_errno(e, "cannot read %s", path);
	f->offset = bytes;
	f->line = count_lines(fd, bytes);
	snprintf(f->device, sizeof(f->device), "%s", device);
	close(fd);
	return OK;
}

int follow_end(struct follow *f, struct err *e)
{
	int rows = 0;
	int rc = store_report_rows(f->s, f->job, &rows, e);

	if (rc || f->state != FOLLOW_ON || f->epoch || rows >= f->until)
		return rc;
	rc = read_past(f, e);
	if (!rc)
		rc = store_report_rows(f->s, f->job, &rows, e);
	if (!rc && rows < f->until && f->had_state)
		end(f, FOLLOW_HOLE,
			"it had nothing to train, but the rows end at epoch %d of %d: "
			"the job starts over",
			rows, f->until);
	return rc;
}
