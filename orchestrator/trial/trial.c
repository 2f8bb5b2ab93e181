#include "orchestrator/trial/trial.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/params.h"
#include "common/str.h"

#define RESUME_ADVICE \
	"load the state from the folder that the job names, or set \"resume\" to " \
	"false under \"trainer\""

/* The first epoch of an attempt is the one behind its state. */
static const char *wrong_first(const struct trial *t, int epoch)
{
	if (epoch == 1)
		return arena_printf(t->arena,
			"it starts over although epoch %d is done: " RESUME_ADVICE,
			t->done);
	if (epoch <= t->done)
		return arena_printf(t->arena,
			"epoch %d comes first, and the attempt before went to epoch "
			"%d: save the state at `until`",
			epoch, t->done);
	return arena_printf(t->arena,
		"epoch %d comes first, and epoch %d is the one behind its state", epoch,
		t->done + 1);
}

static const char *wrong_epoch(const struct trial *t, int epoch)
{
	if (t->epoch && epoch != t->epoch + 1)
		return arena_printf(t->arena,
			"epoch %d follows epoch %d: they come one by one", epoch,
			t->epoch);
	if (epoch > t->until)
		return arena_printf(t->arena,
			"epoch %d is beyond `until`, which is %d: leave there", epoch,
			t->until);
	if (!t->epoch && epoch != t->done + 1)
		return wrong_first(t, epoch);
	return NULL;
}

static void take_epoch(
	struct trial *t, const struct report_line *x, const char *diverged)
{
	t->fault = wrong_epoch(t, x->epoch);
	if (t->fault)
		return;
	if (t->nkept < TRIAL_KEPT)
		t->kept[t->nkept++] = *x;
	t->epoch = x->epoch;
	t->diverged = diverged;
}

static void take_line(struct trial *t, const struct report_line *x)
{
	switch (x->kind) {
	case REPORT_HELLO:
		if (t->line > 1)
			t->fault = "\"hello\" comes first";
		break;
	case REPORT_EPOCH:
		take_epoch(t, x, x->not_finite);
		break;
	case REPORT_DIVERGED:
		take_epoch(t, x, x->text);
		break;
	case REPORT_ERROR:
		t->error = x->text;
		break;
	case REPORT_BEAT:
		break;
	}
}

static void read_line(struct trial *t, const char *bytes, size_t n)
{
	struct report_line x;
	struct err why;

	t->line++;
	if (report_line_parse(&t->form, bytes, n, t->arena, &x, &why))
		t->fault = arena_printf(t->arena, "%s", why.msg);
	else
		take_line(t, &x);
	if (t->fault)
		t->fault =
			arena_printf(t->arena, "report line %d: %s", t->line, t->fault);
}

static void read_lines(struct trial *t, const char *bytes, size_t n)
{
	while (!t->fault && !t->diverged) {
		const char *newline = memchr(bytes, '\n', n);
		size_t used = newline ? (size_t)(newline - bytes) : 0;

		if (!newline)
			return;
		read_line(t, bytes, used);
		t->offset += (int64_t)used + 1;
		bytes += used + 1;
		n -= used + 1;
	}
}

static int64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_size;
}

int trial_read(struct trial *t, struct err *e)
{
	int fd = open(t->report, O_RDONLY | O_CLOEXEC);
	int64_t more = size_of(t->report) - t->offset;
	char *bytes;
	ssize_t n;

	if (fd < 0)
		return err_errno(e, "cannot read %s", t->report);
	if (more < 0)
		t->fault = "it has cut its report short: lines are appended";
	if (more > 0 && !t->fault && !t->diverged) {
		bytes = arena_alloc(t->arena, (size_t)more, 1);
		n = pread(fd, bytes, (size_t)more, t->offset);
		if (n > 0)
			read_lines(t, bytes, (size_t)n);
	}
	close(fd);
	return OK;
}

void trial_end(struct trial *t)
{
	if (t->fault || t->diverged)
		return;
	if (size_of(t->report) > t->offset)
		t->fault = arena_printf(
			t->arena, "report line %d: no newline ends it", t->line + 1);
	else if (!t->epoch && t->done)
		t->fault = arena_printf(t->arena,
			"it left with status 0 and trained nothing: its state is ahead "
			"of epoch %d, where its lines end; report first, then save",
			t->done);
	else if (!t->epoch)
		t->fault = "it left with status 0 and reported no epoch: lines go to "
			   "the file that the job names as `report`";
	else if (t->epoch < t->until)
		t->fault = arena_printf(t->arena,
			"it left with status 0 behind epoch %d, and `until` is %d",
			t->epoch, t->until);
}

static bool same_name(const struct metric_row *x, const struct metric_row *y)
{
	return !strcmp(x->split, y->split) && !strcmp(x->task, y->task) &&
		!strcmp(x->name, y->name);
}

static const struct report_line *kept_of(const struct trial *t, int epoch)
{
	for (int i = 0; i < t->nkept; i++)
		if (t->kept[i].epoch == epoch)
			return &t->kept[i];
	return NULL;
}

const char *trial_difference(
	const struct trial *of, const struct trial *other, int epoch, struct arena *a)
{
	const struct report_line *x = kept_of(of, epoch);
	const struct report_line *y = kept_of(other, epoch);
	char first[NUMBER_MAX];
	char second[NUMBER_MAX];

	for (int i = 0; x && y && i < x->metrics; i++) {
		const struct metric_row *m = &x->metric[i];

		for (int k = 0; k < y->metrics; k++)
			if (same_name(m, &y->metric[k]) &&
				m->value != y->metric[k].value)
				return arena_printf(a, "%s %s/%s is %s, then %s",
					m->split, m->task, m->name,
					number_format(m->value, first),
					number_format(y->metric[k].value, second));
	}
	return NULL;
}
