#include "common/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/hidden.h"

int err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	e->code = code;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	hidden_blank(e->msg);
	return code;
}

static int prepend(struct err *e, const char *context)
{
	char rest[sizeof(e->msg)];
	size_t n = strlen(context);

	if (n + 3 > sizeof(e->msg))
		n = sizeof(e->msg) - 3;
	memcpy(rest, e->msg, sizeof(rest));
	memcpy(e->msg, context, n);
	e->msg[n] = '\0';
	hidden_blank(e->msg);
	snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", rest);
	return e->code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char context[512];
	va_list ap;

	if (!e)
		return ERR_FAILED;
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	return prepend(e, context);
}

bool err_keep_first(int *first, struct err *to, int rc, const struct err *e)
{
	if (rc < 0 && *first == OK) {
		*first = rc;
		if (to)
			*to = *e;
	}
	return rc < 0;
}

const char *err_reason(int number)
{
	switch (number) {
	case ELOOP:
		return "it is a symbolic link, which is not followed here";
	case ENXIO:
		return "it is no plain file";
	default:
		return strerror(number);
	}
}

int err_errno(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	char context[512];
	va_list ap;

	if (!e)
		return ERR_SYS;
	va_start(ap, fmt);
	vsnprintf(context, sizeof(context), fmt, ap);
	va_end(ap);
	err_set(e, ERR_SYS, "%s", err_reason(saved));
	return prepend(e, context);
}

int err_exit_status(int code)
{
	switch (code) {
	case OK:
		return 0;
	case ERR_USAGE:
	case ERR_SPEC:
		return 2;
	case ERR_DATA:
	case ERR_DB:
	case ERR_LOCKED:
	case ERR_SYS:
		return 3;
	case ERR_INTERRUPTED:
		return 130;
	default:
		return 1;
	}
}

void bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: bug: %s\n", file, line, what);
	abort();
}
