/* What a function does that reads all rows of a statement into an array. */
#ifndef DELTAM_LIST_H
#define DELTAM_LIST_H

#include "common/store/rows.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): initialisers take none */
/*
 * The body of a function of (struct store *s, ..., struct arena *a, TYPE **out, int *n,
 * struct err *e): read_row(&rows, a, &item) reads one row; what it copies lives in the arena.
 */
#define LIST(statement, args, read_row) \
	do { \
		struct rows r = rows_open(s, STMT_##statement, args, e); \
		int capacity = 0; \
		*out = NULL; \
		*n = 0; \
		while (rows_next(&r)) { \
			(void)GROW(a, *out, *n, capacity); \
			read_row(&r, a, &(*out)[(*n)++]); \
		} \
		return rows_close(&r); \
	} while (0)
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
