/* deltam report: the page of a sweep, once, or again and again while the sweep runs. */
#include "orchestrator/page/page.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "common/bytes.h"
#include "common/clock.h"

/* Whole or not at all, since a browser may read it at any moment. */
static int put_file(const struct page *p, const char *path, struct err *e)
{
	char *part = arena_printf(p->arena, "%s.part-%ld", path, (long)getpid());
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int rc = OK;

	if (fd < 0)
		return err_errno(e, "cannot write %s", path);
	if (bytes_write(fd, str_get(&p->out), p->out.n))
		rc = err_errno(e, "cannot write %s", path);
	if (close(fd) && !rc)
		rc = err_errno(e, "cannot write %s", path);
	if (!rc && rename(part, path))
		rc = err_errno(e, "cannot write %s", path);
	if (rc)
		(void)unlink(part);
	return rc;
}

/* What every command on the page adds, so that it finds the same sweep. */
static int find_which(struct page *p, struct err *e)
{
	struct report_reader *r = p->reader;
	struct query_sweep *sweeps;
	int n;
	int rc = query_sweeps(&r->s, p->arena, &sweeps, &n, e);

	if (rc)
		return rc;
	p->which = arena_printf(p->arena, " --db %s%s%s",
		page_quoted(p->arena, r->s.path), n > 1 ? " --sweep " : "",
		n > 1 ? page_quoted(p->arena, r->sweep.name) : "");
	return OK;
}

static int make(struct report_reader *reader, const struct cli_options *o, bool *ended,
	struct err *e)
{
	struct page p = { .reader = reader,
		.arena = &reader->arena,
		.options = o,
		.out.arena = &reader->arena,
		.table.arena = &reader->arena };
	int rc = find_which(&p, e);

	*ended = strcmp(reader->sweep.state, "open") != 0;
	p.refresh = o->watch && !*ended ? o->watch : 0;
	if (!rc)
		rc = page_write(&p, e);
	return rc ? rc : put_file(&p, o->out, e);
}

/* Opens the database anew each time, because the state of the sweep is read with it. */
static int look(const struct cli_options *o, bool first, bool *ended, struct err *e)
{
	struct cli_options once = *o;
	struct report_reader reader;
	int rc;

	once.quiet |= !first; /* what the file differs in is said once */
	rc = reader_open(&reader, &once, e);
	if (!rc)
		rc = make(&reader, o, ended, e);
	reader_close(&reader);
	return rc;
}

int cmd_report(const struct cli_options *o, struct err *e)
{
	bool ended = false;

	if (!o->out)
		return err_set(e, ERR_USAGE,
			"where shall the page go? -o FILE.html; `deltam table --format "
			"html` prints the table alone");
	for (bool first = true;; first = false) {
		int rc = look(o, first, &ended, e);

		if (rc || !o->watch || ended)
			return rc;
		clock_wait(o->watch);
	}
}
