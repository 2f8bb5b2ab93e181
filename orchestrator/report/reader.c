#include "orchestrator/report/reader.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/store/store_open.h"
#include "orchestrator/print/terminal.h"
#include "orchestrator/spec/spec.h"
#include "orchestrator/spec/spec_diff.h"

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s);
	size_t m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* What the operand says about the sweep; NULL where it does not. */
struct operand {
	const char *name;
	const char *text; /* of a sweep file */
};

/*
 * The name inside a sweep file, which may have been edited since: the results of before
 * can be read whatever else it says. Errors go to stderr as `check` prints them.
 */
static int name_in_file(
	const char *path, struct arena *a, struct operand *x, struct err *e)
{
	struct str report = { .arena = a };
	int rc = spec_name(path, a, &x->name, &x->text, &report, e);

	fputs(str_get(&report), stderr);
	return rc;
}

static bool is_audit(const char *name)
{
	return ends_in(name, ".audit.db");
}

static int results_here(const struct dirent *d)
{
	return ends_in(d->d_name, ".db") && !is_audit(d->d_name) &&
		store_holds_results(d->d_name);
}

static int audit_here(const struct dirent *d)
{
	return is_audit(d->d_name) && store_holds_results(d->d_name);
}

static int only_database(struct arena *a, const char **path, struct err *e)
{
	struct str names = { .arena = a };
	struct dirent **found;
	int n = scandir(".", &found, results_here, alphasort);

	if (n == 0) { /* an audit is meant only where its sweep is not */
		free(found);
		n = scandir(".", &found, audit_here, alphasort);
	}
	if (n < 0)
		return err_errno(e, "cannot read this folder");
	for (int i = 0; i < n; i++)
		str_printf(&names, " %s", found[i]->d_name);
	*path = n == 1 ? arena_strdup(a, found[0]->d_name) : NULL;
	while (n > 0)
		free(found[--n]);
	free(found);
	if (*path)
		return OK;
	if (!names.n)
		return err_set(e, ERR_USAGE,
			"which sweep? this folder holds no database of results; give "
			"its name or --db FILE");
	return err_set(
		e, ERR_USAGE, "which of%s? give a name or --db FILE", str_get(&names));
}

static int read_operand(
	const struct cli_options *o, struct arena *a, struct operand *x, struct err *e)
{
	*x = (struct operand){ 0 };
	if (!o->operand || ends_in(o->operand, ".db"))
		return OK;
	if (is_file(o->operand) || ends_in(o->operand, ".json"))
		return name_in_file(o->operand, a, x, e);
	x->name = o->operand;
	return OK;
}

static int path_of(const struct cli_options *o, const struct operand *x,
	struct arena *a, const char **path, struct err *e)
{
	*path = o->db;
	if (o->db)
		return OK;
	if (!o->operand)
		return only_database(a, path, e);
	*path = x->name ? arena_printf(a, "%s.db", x->name) : o->operand;
	return OK;
}

int reader_path(
	const struct cli_options *o, struct arena *a, const char **path, struct err *e)
{
	struct operand x;
	int rc = o->db ? OK : read_operand(o, a, &x, e);

	return rc ? rc : path_of(o, &x, a, path, e);
}

int reader_sweep(struct store *s, const char *name, struct arena *a,
	struct query_sweep *sweep, struct err *e)
{
	struct str names = { .arena = a };
	struct query_sweep *sweeps;
	int n;
	int rc = query_sweeps(s, a, &sweeps, &n, e);

	if (rc)
		return rc;
	for (int i = 0; i < n; i++) {
		str_printf(&names, "%s %s", i ? "," : "", sweeps[i].name);
		if (name ? !strcmp(sweeps[i].name, name) : n == 1) {
			*sweep = sweeps[i];
			return OK;
		}
	}
	if (!n)
		return err_set(e, ERR_USAGE, "%s holds no sweep yet", s->path);
	if (name)
		return err_set(e, ERR_USAGE, "%s holds no sweep \"%s\"; it has%s",
			s->path, name, str_get(&names));
	return err_set(e, ERR_USAGE, "%s holds several sweeps; choose with --sweep:%s",
		s->path, str_get(&names));
}

/*
 * Results are those of the plan that the database has. A file that was edited since, or
 * another one of the same name, is another plan: the user learns what differs.
 */
static void tell_version(
	struct report_reader *r, const struct cli_options *o, const struct operand *x)
{
	bool none = !x->text || strcmp(r->sweep.name, x->name) != 0; /* --sweep */
	const char *diff = none ? "" : spec_diff(r->sweep.text, x->text, &r->arena);

	if (*diff && !o->quiet)
		fprintf(stderr,
			"deltam: %s was planned from another version of %s:\n%s"
			"What follows is of the version before. `deltam run %s%s%s` "
			"plans this one and trains what is missing; another name "
			"(\"sweep\") or --db keeps both.\n",
			r->s.path, o->operand, diff, o->operand, o->db ? " --db " : "",
			o->db ? o->db : "");
}

int reader_open(struct report_reader *r, const struct cli_options *o, struct err *e)
{
	const char *path;
	struct operand x;
	int rc;

	*r = (struct report_reader){ .s.lock.fd = -1 };
	rc = read_operand(o, &r->arena, &x, e);
	if (!rc)
		rc = path_of(o, &x, &r->arena, &path, e);
	if (!rc)
		rc = store_open(&r->s, path, STORE_READER, e);
	if (!rc)
		rc = reader_sweep(
			&r->s, o->sweep ? o->sweep : x.name, &r->arena, &r->sweep, e);
	if (!rc)
		tell_version(r, o, &x);
	return rc;
}

void reader_close(struct report_reader *r)
{
	store_close(&r->s);
	arena_release(&r->arena);
}

struct spec_source reader_source(const struct report_reader *r)
{
	return (struct spec_source){ .path = r->sweep.name,
		.folder = r->sweep.folder,
		.text = r->sweep.text,
		.n = strlen(r->sweep.text) };
}

/* 0: no terminal, or one that does not say. */
void reader_print(const struct report *r, const struct cli_options *o)
{
	struct report shown = *r;

	shown.terminal = terminal_colors(STDOUT_FILENO, o->color);
	shown.ascii = !terminal_utf8(STDOUT_FILENO);
	shown.width = isatty(STDOUT_FILENO) ? terminal_columns(STDOUT_FILENO) : 0;
	report_print(&shown, o->format, stdout);
}
