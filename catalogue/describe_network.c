#include "catalogue/describe_network.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t network_size_total(const struct network_size *s)
{
	int64_t sum = s->shared;

	for (int k = 0; k < s->heads; k++)
		sum += s->head[k].params;
	return sum;
}

void network_size_format(const struct network_size *s, struct str *out)
{
	str_printf(out, "shared %" PRId64 "\n", s->shared);
	for (int k = 0; k < s->heads; k++)
		str_printf(out, "task %s %" PRId64 "\n", s->head[k].task,
			s->head[k].params);
	str_printf(out, "input %d %d %d\n", s->input[0], s->input[1], s->input[2]);
	if (*s->init)
		str_printf(out, "init %s\n", s->init);
}

/* What stands behind `word` and a blank; NULL where the line begins otherwise. */
static const char *behind(const char *line, const char *word)
{
	size_t n = strlen(word);

	return !strncmp(line, word, n) && line[n] == ' ' ? line + n + 1 : NULL;
}

static bool parse_count(const char *text, int64_t *v)
{
	return integer_parse(text, v) && *v >= 0;
}

static bool parse_head(const char *rest, struct arena *a, struct network_size *s)
{
	const char *blank = strchr(rest, ' ');
	struct head_size *head = &s->head[s->heads];

	if (!blank || blank == rest || s->heads == TASKS_MAX ||
		!parse_count(blank + 1, &head->params))
		return false;
	head->task = arena_strndup(a, rest, (size_t)(blank - rest));
	s->heads++;
	return true;
}

static bool parse_input(const char *rest, struct network_size *s)
{
	int end = 0;

	return s->heads > 0 && !*s->input &&
		sscanf(rest, "%9d %9d %9d%n", &s->input[0], &s->input[1], &s->input[2],
			&end) == 3 &&
		!rest[end] && s->input[0] > 0 && s->input[1] > 0 && s->input[2] > 0;
}

static bool parse_init(const char *rest, struct network_size *s)
{
	if (!*s->input || strlen(rest) != 32 || strspn(rest, "0123456789abcdef") != 32)
		return false;
	memcpy(s->init, rest, sizeof(s->init));
	return true;
}

/* The first line is the trunk's, the last may be of the initial weights. */
static bool parse_line(
	int number, const char *line, struct arena *a, struct network_size *s)
{
	const char *rest;

	if (number == 1)
		return (rest = behind(line, "shared")) && parse_count(rest, &s->shared);
	if (*s->init)
		return false;
	rest = behind(line, "task");
	if (rest)
		return !*s->input && parse_head(rest, a, s);
	rest = behind(line, "input");
	if (rest)
		return parse_input(rest, s);
	rest = behind(line, "init");
	return rest && parse_init(rest, s);
}

int network_size_parse(
	const char *text, struct arena *a, struct network_size *s, struct err *e)
{
	int number = 1;

	memset(s, 0, sizeof(*s));
	for (; *text; number++) {
		const char *end = strchr(text, '\n');
		size_t n = end ? (size_t)(end - text) : strlen(text);

		if (!end || !parse_line(number, arena_strndup(a, text, n), a, s))
			return err_set(e, ERR_FAILED,
				"description of the network: line %d: \"%.*s\"", number,
				(int)n, text);
		text = end + 1;
	}
	if (!*s->input)
		return err_set(e, ERR_FAILED,
			"description of the network: ends after %d lines", number - 1);
	return OK;
}
