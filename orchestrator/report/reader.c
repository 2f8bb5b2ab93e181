#include "orchestrator/report/reader.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "common/store/store_open.h"

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

/*
 * The name inside a sweep file, which may have been edited since: the results of before
 * can be read whatever else it says. Errors go to stderr as `check` prints them.
 */
static int name_in_file(
	const char *path, struct arena *a, const char **name, struct err *e)
{
	struct str report = { .arena = a };
	int rc = spec_name(path, a, name, &report, e);

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

/* The operand as the name of a sweep; NULL where it is a database or absent. */
static int operand_name(
	const struct cli_options *o, struct arena *a, const char **name, struct err *e)
{
	*name = NULL;
	if (!o->operand || ends_in(o->operand, ".db"))
		return OK;
	if (is_file(o->operand) || ends_in(o->operand, ".json"))
		return name_in_file(o->operand, a, name, e);
	*name = o->operand;
	return OK;
}

int reader_path(
	const struct cli_options *o, struct arena *a, const char **path, struct err *e)
{
	const char *name;
	int rc;

	*path = o->db;
	if (o->db)
		return OK;
	if (!o->operand)
		return only_database(a, path, e);
	rc = operand_name(o, a, &name, e);
	*path = rc || !name ? o->operand : arena_printf(a, "%s.db", name);
	return rc;
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

int reader_open(struct report_reader *r, const struct cli_options *o, struct err *e)
{
	const char *path;
	const char *name;
	int rc;

	*r = (struct report_reader){ .s.lock.fd = -1 };
	rc = operand_name(o, &r->arena, &name, e);
	if (!rc)
		rc = reader_path(o, &r->arena, &path, e);
	if (!rc)
		rc = store_open(&r->s, path, STORE_READER, e);
	if (!rc)
		rc = reader_sweep(
			&r->s, o->sweep ? o->sweep : name, &r->arena, &r->sweep, e);
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

void reader_print(const struct report *r, const struct cli_options *o)
{
	struct report shown = *r;

	shown.terminal = isatty(STDOUT_FILENO);
	report_print(&shown, o->format, stdout);
}
