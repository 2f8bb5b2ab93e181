#include "orchestrator/pilot/flight.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "common/log.h"

#define BEAT_TICKS 10
#define LONELY_TICKS 600
#define DEAF_TICKS 60 /* `out` cannot be written */

/* A segment that deltam wants, from its line to its end; its token stays known. */
struct errand {
	struct errand *next; /* in the order of their lines */
	enum { ERRAND_WAITS, ERRAND_RUNS, ERRAND_OVER } state;
	bool kept; /* this deltam has named it */
	bool stopped; /* nobody wants it any more */
	char token[SCHED_TOKEN_MAX];
	struct arena arena;
	struct sched_task task;
	struct places_taken place;
};

/* What it says. */

void flight_say(struct flight *f, const struct message *m)
{
	struct arena a = { 0 };

	mail_put(&f->out, message_text(m, &a));
	arena_release(&a);
}

void flight_flush(struct flight *f)
{
	struct err e;

	if (!mail_flush(&f->out, &e))
		f->deaf = 0;
	else if (f->deaf++ == 0)
		log_warn("pilot", "%s", e.msg);
}

static int64_t report_bytes(const struct sched_task *task)
{
	char path[MAIL_PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/report.%s", task->folder, task->token);
	return stat(path, &st) ? -1 : (int64_t)st.st_size;
}

static void say_end(struct flight *f, const struct sched_end *end)
{
	struct message m;

	message_of_end(&m, end);
	m.bytes = report_bytes(end->task);
	flight_say(f, &m);
}

static void leave(struct flight *f, const char *why)
{
	if (!f->leaving)
		f->leaving = why;
}

/* Errands. */

static struct errand *find_errand(const struct flight *f, const char *token)
{
	struct errand *x = f->errands;

	while (x && strcmp(x->token, token) != 0)
		x = x->next;
	return x;
}

/* One that has not begun ends as one that was interrupted at once. */
static void end_waiting(struct flight *f, struct errand *x)
{
	const struct sched_end end = {
		.task = &x->task, .why = SCHED_STOPPED, .status = PROTO_INTERRUPTED
	};

	x->state = ERRAND_OVER;
	say_end(f, &end);
	arena_release(&x->arena);
}

static void stop_errand(struct flight *f, struct errand *x)
{
	if (x->state == ERRAND_WAITS)
		end_waiting(f, x);
	else
		x->stopped = true;
}

/* The call of deltam-worker: its words, behind the GPUs that it may see. */
static const char *const *call(
	const struct flight *f, struct errand *x, const struct message *m)
{
	const char *const front[] = { f->worker, "--folder", x->task.folder, "--token",
		x->token };
	int words = 0;
	const char **argv;

	while (m->argv[words])
		words++;
	argv = NEW_ARRAY(&x->arena, const char *, COUNT(front) + words + 3);
	memcpy(argv, front, sizeof(front));
	for (int i = 0; i < words; i++)
		argv[COUNT(front) + i] = arena_strdup(&x->arena, m->argv[i]);
	return argv;
}

static const char *below_root(const struct flight *f, const char *path, struct arena *a)
{
	return *path == '/' ? arena_strdup(a, path)
			    : arena_printf(a, "%s/%s", f->root, path);
}

static void fill_errand(
	const struct flight *f, struct errand *x, const struct message *m)
{
	x->task = (struct sched_task){ .limit_seconds = m->limit_seconds,
		.quiet_seconds = m->quiet_seconds,
		.leave_seconds = m->leave_seconds,
		.grace_seconds = m->grace_seconds,
		.slots = (int)m->slots,
		.folder = below_root(f, m->folder, &x->arena),
		.cwd = *m->cwd ? below_root(f, m->cwd, &x->arena) : NULL,
		.log = *m->log ? below_root(f, m->log, &x->arena) : NULL,
		.data = x };
	memcpy(x->task.token, x->token, sizeof(x->token));
	x->task.argv = call(f, x, m);
}

/* A line `start`: new, or named again by a successor. */
static int take_start(struct flight *f, const struct message *m, struct err *e)
{
	struct errand *x = find_errand(f, m->token);
	int rc;

	if (x) {
		x->kept = true;
		return OK;
	}
	x = NEW(&f->arena, struct errand);
	snprintf(x->token, sizeof(x->token), "%s", m->token);
	x->kept = true;
	fill_errand(f, x, m);
	rc = yard_check_own(x->task.folder, e);
	*f->last = x;
	f->last = &x->next;
	return rc;
}

/* A successor has named all that it goes on with. */
static void drop_unnamed(struct flight *f)
{
	if (f->named)
		return;
	f->named = true;
	for (struct errand *x = f->errands; x; x = x->next)
		if (!x->kept && x->state != ERRAND_OVER)
			stop_errand(f, x);
}

/* What it hears. */

static int take_message(struct flight *f, const struct message *m, struct err *e)
{
	struct errand *x;

	f->lonely = 0;
	switch (m->kind) {
	case MESSAGE_PILOT:
		return OK;
	case MESSAGE_ALIVE:
		drop_unnamed(f);
		return OK;
	case MESSAGE_START:
		return take_start(f, m, e);
	case MESSAGE_STOP:
		x = find_errand(f, m->token);
		if (x && x->state != ERRAND_OVER)
			stop_errand(f, x);
		return OK;
	case MESSAGE_LEAVE:
		leave(f, "told");
		return OK;
	default:
		return err_set(e, ERR_SPEC, "a line of a pilot, not of deltam");
	}
}

static int take_line(void *arg, const char *line, size_t n, struct err *e)
{
	struct flight *f = arg;
	struct arena a = { 0 };
	struct message m;
	int rc = message_parse(&m, line, n, &a, e);

	if (!rc)
		rc = take_message(f, &m, e);
	arena_release(&a);
	return rc ? rc : MAIL_TAKEN;
}

void flight_look_for_successor(struct flight *f)
{
	int newest = yard_newest(f->root, f->name, f->serial);

	if (newest <= f->serial)
		return;
	f->serial = newest;
	f->named = false;
	f->in = (struct mail_in){ 0 };
	yard_in_path(f->in.path, f->root, f->name, newest);
	for (struct errand *x = f->errands; x; x = x->next)
		x->kept = false;
}

static void listen(struct flight *f)
{
	struct err e;
	int rc;

	flight_look_for_successor(f);
	rc = yard_check_own(f->in.path, &e);
	if (!rc)
		rc = mail_read(&f->in, take_line, f, &e);
	if (!rc ||
		rc == ERR_SYS) /* a file system that is away comes back, or we leave alone */
		return;
	log_error("pilot", "%s", e.msg);
	snprintf(f->text, sizeof(f->text), "%.500s", e.msg);
	leave(f, "failed");
}

/* Ops of the scheduler. */

static void over(struct flight *f, const struct sched_end *end)
{
	struct errand *x = end->task->data;

	places_give(&f->places, &x->place);
	say_end(f, end);
	flight_flush(f);
	x->state = ERRAND_OVER;
	arena_release(&x->arena);
}

/* The GPUs of a command stand in front of its words. */
static void add_devices(const struct flight *f, struct errand *x)
{
	const char *devices = places_devices(&f->places, &x->place, &x->arena);
	const char **argv = (const char **)(uintptr_t)x->task.argv;
	int n = 0;
	int at = 0;

	while (argv[n])
		n++;
	while (argv[at] && strcmp(argv[at], "--") != 0)
		at++;
	if (!devices || !argv[at])
		return;
	memmove(argv + at + 2, argv + at, (size_t)(n - at) * sizeof(*argv));
	argv[at] = "--devices";
	argv[at + 1] = devices;
}

/* The first that waits begins, or nobody: small ones may not keep a large one waiting. */
static bool begin_next(struct flight *f, struct sched_task *next)
{
	struct errand *x = f->errands;

	while (x && x->state != ERRAND_WAITS)
		x = x->next;
	if (!x || !places_take(&f->places, x->task.slots, &x->place))
		return false;
	add_devices(f, x);
	x->state = ERRAND_RUNS;
	*next = x->task;
	return true;
}

static int turn(
	void *arg, const struct sched_end *end, struct sched_task *next, struct err *e)
{
	struct flight *f = arg;

	(void)e;
	if (end)
		over(f, end);
	if (!next)
		return SCHED_NOTHING;
	return !f->leaving && begin_next(f, next) ? SCHED_TASK : SCHED_LATER;
}

/* Its line goes with the next tick's: nobody but people wants to know it sooner. */
static void on_start(void *arg, const struct sched_task *task, int pid)
{
	const struct message m = {
		.kind = MESSAGE_BEGIN, .token = task->token, .pid = pid
	};

	flight_say(arg, &m);
}

static int on_news(void *arg, const struct sched_task *task, struct err *e)
{
	struct flight *f = arg;
	const struct message m = {
		.kind = MESSAGE_NEWS, .token = task->token, .bytes = report_bytes(task)
	};

	(void)e;
	flight_say(f, &m);
	return 0;
}

static void on_tick(void *arg)
{
	struct flight *f = arg;
	const struct message beat = { .kind = MESSAGE_BEAT, .number = f->ticks };

	listen(f);
	if (++f->lonely > LONELY_TICKS)
		leave(f, "alone");
	if (f->ticks++ % BEAT_TICKS == 0)
		flight_say(f, &beat);
	flight_flush(f);
	f->dead = f->deaf > DEAF_TICKS;
}

static enum sched_leave on_leave(void *arg)
{
	const struct flight *f = arg;

	return f->dead ? SCHED_KILL : f->leaving ? SCHED_LEAVE : SCHED_STAY;
}

static bool is_wanted(void *arg, const struct sched_task *task)
{
	const struct errand *x = task->data;

	(void)arg;
	return !x->stopped;
}

const struct sched_ops flight_ops = { .turn = turn,
	.started = on_start,
	.news = on_news,
	.tick = on_tick,
	.leave = on_leave,
	.wanted = is_wanted };

void flight_end_waiting(struct flight *f)
{
	for (struct errand *x = f->errands; x; x = x->next)
		if (x->state == ERRAND_WAITS)
			end_waiting(f, x);
}

void flight_release(struct flight *f)
{
	for (struct errand *x = f->errands; x; x = x->next)
		arena_release(&x->arena);
	mail_out_release(&f->out);
	places_release(&f->places);
	arena_release(&f->arena);
}
