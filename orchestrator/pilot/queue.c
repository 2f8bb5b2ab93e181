#include "orchestrator/pilot/queue.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/arena.h"

/* Lines. */

/* The next word of a line, up to a bar, with blanks as squeue pads them taken away. */
static const char *take_word(const char *at, char *word, size_t size)
{
	size_t n = strcspn(at, "|\n");
	size_t used = n;

	while (used > 0 && at[used - 1] == ' ')
		used--;
	snprintf(word, size, "%.*s", (int)used, at);
	return at + n + (at[n] == '|');
}

static bool is_among(const char *word, const char *const *list, int n)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(word, list[i]))
			return true;
	return false;
}

static bool is_over(const char *state)
{
	static const char *const over[] = { "BOOT_FAIL", "CANCELLED", "COMPLETED",
		"DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED",
		"REVOKED", "TIMEOUT" };

	return is_among(state, over, COUNT(over));
}

/* What stands behind the name. */
static void read_job(const char *at, struct queue_job *out)
{
	char left[64];

	at += *at == '|';
	at = take_word(at, out->state, sizeof(out->state));
	at = take_word(at, left, sizeof(left));
	snprintf(out->reason, sizeof(out->reason), "%.*s", (int)strcspn(at, "\n"), at);
	if (!strcmp(out->reason, "None"))
		out->reason[0] = '\0';
	out->left = queue_seconds(left);
	out->ended = is_over(out->state);
}

bool queue_find(const char *queue, const char *pilot, struct queue_job *out)
{
	char name[64];
	int n = snprintf(name, sizeof(name), "deltam-%s", pilot);
	bool found = false;

	for (const char *at = queue; (at = strstr(at, name)) != NULL; at += n) {
		struct queue_job job = { 0 };

		if ((at > queue && at[-1] != '\n') || !strchr("| \n", at[n]))
			continue;
		read_job(at + n + strspn(at + n, " "), &job);
		if (!found || !job.ended)
			*out = job;
		found = true;
	}
	return found;
}

/* Times. */

static bool is_endless(const char *text)
{
	static const char *const words[] = { "UNLIMITED", "INFINITE", "unlimited",
		"infinite", "-1" };

	return is_among(text, words, COUNT(words));
}

/* Numbers with a colon between them; how many, 0: it is something else. */
static int read_numbers(const char *text, double number[3])
{
	int n = 0;

	for (;;) {
		char *end;

		if (n == 3 || *text < '0' || *text > '9')
			return 0;
		number[n++] = (double)strtoul(text, &end, 10);
		if (!*end)
			return n;
		if (*end != ':')
			return 0;
		text = end + 1;
	}
}

double queue_seconds(const char *text)
{
	const char *dash = strchr(text, '-');
	double x[3] = { 0 };
	char days[16];
	double day;
	int n;

	if (is_endless(text))
		return (double)INFINITY;
	if (!dash) {
		n = read_numbers(text, x);
		return n == 1    ? 60 * x[0]
			: n == 2 ? 60 * x[0] + x[1]
			: n == 3 ? 3600 * x[0] + 60 * x[1] + x[2]
				 : (double)NAN;
	}
	snprintf(days, sizeof(days), "%.*s", (int)(dash - text), text);
	if (read_numbers(days, x) != 1)
		return (double)NAN;
	day = x[0];
	x[0] = 0;
	return read_numbers(dash + 1, x) ? 86400 * day + 3600 * x[0] + 60 * x[1] + x[2]
					 : (double)NAN;
}

/* Reasons. */

bool queue_reason_stays(const char *reason)
{
	/* What is wrong with the request, the account or the machines, as they are now. */
	static const char *const begins[] = { "AccountNotAllowed", "BadConstraints",
		"DependencyNeverSatisfied", "InvalidAccount", "InvalidQOS", "JobHeld",
		"NodeDown", "Partition", "QOSNotAllowed", "ReqNodeNotAvail" };

	for (int i = 0; i < COUNT(begins); i++)
		if (!strncmp(reason, begins[i], strlen(begins[i])))
			return true;
	return strstr(reason, "PerJob") !=
		NULL; /* a limit that no other job's end lifts */
}
