#include "orchestrator/sched/sched_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include "common/log.h"

void sched_process_signal_group(const struct sched_process *p, int signal)
{
	if (p->leads && p->pid > 0)
		(void)kill(-p->pid, signal);
}

void sched_process_signal(struct sched_process *p, int signal)
{
	int rc = uv_process_kill(&p->process, signal);

	if (rc && rc != UV_ESRCH)
		log_warn("sched", "cannot signal worker %d: %s", p->pid,
			uv_strerror(rc));
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
	struct sched_process *p = process->data;

	sched_process_signal_group(p, SIGKILL); /* whom its leader left behind */
	p->ops->exited(p->arg, (int)status, signal);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct sched_process *p = handle->data;

	(void)suggested;
	*buf = uv_buf_init(p->bytes, sizeof(p->bytes));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct sched_process *p = stream->data;

	if (n > 0)
		proto_feed(&p->reader, buf->base, (size_t)n, p->ops->line, p->arg);
	else if (n < 0)
		uv_read_stop(stream);
	p->ops->heard(p->arg);
}

void sched_process_prepare(struct sched_process *p, struct sched_loop *l)
{
	p->pid = 0;
	p->open = 1;
	p->process.data = p->pipe.data = p;
	p->process.type = UV_UNKNOWN_HANDLE;
	uv_pipe_init(&l->loop, &p->pipe, 0);
}

int sched_process_start(struct sched_process *p, const char *const *argv,
	const char *cwd, int log, bool leads)
{
	uv_stdio_container_t stdio[PROTO_FD + 1] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = log },
		{ .flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&p->pipe },
	};
	/* A session of its own: Ctrl-C on the terminal is ours to pass on. */
	uv_process_options_t options = { .file = argv[0],
		.args = (char **)(uintptr_t)argv, /* never written to */
		.cwd = cwd,
		.exit_cb = on_process_exit,
		.stdio = stdio,
		.stdio_count = PROTO_FD + 1,
		.flags = UV_PROCESS_DETACHED };
	int rc = uv_spawn(p->pipe.loop, &p->process, &options);

	p->leads = leads;
	if (p->process.type == UV_PROCESS)
		p->open = 2;
	if (rc)
		return rc;
	p->pid = p->process.pid;
	uv_read_start((uv_stream_t *)&p->pipe, on_alloc, on_read);
	return OK;
}

bool sched_process_send(struct sched_process *p, const char *bytes, size_t n)
{
	uv_os_fd_t fd;

	return !uv_fileno((uv_handle_t *)&p->pipe, &fd) &&
		send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* Bounded: a process that inherited the pipe may go on writing for ever. */
void sched_process_drain(struct sched_process *p)
{
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&p->pipe, &fd))
		return;
	for (int i = 0; i < 256; i++) {
		ssize_t n = read(fd, p->bytes, sizeof(p->bytes));

		if (n <= 0)
			return;
		proto_feed(&p->reader, p->bytes, (size_t)n, p->ops->line, p->arg);
	}
}

static void on_closed(uv_handle_t *handle)
{
	struct sched_process *p = handle->data;

	if (--p->open == 0)
		p->ops->closed(p->arg);
}

void sched_process_let_go(struct sched_process *p)
{
	uv_close((uv_handle_t *)&p->pipe, on_closed);
}

/* A handle that uv_spawn never saw must not be closed: process.type tells. */
void sched_process_close(struct sched_process *p)
{
	if (!uv_is_closing((uv_handle_t *)&p->pipe))
		sched_process_let_go(p);
	if (p->process.type == UV_PROCESS)
		uv_close((uv_handle_t *)&p->process, on_closed);
}
