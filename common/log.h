/*
 * Writes one line an event to stderr, "time level module message": stdout holds
 * results.
 */
#ifndef DELTAM_LOG_H
#define DELTAM_LOG_H

#include "common/err.h"

enum log_level { LOG_ERROR, LOG_WARN };

/* Lines above this level are dropped; LOG_WARN at start. */
void log_set_level(enum log_level level);

void log_line(enum log_level level, const char *module, const char *fmt, ...)
	PRINTF(3, 4);

/*
 * Called before each line, for whoever has something on the terminal that a line would run
 * into. NULL: nobody.
 */
void log_before_line(void (*before)(void *arg), void *arg);

#define log_error(module, ...) log_line(LOG_ERROR, module, __VA_ARGS__)
#define log_warn(module, ...) log_line(LOG_WARN, module, __VA_ARGS__)

#endif
