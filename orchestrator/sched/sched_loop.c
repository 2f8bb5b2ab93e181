#include "orchestrator/sched/sched_loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "common/fatal.h"

#define LOOP_DESCRIPTORS 8 /* more than a loop with its signals takes */

static void on_tick(uv_timer_t *timer)
{
	const struct sched_loop *l = timer->data;

	l->ops->tick(l->arg);
}

static void on_interrupt(uv_signal_t *handle, int signal)
{
	const struct sched_loop *l = handle->data;

	(void)signal;
	l->ops->interrupt(l->arg);
}

/*
 * Ctrl-Z. Workers have sessions of their own, so the terminal does not reach them: they
 * stop and go on with us. Whoever ignores the signal (nohup) is not stopped by it.
 */
static void on_suspend(uv_signal_t *handle, int signal)
{
	const struct sched_loop *l = handle->data;

	(void)signal;
	l->ops->pass_on(l->arg, SIGSTOP);
	raise(SIGSTOP);
	l->ops->pass_on(l->arg, SIGCONT);
}

/*
 * nohup ignores SIGHUP so that we outlive the terminal, and a shell without job control
 * SIGTSTP: they stay ignored. SIGINT does not, because such a shell ignores it for
 * everything behind `&`, and then nothing but SIGTERM could interrupt a run.
 */
static bool stays_ignored(int signal)
{
	return (signal == SIGHUP || signal == SIGTSTP) && fatal_is_ignored(signal);
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

/* OK or libuv's error. */
static int watch_signals(struct sched_loop *l)
{
	static const struct {
		int number;
		uv_signal_cb callback;
	} signals[SCHED_SIGNALS] = { { SIGINT, on_interrupt },
		{ SIGTERM, on_interrupt }, { SIGHUP, on_interrupt },
		{ SIGTSTP, on_suspend } };
	int rc = 0;

	for (int i = 0; !rc && i < SCHED_SIGNALS; i++) {
		rc = uv_signal_init(&l->loop, &l->signals[i]);
		if (rc)
			break;
		l->signals[l->watched++].data = l;
		if (!stays_ignored(signals[i].number))
			rc = uv_signal_start(
				&l->signals[i], signals[i].callback, signals[i].number);
	}
	return rc;
}

int sched_loop_begin(struct sched_loop *l, int tick_ms, struct err *e)
{
	int rc = look_for_descriptors(e);

	if (rc)
		return rc;
	rc = uv_loop_init(&l->loop);
	if (rc)
		return err_set(e, ERR_SYS, "event loop: %s", uv_strerror(rc));
	uv_timer_init(&l->loop, &l->timer);
	l->timer.data = l;
	rc = uv_timer_start(&l->timer, on_tick, (uint64_t)tick_ms, (uint64_t)tick_ms);
	if (!rc)
		rc = watch_signals(l);
	if (!rc)
		return OK;
	sched_loop_end(l);
	sched_loop_run(l);
	return err_set(e, ERR_SYS, "event loop: %s", uv_strerror(rc));
}

void sched_loop_run(struct sched_loop *l)
{
	int rc;

	uv_run(&l->loop, UV_RUN_DEFAULT);
	rc = uv_loop_close(&l->loop);
	ASSERT(rc == 0);
}

/* The timer and the signal watchers hold the loop open until here. */
void sched_loop_end(struct sched_loop *l)
{
	if (uv_is_closing((uv_handle_t *)&l->timer))
		return;
	uv_close((uv_handle_t *)&l->timer, NULL);
	for (int i = 0; i < l->watched; i++)
		uv_close((uv_handle_t *)&l->signals[i], NULL);
}
