/*
 * JSON with places: a strict scan finds every fault with its offset and the offset of
 * every value in pre-order; cJSON then decodes, and the two are walked side by side.
 * (cJSON keeps no positions, takes duplicate keys and ignores case.)
 *
 * Accepted: RFC 8259 in UTF-8, with or without a byte order mark, at most JSON_BYTES_MAX
 * bytes, JSON_VALUES_MAX values and JSON_DEPTH_MAX levels, with // and block comments.
 * Values are limited because one of two bytes takes 150 to hold. Numbers must be finite
 * doubles. Refused besides: NUL and other control characters, duplicate keys.
 */
#ifndef DELTAM_JSON_H
#define DELTAM_JSON_H

#include <stdint.h>
#include "orchestrator/json/diag.h"

#define JSON_BYTES_MAX ((size_t)4 << 20)
#define JSON_VALUES_MAX 100000
#define JSON_DEPTH_MAX 64

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

struct json {
	enum json_kind kind;
	const char *key; /* in an object; NULL otherwise */
	uint32_t
		key_at; /* byte offset of the key's quote; `at` where there is no key */
	uint32_t at; /* byte offset of the value */
	bool boolean;
	double number;
	const char *string;
	struct json *child, *next; /* in the order of the file */
	int count; /* of children */
};

/*
 * Parses d->text (d->n bytes). NULL: the text is refused and d holds the reason - one
 * fault for what is no JSON, one for each duplicate key.
 */
struct json *json_parse(struct arena *a, struct diag *d);

/*
 * Reads the file d->path and parses it, its text into d->arena; *root is NULL where the
 * text is refused. ERR_SPEC: the file cannot be read.
 */
MUST_CHECK int json_load(struct diag *d, const struct json **root, struct err *e);
/* The text alone, into d->text and d->n. */
MUST_CHECK int json_read_file(struct diag *d, struct err *e);

/* The member of exactly that name, for case counts; NULL where there is none. */
const struct json *json_get(const struct json *object, const char *key);

/* The offset behind the value at `at` of a text that json_parse has taken. */
size_t json_end(struct arena *a, const struct diag *d, size_t at);

/* "a number", "a string" ... for messages. */
const char *json_kind_name(enum json_kind kind);

/* Private to json.c and json_scan.c. */
struct json_mark {
	uint32_t key_at; /* UINT32_MAX: no key */
	uint32_t at;
};
struct json_marks {
	struct json_mark *mark; /* every value, in pre-order */
	int count, capacity;
};
/* Blanks the comments in text (n bytes, NUL after them), which keeps its length. */
bool json_blank_comments(char *text, size_t n, struct diag *d);
bool json_scan(const char *text, size_t n, struct json_marks *marks, struct arena *a,
	struct diag *d);

#endif
