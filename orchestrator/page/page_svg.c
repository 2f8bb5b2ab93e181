#include <stdlib.h>
#include <string.h>
#include "orchestrator/page/page.h"

/* All that a drawing is made of; anything else is left out with its tag. */
static const char elements[] =
	" svg g defs path rect circle use text tspan polygon polyline line filter feFlood "
	"feComposite clipPath pattern linearGradient stop symbol ";

struct svg {
	struct str *out;
	const struct page_picture *picture;
	size_t open; /* where the last tag begins, if it opened a group and nothing followed */
	bool empty; /* nothing followed */
	int says; /* the number of the text of the element that is read; -1: none */
};

struct word {
	const char *s;
	int n;
};

static bool is(struct word w, const char *text)
{
	return (int)strlen(text) == w.n && !strncmp(w.s, text, (size_t)w.n);
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static bool ends(struct word w, const char *with)
{
	int n = (int)strlen(with);

	return w.n >= n && !strncmp(w.s + w.n - n, with, (size_t)n);
}

/* Behind the first `end` from s on, or the end of the text. */
static const char *behind(const char *s, const char *end)
{
	const char *at = strstr(s, end);

	return at ? at + strlen(end) : s + strlen(s);
}

static bool is_drawn(struct word name)
{
	char word[32];

	if (name.n > 20)
		return false;
	(void)snprintf(word, sizeof(word), " %.*s ", name.n, name.s);
	return strstr(elements, word) != NULL;
}

/* A value in double quotes; references to parts of the picture get its name. */
static void put_value(struct svg *x, struct word v, bool reference)
{
	struct str *out = x->out;

	if (reference && *v.s == '#')
		str_printf(out, "#%s-%.*s", x->picture->name, v.n - 1, v.s + 1);
	else if (v.n > 5 && begins(v.s, "url(#"))
		str_printf(out, "url(#%s-%.*s", x->picture->name, v.n - 5, v.s + 5);
	else
		for (int i = 0; i < v.n; i++)
			str_putn(out, v.s[i] == '"' ? "&quot;" : v.s + i,
				v.s[i] == '"' ? 6 : 1);
}

/* gnuplot calls a script with the text of a point, which is a number of ours. */
static void note_hover(struct svg *x, struct word value)
{
	static const char call[] = "showHypertext(evt,'";
	const char *at = strstr(value.s, call);
	long n =
		at && at < value.s + value.n ? strtol(at + strlen(call), NULL, 10) : -1;

	x->says = n >= 0 && n < x->picture->hovers ? (int)n : -1;
}

/* SVG's own defaults, of which gnuplot writes many. */
static bool is_default(struct word name, struct word value)
{
	return (is(name, "stroke-linecap") && is(value, "butt")) ||
		(is(name, "stroke-linejoin") && is(value, "miter"));
}

static void put_attribute(struct svg *x, struct word name, struct word value)
{
	bool reference = is(name, "xlink:href") || is(name, "href");

	if (is(name, "onmousemove"))
		note_hover(x, value);
	if (begins(name.s, "on") || begins(name.s, "xmlns") ||
		is_default(name, value) || (reference && *value.s != '#'))
		return;
	if (is(name, "id") && ends(value, "_keyentry")) {
		/* A key may have several parts, and an id is there once. */
		str_printf(x->out, " data-key=\"%.*s\"",
			value.n - (int)strlen("_keyentry"), value.s);
		return;
	}
	if (is(name, "id") && !begins(value.s, x->picture->name)) {
		str_printf(
			x->out, " id=\"%s-%.*s\"", x->picture->name, value.n, value.s);
		return;
	}
	str_put(x->out, " ");
	if (reference)
		str_put(x->out, "href");
	else
		str_putn(x->out, name.s, (size_t)name.n);
	str_put(x->out, "=\"");
	put_value(x, value, reference);
	str_put(x->out, "\"");
}

/* Attributes up to the end of the tag, which is returned. */
static const char *put_attributes(struct svg *x, const char *s)
{
	for (;;) {
		struct word name, value;
		char quote[2] = "";

		s += strspn(s, " \t\n\r");
		name = (struct word){ s, (int)strcspn(s, "= \t\n\r/>") };
		if (!name.n)
			return s;
		s += name.n;
		s += strspn(s, " \t\n\r");
		if (*s != '=') /* not in XML */
			continue;
		s += 1 + strspn(s + 1, " \t\n\r");
		quote[0] = *s;
		if (*s != '"' && *s != '\'')
			return s;
		value = (struct word){ s + 1, (int)strcspn(s + 1, quote) };
		s = value.s + value.n + (value.s[value.n] != '\0');
		put_attribute(x, name, value);
	}
}

/* The picture takes the width that it finds, up to its own. */
static void put_root(struct svg *x, const char *tag)
{
	const char *at = strstr(tag, "viewBox=\"");
	const char *box = at ? at + strlen("viewBox=\"") : "0 0 1 1\"";
	int width = 0;

	(void)sscanf(box, "%*d %*d %d", &width);
	str_printf(x->out,
		"<svg class=\"gnuplot\" role=\"group\" viewBox=\"%.*s\" "
		"style=\"--wide:%dpx\" aria-label=\"",
		(int)strcspn(box, "\""), box, width);
	html_put(x->out, x->picture->says);
	str_put(x->out, "\">");
}

static const char *put_end(struct svg *x, struct word name, const char *s)
{
	if (is(name, "g") && x->empty) {
		x->out->n = x->open;
		x->out->s[x->open] = '\0';
	} else if (is_drawn(name))
		str_printf(x->out, "</%.*s>", name.n, name.s);
	x->empty = false;
	return behind(s, ">");
}

static const char *put_begin(struct svg *x, struct word name, const char *s)
{
	if (!is_drawn(name))
		return behind(s, ">");
	x->open = x->out->n;
	x->says = -1;
	if (is(name, "svg")) {
		put_root(x, s);
		return behind(s, ">");
	}
	str_printf(x->out, "<%.*s", name.n, name.s);
	s = put_attributes(x, s + name.n);
	x->empty = is(name, "g") && *s == '>' && x->says < 0;
	str_put(x->out, *s == '/' ? "/>" : x->says < 0 ? ">" : " class=\"point\">");
	if (x->says >= 0)
		html_element(x->out, "title", "", x->picture->hover[x->says]);
	return behind(s, ">");
}

/* <script src="..."/>, which nothing ends. */
static bool is_whole(const char *tag)
{
	const char *end = strchr(tag, '>');

	return end && end[-1] == '/';
}

static const char *put_tag(struct svg *x, const char *s)
{
	static const char *const left_out[][2] = { { "<script", "</script>" },
		{ "<title", "</title>" }, { "<desc", "</desc>" }, { "<!--", "-->" },
		{ "<![CDATA[", "]]>" } };
	const char *word = s + 1 + (s[1] == '/');
	struct word name = { word, (int)strcspn(word, " \t\n\r/>") };

	for (int i = 0; i < COUNT(left_out); i++)
		if (begins(s, left_out[i][0]))
			return is_whole(s) ? behind(s, ">") : behind(s, left_out[i][1]);
	return s[1] == '/' ? put_end(x, name, s) : put_begin(x, name, word);
}

void page_svg(struct str *out, const struct page_picture *picture)
{
	struct svg x = { .out = out, .picture = picture };
	const char *s = strstr(picture->svg, "<svg");

	while (s && *s) {
		size_t n = strcspn(s, "<");
		size_t blank = strspn(s, " \t\n\r");

		if (n > blank) {
			str_putn(out, s, n);
			x.empty = false;
		}
		s += n;
		if (*s)
			s = put_tag(&x, s);
	}
}
