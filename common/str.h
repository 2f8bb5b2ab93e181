/*
 * Text: growing buffers, and numbers in their canonical spelling.
 */
#ifndef DELTAM_STR_H
#define DELTAM_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "common/arena.h"

/* A growing, always NUL-terminated text in an arena. Starts as { .arena = a }. */
struct str {
	struct arena *arena;
	char *s; /* NULL while empty: use str_get() */
	size_t n;
	size_t capacity;
};

void str_put(struct str *b, const char *s);
void str_putn(struct str *b, const char *s, size_t n);
void str_printf(struct str *b, const char *fmt, ...) PRINTF(2, 3);
/* Adds s as a JSON string with its quotes; UTF-8 passes through. */
void str_json(struct str *b, const char *s);
const char *str_get(const struct str *b);

#define NUMBER_MAX 32
/*
 * Writes the shortest decimal text that reads back as the same double; integers below
 * 1e15 have neither exponent nor point. Identities, job_param and figures in full
 * precision are spelled like this. buf, which is returned, gets at most NUMBER_MAX
 * bytes. v must be finite.
 */
char *number_format(double v, char buf[NUMBER_MAX]);

/* Reads a number; false unless the whole of s is one finite number. */
bool number_parse(const char *s, double *v);
bool integer_parse(const char *s, int64_t *v);

/* Whether a text of lines has one that is the first n bytes of `line`. */
bool str_has_line(const char *text, const char *line, size_t n);

/*
 * The candidate nearest to `word` by edit distance, or NULL when none is near enough
 * to be a plausible slip (help.c of git: at most a third of the letters, at least 2).
 */
const char *str_nearest(const char *word, const char *const *candidates, int n);

/*
 * What an error says of such a word: "; did you mean \"NEAR\"?" in buf, or "" where
 * none is near.
 */
#define HINT_MAX 96
const char *str_hint(const char *near, char buf[HINT_MAX]);

#endif
