#include "orchestrator/report/run_find.h"

#include <ctype.h>
#include <string.h>

#define PREFIX_MIN 6 /* digits of an identity that name a run */
#define CANDIDATES_MAX 8 /* that are listed */

static bool is_prefix(const char *word, const char *identity)
{
	size_t n = strlen(word);

	if (n < PREFIX_MIN || n > strlen(identity))
		return false;
	for (size_t i = 0; i < n; i++)
		if (tolower((unsigned char)word[i]) != identity[i])
			return false;
	return true;
}

/* Whether the name is the words, or begins with them. */
static bool begins(const char *name, const char *words)
{
	size_t n = strlen(words);

	return !strncmp(name, words, n) && (!name[n] || name[n] == ' ');
}

/* Its name or the words that it begins with, with or without the variant in front. */
static bool is_name(const char *word, const struct query_run *x)
{
	size_t n = strlen(x->variant);

	return begins(x->run, word) || (n && begins(x->run + n + 2, word)); /* ": " */
}

static bool is_number(const char *word, int64_t job)
{
	int64_t v;

	return integer_parse(word, &v) && v == job;
}

/* The runs that the word may mean; one job of several entries is one of them. */
static int candidates(
	const struct run_list *l, const char *word, const struct query_run **found)
{
	int n = 0;

	for (int i = 0; i < l->n; i++) {
		const struct query_run *x = &l->run[i];
		bool there = false;

		for (int k = 0; k < n; k++)
			there = there || found[k]->job == x->job;
		if (!there &&
			(is_number(word, x->job) || is_name(word, x) ||
				is_prefix(word, x->identity)))
			found[n++] = x;
	}
	return n;
}

static int none(
	const struct run_list *l, const char *word, struct arena *a, struct err *e)
{
	const char **names = NEW_ARRAY(a, const char *, l->n + 1);
	const char *near;

	for (int i = 0; i < l->n; i++)
		names[i] = l->run[i].run;
	near = str_nearest(word, names, l->n);
	return err_set(e, ERR_USAGE,
		"no run \"%s\" in %s%s%s%s: a run is named by its name, which `deltam runs` "
		"lists, by at least %d digits of its identity, or by its number (columns "
		"identity and job of `deltam runs --format csv`)",
		word, l->sweep->name, near ? " (did you mean \"" : "", near ? near : "",
		near ? "\"?)" : "", PREFIX_MIN);
}

static int several(const struct query_run *const *found, int n, const char *word,
	struct arena *a, struct err *e)
{
	struct str text = { .arena = a };

	for (int i = 0; i < n && i < CANDIDATES_MAX; i++)
		str_printf(&text, "\n  %.12s  %s", found[i]->identity, found[i]->run);
	if (n > CANDIDATES_MAX)
		str_printf(&text, "\n  and %d more", n - CANDIDATES_MAX);
	return err_set(e, ERR_USAGE,
		"\"%s\" may be any of %d runs; give more of one:%s", word, n,
		str_get(&text));
}

int run_find(const struct run_list *l, const char *word, struct arena *a,
	const struct query_run **out, struct err *e)
{
	const struct query_run **found =
		NEW_ARRAY(a, const struct query_run *, l->n + 1);
	int n = candidates(l, word, found);

	if (n != 1)
		return n ? several(found, n, word, a, e) : none(l, word, a, e);
	*out = found[0];
	return OK;
}
