/*
 * What may be written to a file descriptor: escape sequences, which letters, how wide.
 */
#ifndef DELTAM_TERMINAL_H
#define DELTAM_TERMINAL_H

#include <stdbool.h>

/* Whether it is a terminal whose cursor moves: TERM is set and not `dumb`. */
bool terminal_moves(int fd);

/*
 * Whether text may be bold or underlined. choice: `--color`, NULL is auto. auto says yes to a
 * terminal that moves, where NO_COLOR is unset or empty (https://no-color.org).
 */
bool terminal_colors(int fd, const char *choice);

/*
 * Whether it takes UTF-8: the first of LC_ALL, LC_CTYPE and LANG that is set says so. Where
 * none is, a terminal gets ASCII, while files and pipes, which other programs read, get UTF-8.
 */
bool terminal_utf8(int fd);

/* 80 and 24 where it does not say. */
int terminal_columns(int fd);
int terminal_rows(int fd);

#endif
