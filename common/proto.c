#include "common/proto.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "common/str.h"

static int malformed(const char *line, struct err *e)
{
	return err_set(e, ERR_FAILED, "not a line of the protocol: \"%.64s\"", line);
}

/* Copies the word at *s and steps behind it and one blank. */
static bool take_word(const char **s, char *out, size_t size)
{
	size_t n = strcspn(*s, " ");

	if (n == 0 || n >= size)
		return false;
	memcpy(out, *s, n);
	out[n] = '\0';
	*s += n;
	if (**s == ' ')
		++*s;
	return true;
}

static bool take_epoch(const char **s, int *epoch)
{
	char word[16];
	int64_t n;

	if (!take_word(s, word, sizeof(word)) || !integer_parse(word, &n))
		return false;
	*epoch = (int)n;
	return n >= 0 && n <= INT_MAX;
}

static bool take_spent(const char **s, struct proto_line *out)
{
	char word[32];

	return take_word(s, word, sizeof(word)) &&
		number_parse(word, &out->cpu_seconds) && out->cpu_seconds >= 0 &&
		take_word(s, word, sizeof(word)) &&
		integer_parse(word, &out->peak_bytes) && out->peak_bytes >= 0;
}

static bool parse_rest(const char *word, const char *rest, struct proto_line *out)
{
	if (!strcmp(word, "hello")) {
		out->kind = PROTO_HELLO;
		return take_word(&rest, out->kernel_class, sizeof(out->kernel_class)) &&
			take_word(&rest, out->build, sizeof(out->build)) && !*rest;
	}
	if (!strcmp(word, "beat")) {
		out->kind = PROTO_BEAT;
		return !*rest;
	}
	if (!strcmp(word, "news")) {
		out->kind = PROTO_NEWS;
		return !*rest;
	}
	if (!strcmp(word, "done")) {
		out->kind = PROTO_LINE_DONE;
		return !*rest;
	}
	if (!strcmp(word, "epoch")) {
		out->kind = PROTO_EPOCH;
		return take_epoch(&rest, &out->epoch) && !*rest;
	}
	if (!strcmp(word, "spent")) {
		out->kind = PROTO_SPENT;
		return take_spent(&rest, out) && !*rest;
	}
	if (!strcmp(word, "diverged"))
		out->kind = PROTO_LINE_DIVERGED;
	else if (!strcmp(word, "error"))
		out->kind = PROTO_ERROR;
	else
		return false;
	if (out->kind == PROTO_LINE_DIVERGED && !take_epoch(&rest, &out->epoch))
		return false;
	snprintf(out->text, sizeof(out->text), "%s", rest);
	return true;
}

int proto_parse(const char *line, struct proto_line *out, struct err *e)
{
	const char *rest = line;
	char word[16];

	*out = (struct proto_line){ 0 };
	if (!take_word(&rest, word, sizeof(word)) || !parse_rest(word, rest, out))
		return malformed(line, e);
	return OK;
}

static void end_of_line(struct proto_reader *r,
	void (*on_line)(const struct proto_line *line, void *arg), void *arg)
{
	struct proto_line line;
	bool whole = !r->overlong && !memchr(r->buf, '\0', r->n);

	r->buf[r->n] = '\0';
	if (whole && proto_parse(r->buf, &line, NULL) == OK)
		on_line(&line, arg);
	else
		r->torn++;
	r->n = 0;
	r->overlong = 0;
}

void proto_feed(struct proto_reader *r, const char *bytes, size_t n,
	void (*on_line)(const struct proto_line *line, void *arg), void *arg)
{
	while (n > 0) {
		const char *newline = memchr(bytes, '\n', n);
		size_t part = newline ? (size_t)(newline - bytes) : n;
		size_t room = sizeof(r->buf) - 1 - r->n;

		if (part > room)
			r->overlong = 1;
		else
			memcpy(r->buf + r->n, bytes, part);
		r->n += part > room ? 0 : part;
		if (!newline)
			return;
		end_of_line(r, on_line, arg);
		bytes += part + 1;
		n -= part + 1;
	}
}
