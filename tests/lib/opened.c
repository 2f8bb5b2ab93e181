#include "tests/lib/opened.h"

#include <check.h>
#include <sys/wait.h>
#include <unistd.h>
#include "common/store/rows.h"

void opened_well(struct store *s, const char *path, enum store_mode mode)
{
	struct err e = { 0 };

	ck_assert_msg(store_open(s, path, mode, &e) == OK, "%s", e.msg);
}

void opened_run(struct store *s, const char *sql)
{
	struct err e = { 0 };
	struct rows r = rows_open_sql(s, sql, NO_ARGS, &e);

	while (rows_next(&r))
		continue;
	ck_assert_msg(rows_close(&r) == OK, "%s: %s", sql, e.msg);
}

int64_t opened_ask(struct store *s, const char *sql)
{
	struct err e = { 0 };
	struct rows r = rows_open_sql(s, sql, NO_ARGS, &e);
	int64_t v = rows_next(&r) ? rows_int64(&r) : -1;

	ck_assert_msg(rows_close(&r) == OK, "%s: %s", sql, e.msg);
	return v;
}

void opened_make(const char *path)
{
	struct store s;

	opened_well(&s, path, STORE_ORCHESTRATOR);
	store_close(&s);
}

int opened_apart(void (*child)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		child();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

const char opened_insert[] =
	"INSERT INTO sweep(name, text, select_epoch, average, created) "
	"VALUES('s', '{}', 'best', 'criteria', '2026')";
