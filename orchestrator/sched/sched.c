#include "orchestrator/sched/sched.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>
#include "common/arena.h"
#include "common/crash.h"
#include "common/log.h"
#include "orchestrator/sched/slot_log.h"

#define TICK_MS 1000
#define SILENT_SECONDS 60
#define GRACE_SECONDS 60
#define SIGNALS 4
#define LOOP_DESCRIPTORS 8 /* more than a loop with its signals takes */

enum slot_state {
	SLOT_FREE,
	SLOT_RUNNING,
	SLOT_STOPPING, /* SIGTERM sent */
	SLOT_KILLED, /* SIGKILL sent */
	SLOT_IDLE, /* its worker waits for a task */
	SLOT_LEAVING, /* its worker has been told that there is none */
	SLOT_CLOSING, /* the process is gone, its handles are closing */
	SLOT_STATES
};

#define TO(state) (1U << SLOT_##state)
static const unsigned transitions[SLOT_STATES] = {
	[SLOT_FREE] = TO(RUNNING) | TO(CLOSING),
	[SLOT_RUNNING] = TO(STOPPING) | TO(KILLED) | TO(CLOSING) | TO(IDLE),
	[SLOT_STOPPING] = TO(KILLED) | TO(CLOSING),
	[SLOT_KILLED] = TO(CLOSING),
	[SLOT_IDLE] = TO(RUNNING) | TO(LEAVING) | TO(CLOSING),
	[SLOT_LEAVING] = TO(KILLED) | TO(CLOSING),
	[SLOT_CLOSING] = TO(FREE),
};
#undef TO

struct sched;

struct slot {
	struct sched *sched;
	enum slot_state state;
	uv_process_t process;
	uv_pipe_t pipe;
	int open; /* handles that are not closed yet */
	bool at_task; /* one that has not ended */
	bool done; /* its worker said so */
	struct sched_task task;
	struct sched_task next; /* where held: comes when the slot can take it */
	bool held;
	struct sched_end end;
	struct proto_reader reader;
	char bytes[4096]; /* what libuv reads into */
	uint64_t began; /* uv_hrtime() */
	struct slot_log log; /* takes the worker's stderr */
	int alive_ticks;
	int silent_ticks;
	int quiet_ticks;
	int64_t log_size; /* when it was looked at last */
	int stopping_ticks;
};

struct sched {
	const struct sched_options *o;
	const struct sched_ops *ops;
	void *arg;
	uv_loop_t loop;
	uv_timer_t timer;
	bool looping; /* loop and timer are there */
	uv_signal_t signals[SIGNALS];
	int watched; /* how many of the signals */
	struct slot *slots;
	int busy; /* slots with a task, or one that is closing behind it */
	int interrupts;
	bool stopping;
	bool later; /* the last turn said that it was too early */
	struct err *e; /* the first error */
	int rc;
};

static void start(struct slot *slot);
static void fill(struct sched *s);
static void finish(struct sched *s);

static void slot_set(struct slot *slot, enum slot_state state)
{
	ASSERT(transitions[slot->state] & (1U << state));
	slot->state = state;
}

static double tick_seconds(const struct sched *s)
{
	return (s->o->tick_ms ? s->o->tick_ms : TICK_MS) / 1000.0;
}

/* A signal to all that a task of its own (argv) has started, and to nobody else. */
static void signal_group(const struct slot *slot, int signal)
{
	if (slot->task.argv && slot->end.pid > 0)
		(void)kill(-slot->end.pid, signal);
}

/* A signal to a worker that runs; one that is gone already will be reaped. */
static void signal_slot(struct slot *slot, int signal)
{
	int rc = uv_process_kill(&slot->process, signal);

	if (rc && rc != UV_ESRCH)
		log_warn("sched", "cannot signal worker %d: %s", slot->end.pid,
			uv_strerror(rc));
}

static void kill_slot(struct slot *slot, enum sched_why why)
{
	if (slot->state != SLOT_RUNNING && slot->state != SLOT_STOPPING &&
		slot->state != SLOT_LEAVING)
		return;
	slot_set(slot, SLOT_KILLED);
	if (slot->end.why != SCHED_ENOUGH)
		slot->end.why = why;
	signal_slot(slot, SIGKILL);
	signal_group(slot, SIGKILL);
}

/* Asks a worker that is at it to leave. */
static void ask_to_leave(struct slot *slot, enum sched_why why)
{
	slot_set(slot, SLOT_STOPPING);
	slot->end.why = why;
	signal_slot(slot, SIGTERM);
}

static void on_closed(uv_handle_t *handle);

/* The end of the stream: a worker that waits leaves. */
static void let_go(struct slot *slot)
{
	slot_set(slot, SLOT_LEAVING);
	slot->stopping_ticks = 0;
	uv_close((uv_handle_t *)&slot->pipe, on_closed);
}

static void let_idle_go(struct sched *s)
{
	for (int i = 0; i < s->o->workers; i++)
		if (s->slots[i].state == SLOT_IDLE)
			let_go(&s->slots[i]);
}

/* Begins no new work, and asks those at work to leave. */
static void stop(struct sched *s)
{
	s->stopping = true;
	let_idle_go(s);
	for (int i = 0; i < s->o->workers; i++) {
		struct slot *slot = &s->slots[i];

		if (slot->state == SLOT_RUNNING)
			ask_to_leave(slot, SCHED_STOPPED);
	}
}

/* Keeps the first error; an rc of OK changes nothing. */
static void check(struct sched *s, int rc, const struct err *e)
{
	if (rc >= 0)
		return;
	if (s->rc == OK) {
		s->rc = rc;
		if (s->e)
			*s->e = *e;
	}
	stop(s);
}

/*
 * The caller learns from what ended (NULL: nothing has), and the slot holds what is next.
 * Whether it does.
 */
static bool turn(struct slot *slot, const struct sched_end *end)
{
	struct sched *s = slot->sched;
	struct err e = { 0 };
	int rc = s->ops->turn(s->arg, end, s->stopping ? NULL : &slot->next, &e);

	slot->held = rc == SCHED_TASK;
	s->later = rc == SCHED_LATER;
	check(s, rc, &e);
	return slot->held;
}

/* The next task becomes the slot's task. */
static void take_next(struct slot *slot)
{
	slot->task = slot->next;
	slot->held = false;
	slot->end = (struct sched_end){ .task = &slot->task };
}

/* The run stops before what the slot holds has begun. */
static void give_back(struct slot *slot)
{
	take_next(slot);
	slot->end.why = SCHED_STOPPED;
	slot->end.status = PROTO_INTERRUPTED;
	turn(slot, &slot->end);
}

static void on_closed(uv_handle_t *handle)
{
	struct slot *slot = handle->data;
	struct sched *s = slot->sched;

	if (--slot->open > 0)
		return;
	slot_set(slot, SLOT_FREE);
	s->busy--;
	if (slot->held && s->stopping)
		give_back(slot);
	else if (slot->held)
		start(slot);
	fill(s);
}

/* A handle that uv_spawn never saw must not be closed: process.type tells. */
static void close_slot(struct slot *slot)
{
	slot_set(slot, SLOT_CLOSING);
	if (!uv_is_closing((uv_handle_t *)&slot->pipe))
		uv_close((uv_handle_t *)&slot->pipe, on_closed);
	if (slot->process.type == UV_PROCESS)
		uv_close((uv_handle_t *)&slot->process, on_closed);
}

/* The caller reads what the task's trainer reports. */
static void on_news(struct slot *slot)
{
	struct sched *s = slot->sched;
	struct err e = { 0 };
	int rc = s->ops->news && slot->task.argv && slot->at_task
		? s->ops->news(s->arg, &slot->task, &e)
		: 0;

	slot->quiet_ticks = 0;
	check(s, rc, &e);
	if (rc > 0 && slot->state == SLOT_RUNNING)
		ask_to_leave(slot, SCHED_ENOUGH);
}

static void on_line(const struct proto_line *line, void *arg)
{
	struct slot *slot = arg;
	struct sched *s = slot->sched;

	switch (line->kind) {
	case PROTO_HELLO:
		snprintf(slot->end.kernel_class, sizeof(slot->end.kernel_class), "%s",
			line->kernel_class);
		snprintf(slot->end.build, sizeof(slot->end.build), "%s", line->build);
		break;
	case PROTO_BEAT:
		break;
	case PROTO_NEWS:
		on_news(slot);
		break;
	case PROTO_EPOCH:
		slot->quiet_ticks = 0;
		if (s->ops->epoch)
			s->ops->epoch(s->arg, &slot->task, line->epoch);
		break;
	case PROTO_SPENT:
		slot->end.spent = true;
		slot->end.cpu_seconds = line->cpu_seconds;
		slot->end.peak_bytes = line->peak_bytes;
		break;
	case PROTO_LINE_DIVERGED:
		slot->end.diverged_epoch = line->epoch;
		snprintf(slot->end.text, sizeof(slot->end.text), "%s", line->text);
		break;
	case PROTO_ERROR:
		snprintf(slot->end.text, sizeof(slot->end.text), "%s", line->text);
		break;
	case PROTO_LINE_DONE:
		slot->done = true;
		break;
	}
	slot->silent_ticks = 0;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct slot *slot = handle->data;

	(void)suggested;
	*buf = uv_buf_init(slot->bytes, sizeof(slot->bytes));
}

/*
 * What the worker wrote before it died and the loop has not delivered. Bounded: a
 * process that inherited the pipe may go on writing for ever.
 */
static void drain(struct slot *slot)
{
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&slot->pipe, &fd))
		return;
	for (int i = 0; i < 256; i++) {
		ssize_t n = read(fd, slot->bytes, sizeof(slot->bytes));

		if (n <= 0)
			return;
		proto_feed(&slot->reader, slot->bytes, (size_t)n, on_line, slot);
	}
}

static void report_end(struct slot *slot)
{
	slot->at_task = false;
	slot->end.torn = slot->reader.torn;
	slot_log_keep(&slot->log, slot->task.log);
	turn(slot, &slot->end);
}

static double seconds_since(uint64_t began)
{
	return (double)(uv_hrtime() - began) / 1e9;
}

/* The task is done, its worker still there. */
static void on_done(struct slot *slot)
{
	slot->done = false;
	slot->end.why = SCHED_EXITED;
	slot->end.status = PROTO_DONE;
	slot->end.seconds = seconds_since(slot->began);
	slot_set(slot, SLOT_IDLE);
	report_end(slot);
	if (slot->state == SLOT_IDLE && slot->log.fd < 0)
		let_go(slot);
	else if (slot->held)
		start(slot);
	fill(slot->sched);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct slot *slot = stream->data;

	if (n > 0)
		proto_feed(&slot->reader, buf->base, (size_t)n, on_line, slot);
	else if (n < 0)
		uv_read_stop(stream);
	if (slot->done && slot->state == SLOT_RUNNING)
		on_done(slot);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
	struct slot *slot = process->data;

	signal_group(slot, SIGKILL); /* whom its leader left behind */
	if (!slot->at_task) {
		close_slot(slot);
		return;
	}
	drain(slot);
	slot->end.seconds = seconds_since(slot->began);
	slot->end.status = (int)status;
	slot->end.signal = signal;
	if (slot->state == SLOT_RUNNING)
		slot->end.why = signal ? SCHED_SIGNALLED : SCHED_EXITED;
	close_slot(slot);
	report_end(slot);
}

static int spawn(struct slot *slot)
{
	struct sched *s = slot->sched;
	char job[24];
	const char *args[] = { s->o->worker, "--db", s->o->db, "--job", job, "--token",
		slot->task.token, NULL };
	const char *const *argv = slot->task.argv ? slot->task.argv : args;
	uv_stdio_container_t stdio[PROTO_FD + 1] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = slot->log.fd },
		{ .flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&slot->pipe },
	};
	/* A session of its own: Ctrl-C on the terminal is ours to pass on. */
	uv_process_options_t options = { .file = argv[0],
		.args = (char **)(uintptr_t)argv, /* never written to */
		.cwd = slot->task.cwd,
		.exit_cb = on_process_exit,
		.stdio = stdio,
		.stdio_count = PROTO_FD + 1,
		.flags = UV_PROCESS_DETACHED };

	snprintf(job, sizeof(job), "%lld", (long long)slot->task.job);
	return uv_spawn(&s->loop, &slot->process, &options);
}

/* `what` and the negated errno that libuv has for it. */
static void start_failed(struct slot *slot, const char *what, const char *path, int rc)
{
	struct sched *s = slot->sched;
	struct err e = { 0 };

	slot->end.why = SCHED_NOT_STARTED;
	snprintf(slot->end.text, sizeof(slot->end.text), "cannot %s %s: %s", what, path,
		err_reason(-rc));
	check(s, err_set(&e, ERR_SYS, "%s", slot->end.text), &e);
	close_slot(slot);
	report_end(slot);
}

/* The slot's process has slot->task. */
static void at_work(struct slot *slot)
{
	struct sched *s = slot->sched;

	slot_set(slot, SLOT_RUNNING);
	slot->at_task = true;
	slot->end.pid = slot->process.pid;
	crash_point("spawn.after");
	if (s->ops->started)
		s->ops->started(s->arg, &slot->task, slot->end.pid);
}

static void start_process(struct slot *slot)
{
	struct sched *s = slot->sched;
	bool logged = false;
	int rc = slot_log_open(&slot->log, s->o->logs, (int)(slot - s->slots));

	slot->process.data = slot->pipe.data = slot;
	s->busy++;
	uv_pipe_init(&s->loop, &slot->pipe, 0);
	slot->process.type = UV_UNKNOWN_HANDLE;
	if (!rc) {
		logged = true;
		rc = spawn(slot);
	}
	slot->open = slot->process.type == UV_PROCESS ? 2 : 1;
	if (rc) {
		start_failed(slot, logged ? "start" : "make",
			logged ? s->o->worker : slot->log.path, rc);
		return;
	}
	at_work(slot);
	uv_read_start((uv_stream_t *)&slot->pipe, on_alloc, on_read);
}

/*
 * Hands the task to a worker that waits. A worker that is gone will be reaped, and this
 * task with it.
 */
static void hand_over(struct slot *slot)
{
	char line[SCHED_TOKEN_MAX + 32];
	int n = snprintf(line, sizeof(line), "%lld %s\n", (long long)slot->task.job,
		slot->task.token);
	uv_os_fd_t fd;

	at_work(slot);
	if (uv_fileno((uv_handle_t *)&slot->pipe, &fd) ||
		send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		kill_slot(slot, SCHED_SILENT);
}

/* What the slot holds begins. */
static void start(struct slot *slot)
{
	take_next(slot);
	slot->reader = (struct proto_reader){ 0 };
	slot->alive_ticks = slot->silent_ticks = slot->stopping_ticks = 0;
	slot->quiet_ticks = 0;
	slot->log_size = 0;
	slot->began = uv_hrtime();
	if (slot->state == SLOT_IDLE)
		hand_over(slot);
	else
		start_process(slot);
}

/* A slot that can take a task, rather one whose worker is there; NULL: none. */
static struct slot *open_slot(struct sched *s)
{
	struct slot *found = NULL;

	for (int i = 0; i < s->o->workers; i++) {
		struct slot *slot = &s->slots[i];

		if (slot->state == SLOT_IDLE)
			return slot;
		if (slot->state == SLOT_FREE && !found)
			found = slot;
	}
	return found;
}

static bool any_task(const struct sched *s)
{
	for (int i = 0; i < s->o->workers; i++)
		if (s->slots[i].state != SLOT_FREE && s->slots[i].state != SLOT_IDLE)
			return true;
	return false;
}

/* Whether a task is at work that needs the memory of several slots. */
static bool any_wide(const struct sched *s)
{
	for (int i = 0; i < s->o->workers; i++)
		if (s->slots[i].at_task && s->slots[i].task.slots > 1)
			return true;
	return false;
}

/*
 * Puts work into every open slot; ends the loop when there is none and none is out. Where
 * it is too early for what there is, the next tick comes here again.
 */
static void fill(struct sched *s)
{
	struct slot *slot;

	while (!s->stopping && (slot = open_slot(s)) && turn(slot, NULL))
		start(slot);
	if (!any_task(s) || any_wide(s))
		let_idle_go(s);
	if (s->busy == 0 && (s->stopping || !s->later))
		finish(s);
}

/* Output that has come since the last look is a sign of work. */
static bool is_quiet(struct slot *slot)
{
	int64_t size = slot_log_size(&slot->log);

	if (size != slot->log_size)
		slot->quiet_ticks = 0;
	slot->log_size = size;
	return ++slot->quiet_ticks * tick_seconds(slot->sched) >
		slot->task.quiet_seconds;
}

static bool is_wanted(const struct slot *slot)
{
	const struct sched *s = slot->sched;

	return !s->ops->wanted || s->ops->wanted(s->arg, &slot->task);
}

static void tick_slot(struct slot *slot)
{
	const struct sched *s = slot->sched;
	double tick = tick_seconds(s);
	double silent =
		s->o->silent_seconds > 0 ? s->o->silent_seconds : SILENT_SECONDS;
	double grace = s->o->grace_seconds > 0 ? s->o->grace_seconds : GRACE_SECONDS;
	double limit = slot->task.limit_seconds;
	double leave = slot->task.leave_seconds;
	double alive;

	if ((slot->state == SLOT_STOPPING || slot->state == SLOT_LEAVING) &&
		++slot->stopping_ticks * tick > grace + slot->task.grace_seconds)
		kill_slot(slot, SCHED_STOPPED);
	if (slot->state != SLOT_RUNNING)
		return;
	alive = ++slot->alive_ticks * tick;
	if (limit > 0 && alive > limit)
		kill_slot(slot, SCHED_TIMEOUT);
	else if ((leave > 0 && alive > leave) || !is_wanted(slot))
		ask_to_leave(slot, SCHED_ENOUGH);
	else if (++slot->silent_ticks * tick > silent)
		kill_slot(slot, SCHED_SILENT);
	else if (slot->task.quiet_seconds > 0 && is_quiet(slot))
		kill_slot(slot, SCHED_QUIET);
}

static void interrupt(struct sched *s)
{
	struct err e = { 0 };

	check(s,
		err_set(&e, ERR_INTERRUPTED, "interrupted; the same command continues"),
		&e);
}

static void kill_all(struct sched *s)
{
	for (int i = 0; i < s->o->workers; i++)
		kill_slot(&s->slots[i], SCHED_STOPPED);
}

/* Whether the caller wants all to leave. */
static void look_whether_to_leave(struct sched *s)
{
	enum sched_leave wanted = s->ops->leave ? s->ops->leave(s->arg) : SCHED_STAY;

	if (wanted != SCHED_STAY && !s->stopping)
		interrupt(s);
	if (wanted == SCHED_KILL)
		kill_all(s);
}

static void on_tick(uv_timer_t *timer)
{
	struct sched *s = timer->data;

	for (int i = 0; i < s->o->workers; i++)
		tick_slot(&s->slots[i]);
	if (s->ops->tick)
		s->ops->tick(s->arg);
	look_whether_to_leave(s);
	if (s->later)
		fill(s);
}

static void signal_all(struct sched *s, int signal)
{
	for (int i = 0; i < s->o->workers; i++)
		if (s->slots[i].state != SLOT_FREE &&
			s->slots[i].state != SLOT_CLOSING) {
			signal_slot(&s->slots[i], signal);
			signal_group(&s->slots[i], signal);
		}
}

/*
 * Ctrl-Z. Workers have sessions of their own, so the terminal does not reach them: they
 * stop and go on with us. Whoever ignores the signal (nohup) is not stopped by it.
 */
static void on_suspend(uv_signal_t *handle, int signal)
{
	struct sched *s = handle->data;

	(void)signal;
	signal_all(s, SIGSTOP);
	raise(SIGSTOP);
	signal_all(s, SIGCONT);
}

/*
 * nohup ignores SIGHUP so that we outlive the terminal, and a shell without job control
 * SIGTSTP: they stay ignored. SIGINT does not, because such a shell ignores it for
 * everything behind `&`, and then nothing but SIGTERM could interrupt a run.
 */
static bool stays_ignored(int signal)
{
	struct sigaction old;

	return (signal == SIGHUP || signal == SIGTSTP) &&
		sigaction(signal, NULL, &old) == 0 && old.sa_handler == SIG_IGN;
}

static void on_signal(uv_signal_t *handle, int signal)
{
	struct sched *s = handle->data;

	(void)signal;
	if (s->interrupts++ == 0)
		interrupt(s);
	else
		kill_all(s);
}

/* The timer and the signal watchers hold the loop open until here. */
static void finish(struct sched *s)
{
	if (uv_is_closing((uv_handle_t *)&s->timer))
		return;
	uv_close((uv_handle_t *)&s->timer, NULL);
	for (int i = 0; i < s->watched; i++)
		uv_close((uv_handle_t *)&s->signals[i], NULL);
}

/*
 * libuv aborts the program where it cannot have the pipe that its signals go through, so
 * that what it takes first is asked for here.
 */
static int look_for_descriptors(struct err *e)
{
	int fd[LOOP_DESCRIPTORS];
	int n = 0;
	int rc = OK;

	while (n < LOOP_DESCRIPTORS &&
		(fd[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	if (n < LOOP_DESCRIPTORS)
		rc = err_set(e, ERR_SYS, "event loop: %s (`ulimit -n` is too small)",
			strerror(errno));
	while (n > 0)
		close(fd[--n]);
	return rc;
}

static int set_up(struct sched *s, struct err *e)
{
	static const struct {
		int number;
		uv_signal_cb callback;
	} signals[SIGNALS] = { { SIGINT, on_signal }, { SIGTERM, on_signal },
		{ SIGHUP, on_signal }, { SIGTSTP, on_suspend } };
	uint64_t ms = s->o->tick_ms ? (uint64_t)s->o->tick_ms : TICK_MS;
	int rc = look_for_descriptors(e);

	if (rc)
		return rc;
	rc = uv_loop_init(&s->loop);
	if (rc)
		return err_set(e, ERR_SYS, "event loop: %s", uv_strerror(rc));
	s->looping = true;
	uv_timer_init(&s->loop, &s->timer);
	s->timer.data = s;
	rc = uv_timer_start(&s->timer, on_tick, ms, ms);
	for (int i = 0; !rc && i < SIGNALS; i++) {
		rc = uv_signal_init(&s->loop, &s->signals[i]);
		if (rc)
			break;
		s->signals[s->watched++].data = s;
		if (!stays_ignored(signals[i].number))
			rc = uv_signal_start(
				&s->signals[i], signals[i].callback, signals[i].number);
	}
	return rc ? err_set(e, ERR_SYS, "event loop: %s", uv_strerror(rc)) : OK;
}

int sched_run(const struct sched_options *o, const struct sched_ops *ops, void *arg,
	struct err *e)
{
	struct arena arena = { 0 };
	struct sched s = { .o = o, .ops = ops, .arg = arg, .e = e };
	int rc;

	ASSERT(o->workers >= 1);
	s.slots = NEW_ARRAY(&arena, struct slot, o->workers);
	for (int i = 0; i < o->workers; i++) {
		s.slots[i].sched = &s;
		s.slots[i].log.fd = -1;
	}
	s.rc = set_up(&s, e);
	if (!s.rc)
		fill(&s);
	else if (s.looping)
		finish(&s);
	if (s.looping) {
		uv_run(&s.loop, UV_RUN_DEFAULT);
		rc = uv_loop_close(&s.loop);
		ASSERT(rc == 0);
	}
	for (int i = 0; i < o->workers; i++)
		slot_log_close(&s.slots[i].log);
	arena_release(&arena);
	return s.rc;
}
