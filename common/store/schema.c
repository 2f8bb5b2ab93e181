#include "common/store/schema.h"

#include <stdio.h>
#include <string.h>
#include "common/store/rows.h"
#include "common/store/transaction.h"

extern const char schema_sql[];
extern const char toy_sql[];

struct schema_step {
	const char *unless, *sql;
};
#define STEP(unless, sql) { unless, sql },
static const struct schema_step steps[] = {
#include "common/store/steps.def"
};
static const struct schema_step toy_steps[] = {
#include "common/store/toy_steps.def"
};
#undef STEP

const struct schema schema_results = { "results of sweeps", 0x44656c54 /* "DelT" */,
	COUNT(steps) + 1, "sweep", schema_sql, steps };
const struct schema schema_toy = { "toy problems", 0x44656c74 /* "Delt" */,
	COUNT(toy_steps) + 1, "toy_run", toy_sql, toy_steps };

const struct schema *schema_of(int application_id)
{
	if (application_id == schema_results.application_id)
		return &schema_results;
	return application_id == schema_toy.application_id ? &schema_toy : NULL;
}

int schema_version(struct store *s, int *version, struct err *e)
{
	struct rows r = rows_open_sql(s, "PRAGMA user_version", NO_ARGS, e);

	*version = rows_next(&r) ? rows_int(&r) : 0;
	return rows_close(&r);
}

/* Whether the query gives a row. */
static int gives_row(struct store *s, const char *sql, const struct arg *args,
	bool *gives, struct err *e)
{
	struct rows r = rows_open_sql(s, sql, args, e);

	*gives = rows_next(&r);
	return rows_close(&r);
}

int schema_check(struct store *s, struct err *e)
{
	bool foreign;
	int rc = gives_row(s,
		s->version ? "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM sqlite_schema"
			     " WHERE type='table' AND name=?)"
			   : "SELECT 1 FROM sqlite_schema",
		s->version ? ARGS(TEXT(s->schema->table)) : NO_ARGS, &foreign, e);

	if (!rc && foreign)
		rc = err_set(e, ERR_DB,
			"%s is marked as one of deltam's databases and has other "
			"tables; choose the database with --db",
			s->path);
	return rc;
}

/* Drops what the query names: `what` is VIEW or TABLE. */
static int drop(struct store *s, const char *what, const char *query, struct err *e)
{
	struct arena a = { 0 };
	struct str sql = { .arena = &a };
	struct rows r = rows_open_sql(s, query, NO_ARGS, e);
	int rc;

	while (rows_next(&r))
		str_printf(&sql, "DROP %s \"%s\";", what, rows_text(&r));
	rc = rows_close(&r);
	if (!rc)
		rc = store_exec(s, str_get(&sql), e);
	arena_release(&a);
	return rc;
}

static int drop_views(struct store *s, struct err *e)
{
	return drop(s, "VIEW", "SELECT name FROM sqlite_schema WHERE type='view'", e);
}

static const char *views_of(const struct schema *schema)
{
	const char *views = strstr(schema->sql, "\n-- Views.");

	ASSERT(views);
	return views;
}

/* Says in the file which schema it has. */
static int mark(
	struct store *s, const struct schema *schema, int version, struct err *e)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "PRAGMA application_id=%d; PRAGMA user_version=%d",
		schema->application_id, version);
	return store_exec(s, sql, e);
}

/* Brings the file from its version to the next. */
static int step(struct store *s, struct err *e)
{
	const struct schema_step *x = &s->schema->step[s->version - 1];
	bool leave = false;
	int rc = drop_views(s, e);

	if (!rc && x->unless)
		rc = gives_row(s, x->unless, NO_ARGS, &leave, e);
	if (!rc && !leave)
		rc = store_exec(s, x->sql, e);
	if (!rc && s->version + 1 == s->schema->version)
		rc = store_exec(s, views_of(s->schema), e);
	return rc ? rc : mark(s, s->schema, s->version + 1, e);
}

static int create(struct store *s, struct err *e)
{
	int rc = store_exec(s, s->schema->sql, e);

	return rc ? rc : mark(s, s->schema, s->schema->version, e);
}

/* Makes one change of the whole schema: all of it is committed, or nothing. */
static int change(
	struct store *s, int (*how)(struct store *s, struct err *e), struct err *e)
{
	int rc = store_begin(s, e);

	if (!rc)
		rc = how(s, e);
	return store_end(s, rc, e);
}

int schema_upgrade(struct store *s, struct err *e)
{
	/* A table that is made anew is dropped while others refer to it. */
	int rc = store_exec(s, "PRAGMA foreign_keys=OFF", e);

	while (!rc && s->version < s->schema->version) {
		rc = change(s, s->version ? step : create, e);
		if (!rc)
			rc = schema_version(s, &s->version, e);
	}
	return rc ? err_wrap(e, "cannot bring the database up to date") : OK;
}

static int turn_into_toy(struct store *s, struct err *e)
{
	bool sweeps;
	int rc = gives_row(s, "SELECT 1 FROM sweep", NO_ARGS, &sweeps, e);

	if (!rc && sweeps)
		rc = err_set(e, ERR_DB,
			"%s holds %s; toy problems have a database of their own: "
			"choose it with --db",
			s->path, schema_results.holds);
	if (!rc)
		rc = drop_views(s, e);
	if (!rc)
		rc = drop(s, "TABLE",
			"SELECT name FROM sqlite_schema WHERE type='table' AND name "
			"NOT LIKE 'toy\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' "
			"ESCAPE '\\'",
			e);
	if (!rc)
		rc = store_exec(s, schema_toy.sql, e);
	return rc ? rc : mark(s, &schema_toy, schema_toy.version, e);
}

int schema_become_toy(struct store *s, struct err *e)
{
	int rc = store_exec(s, "PRAGMA foreign_keys=OFF", e);

	if (!rc)
		rc = change(s, turn_into_toy, e);
	if (!rc)
		s->schema = &schema_toy;
	return rc ? rc : schema_version(s, &s->version, e);
}
