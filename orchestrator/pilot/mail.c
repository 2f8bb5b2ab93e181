#include "orchestrator/pilot/mail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/plain_file.h"

#define CHUNK_BYTES (2 * MAIL_LINE_MAX)

/* Writing. */

int mail_make(const char *path, struct err *e)
{
	int fd = plain_file_open(path, O_WRONLY | O_CREAT, 0600);
	bool good = fd >= 0 && !fsync(fd);
	int rc = good ? OK : err_errno(e, "cannot make %s", path);

	if (fd >= 0)
		close(fd);
	return rc;
}

void mail_put(struct mail_out *m, const char *line)
{
	m->pending.arena = &m->arena;
	str_put(&m->pending, line);
	str_put(&m->pending, "\n");
}

void mail_out_release(struct mail_out *m)
{
	arena_release(&m->arena);
	m->pending = (struct str){ .arena = &m->arena };
}

/* The first n bytes are written, the others stay. */
static void drop_written(struct mail_out *m, size_t n)
{
	struct arena old = m->arena;
	struct str rest = m->pending;

	m->arena = (struct arena){ 0 };
	m->pending = (struct str){ .arena = &m->arena };
	if (n < rest.n)
		str_putn(&m->pending, rest.s + n, rest.n - n);
	arena_release(&old);
}

int mail_flush(struct mail_out *m, struct err *e)
{
	ssize_t n;
	int fd;
	int rc = OK;

	if (!m->pending.n)
		return OK;
	fd = plain_file_open(m->path, O_WRONLY | O_APPEND, 0);
	if (fd < 0)
		return err_errno(e, "cannot write %s", m->path);
	n = write(fd, m->pending.s, m->pending.n);
	if (n < 0 || (size_t)n < m->pending.n || fsync(fd))
		rc = err_errno(e, "cannot write %s", m->path);
	if (n > 0)
		drop_written(m, (size_t)n);
	if (close(fd) && !rc)
		rc = err_errno(e, "cannot write %s", m->path);
	return rc;
}

/* Reading. */

/* A whole line that is torn: NULs stand where the server's bytes have not come. */
static int wait_for_bytes(struct mail_in *m, struct err *e)
{
	if (++m->torn <= MAIL_PATIENCE)
		return OK;
	return err_set(e, ERR_SPEC, "%s:%d: the line stays torn", m->path, m->line + 1);
}

static int give_line(struct mail_in *m, const char *line, size_t n, mail_taker *take,
	void *arg, bool *on, struct err *e)
{
	int rc;

	*on = false;
	if (memchr(line, '\0', n))
		return wait_for_bytes(m, e);
	rc = take(arg, line, n, e);
	if (rc < 0)
		return err_wrap(e, "%s:%d", m->path, m->line + 1);
	if (rc == MAIL_LATER)
		return OK;
	*on = true;
	m->torn = 0;
	m->line++;
	m->offset += (int64_t)n + 1;
	return OK;
}

/* The whole lines of n bytes; *on: more may follow. */
static int give_lines(struct mail_in *m, const char *bytes, size_t n, mail_taker *take,
	void *arg, bool *on, struct err *e)
{
	size_t used = 0;
	int rc = OK;

	*on = true;
	while (!rc && *on) {
		const char *line = bytes + used;
		const char *newline = memchr(line, '\n', n - used);
		size_t length = newline ? (size_t)(newline - line) : n - used;

		if (length >= MAIL_LINE_MAX)
			return err_set(e, ERR_SPEC, "%s:%d: longer than 1 MiB", m->path,
				m->line + 1);
		if (!newline)
			break;
		rc = give_line(m, line, length, take, arg, on, e);
		used += length + 1;
	}
	return rc;
}

static int read_on(struct mail_in *m, int fd, int64_t size, mail_taker *take, void *arg,
	struct err *e)
{
	int64_t before = -1;
	bool on = true;
	int rc = OK;

	while (!rc && on && m->offset < size && m->offset != before) {
		struct arena a = { 0 };
		size_t wanted = size - m->offset < (int64_t)CHUNK_BYTES
			? (size_t)(size - m->offset)
			: CHUNK_BYTES;
		char *chunk = arena_alloc(&a, wanted, 1);
		ssize_t n = pread(fd, chunk, wanted, m->offset);

		before = m->offset;
		if (n < 0)
			rc = err_errno(e, "cannot read %s", m->path);
		else
			rc = give_lines(m, chunk, (size_t)n, take, arg, &on, e);
		arena_release(&a);
	}
	return rc;
}

int mail_read(struct mail_in *m, mail_taker *take, void *arg, struct err *e)
{
	struct stat st;
	int fd = plain_file_open(m->path, O_RDONLY, 0);
	int rc = OK;

	if (fd < 0)
		return errno == ENOENT ? OK : err_errno(e, "cannot read %s", m->path);
	if (fstat(fd, &st))
		rc = err_errno(e, "cannot read %s", m->path);
	else if (st.st_size < m->offset)
		rc = err_set(e, ERR_SPEC, "%s:%d: the file was cut short", m->path,
			m->line + 1);
	else
		rc = read_on(m, fd, st.st_size, take, arg, e);
	close(fd);
	return rc;
}
