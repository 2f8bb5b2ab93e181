/*
 * --where NAME=VALUE,... of every command that chooses rows by their values. It is read
 * once and held against texts and numbers here; nothing of it is ever SQL.
 */
#ifndef DELTAM_WHERE_H
#define DELTAM_WHERE_H

#include <stdbool.h>
#include "common/arena.h"
#include "common/err.h"

struct where {
	struct where_condition {
		const char *name; /* as where_name has it */
		const char *value;
		double number; /* NAN: the value is none that a double tells apart */
		int first; /* the first condition of this name */
	} * item;
	int n, capacity;
};

/*
 * Reads conditions (NULL: none). A comma ends a value where NAME= follows it, so that values
 * may have commas; several values of one name are alternatives. Memory of a. ERR_USAGE:
 * something that is not NAME=VALUE.
 */
MUST_CHECK int where_parse(
	struct where *w, const char *text, struct arena *a, struct err *e);

/* The name that people use of a column: T for temperature. */
const char *where_name(const char *column);
/* Whether there is a condition of this name, as where_name has it. */
bool where_names(const struct where *w, const char *name);

/* Numbers are compared as numbers, whatever their spelling. */
bool where_is_text(const struct where_condition *c, const char *have);
bool where_is_number(const struct where_condition *c, double have);
/* met (n): which conditions hold alone. Whether one holds of every name. */
bool where_holds(const struct where *w, const bool *met);

/*
 * ERR_USAGE: no `what` ("run") has such a name. The message has the nearest of `names` (n) or,
 * where none is near, all of them.
 */
MUST_CHECK int where_unknown(const char *name, const char *what,
	const char *const *names, int n, struct arena *a, struct err *e);

#endif
