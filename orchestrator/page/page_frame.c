#include <string.h>
#include <time.h>
#include "common/random_hex.h"
#include "common/version.h"
#include "orchestrator/page/page.h"

#define NONCE_BYTES 16

static const struct {
	const char *id, *title;
	int (*write)(struct page *p, struct err *e);
} sections[] = { { "standing", "Where it stands", page_standing },
	{ "table", "Table", page_table }, { "plots", "Plots", page_figures },
	{ "decisions", "Decisions", page_decisions },
	{ "failures", "Failures", page_failures }, { "cost", "Cost", page_cost },
	{ "machines", "Where it ran", page_machines },
	{ "asked", "What was asked", page_asked } };

static void put_head(struct page *p, const char *script)
{
	struct str *out = &p->out;

	str_printf(out,
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'; script-src 'nonce-%s'; base-uri 'none'; "
		"form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n",
		script);
	if (p->refresh)
		str_printf(out, "<meta http-equiv=\"refresh\" content=\"%d\">\n",
			p->refresh);
	html_element(out, "title", "",
		arena_printf(p->arena, "%s: deltam", p->reader->sweep.name));
	str_put(out, "\n<style>\n");
	str_put(out, page_css);
	str_put(out,
		"</style>\n<noscript><style>tr.more { display: table-row }</style>"
		"</noscript>\n</head>\n");
}

static void put_title(struct page *p)
{
	struct str *out = &p->out;

	str_put(out, "<body>\n<header>\n");
	html_element(out, "h1", "", p->reader->sweep.name);
	str_put(out, "\n<nav aria-label=\"contents\">");
	for (int i = 0; i < COUNT(sections); i++)
		str_printf(out, "<a href=\"#%s\">%s</a> ", sections[i].id,
			sections[i].title);
	str_put(out, "</nav>\n</header>\n<main>\n");
}

static void put_foot(struct page *p, const char *script)
{
	time_t now = time(NULL);
	struct tm utc;
	char text[32];

	gmtime_r(&now, &utc);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &utc);
	str_printf(&p->out, "</main>\n<footer>\n<p>Made by deltam %s on %s",
		deltam_version, text);
	if (p->refresh)
		str_printf(&p->out, "; reloads itself every %d s", p->refresh);
	str_put(&p->out, ".</p>\n");
	page_command(p, "report -o %s", page_quoted(p->arena, p->options->out));
	str_printf(&p->out,
		"</footer>\n<script nonce=\"%s\">\n%s</script>\n</body>\n</html>\n",
		script, page_js);
}

int page_write(struct page *p, struct err *e)
{
	/* Of this file alone: a page that could guess it could bring a script of its own. */
	char script[2 * NONCE_BYTES + 1];
	int rc = random_hex(script, NONCE_BYTES, "word for the script of the page", e);

	if (rc)
		return rc;
	put_head(p, script);
	put_title(p);
	for (int i = 0; i < COUNT(sections) && !rc; i++) {
		str_printf(&p->out, "<section id=\"%s\">\n<h2>%s</h2>\n",
			sections[i].id, sections[i].title);
		rc = sections[i].write(p, e);
		str_put(&p->out, "</section>\n");
	}
	put_foot(p, script);
	return rc;
}
