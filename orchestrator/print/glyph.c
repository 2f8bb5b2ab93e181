#include "orchestrator/print/glyph.h"

#include <stddef.h>
#include <string.h>
#include "common/hidden.h"
#include "orchestrator/json/diag.h"

uint32_t glyph_next(const char **s)
{
	const unsigned char *b = (const unsigned char *)*s;
	int n = utf8_length(*s, strlen(*s));
	uint32_t c = n > 1 ? b[0] & (0xffu >> (n + 1)) : b[0];

	*s += n ? n : 1;
	for (int i = 1; i < n; i++)
		c = c << 6 | (b[i] & 0x3fu);
	return n ? c : 0xfffd;
}

struct block {
	uint32_t from, to;
};

static bool within(uint32_t c, const struct block *blocks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= blocks[i].from && c <= blocks[i].to)
			return true;
	return false;
}

/*
 * How many cells of a terminal a character takes: 0 where it is put over the one before
 * it, 2 for ideographs and pictures, else 1. Source: UAX #11 (wide, fullwidth), by
 * blocks.
 */
static int width(uint32_t c)
{
	static const struct block none[] = { { 0x300, 0x36f }, { 0x200b, 0x200f },
		{ 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f } };
	static const struct block wide[] = { { 0x1100, 0x115f }, { 0x2e80, 0xa4cf },
		{ 0xac00, 0xd7a3 }, { 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },
		{ 0xff00, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1faff },
		{ 0x20000, 0x3fffd } };

	if (within(c, none, COUNT(none)))
		return 0;
	return within(c, wide, COUNT(wide)) ? 2 : 1;
}

int glyph_text_width(const char *s)
{
	int n = 0;

	while (*s)
		n += width(glyph_next(&s));
	return n;
}

int glyph_text_fit(const char *s, int cells)
{
	const char *end = s;
	const char *next = s;

	while (*next && *next != '\n') {
		cells -= width(glyph_next(&next));
		if (cells < 0)
			break;
		end = next;
	}
	return (int)(end - s);
}

const char *glyph_printable(struct arena *a, const char *s)
{
	struct str out = { .arena = a };
	bool any = false;

	for (const char *at = s; *at;) {
		const char *from = at;
		int hidden = hidden_length(at);

		if (hidden)
			at += hidden;
		else
			(void)glyph_next(&at);
		str_putn(&out, hidden ? " " : from, hidden ? 1 : (size_t)(at - from));
		any = any || hidden;
	}
	return any ? str_get(&out) : s;
}

static const char *spelling(uint32_t c)
{
	static const struct {
		uint32_t c;
		const char *text;
	} list[] = { { 0x394, "Delta_" }, { 0x3b4, "delta" }, { 0x3c3, "sigma" },
		{ 0x3b1, "alpha" }, { 0x3c7, "chi" }, { 0x3bc, "mu" }, { 0xb5, "mu" },
		{ 0xb1, "+-" }, { 0x2191, "^" }, { 0x2193, "v" }, { 0x2020, "+" },
		{ 0x2021, "++" }, { 0xb0, "deg" }, { 0xb2, "^2" }, { 0xd7, "x" },
		{ 0xb7, "*" }, { 0x2212, "-" }, { 0x2013, "-" }, { 0x2014, "--" },
		{ 0x2026, "..." }, { 0x2264, "<=" }, { 0x2265, ">=" }, { 0x2248, "~" },
		{ 0x2192, "->" }, { 0x2018, "'" }, { 0x2019, "'" }, { 0x201c, "\"" },
		{ 0x201d, "\"" }, { 0xa0, " " }, { 0x2009, " " }, { 0x202f, " " } };

	for (size_t i = 0; i < COUNT(list); i++)
		if (list[i].c == c)
			return list[i].text;
	return "?";
}

const char *glyph_ascii(struct arena *a, const char *s)
{
	struct str out = { .arena = a };

	while (*s) {
		const char *from = s;
		uint32_t c = glyph_next(&s);

		if (c < 0x80)
			str_putn(&out, from, 1);
		else
			str_put(&out, spelling(c));
	}
	return str_get(&out);
}
