#include <stdarg.h>
#include <string.h>
#include "orchestrator/page/page.h"

void page_say(struct page *p, const char *text)
{
	str_printf(&p->out, "<p>%s</p>\n", text);
}

const char *page_quoted(struct arena *a, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-+=./:,";
	struct str out = { .arena = a };

	if (*word && strspn(word, plain) == strlen(word))
		return word;
	str_put(&out, "'");
	for (; *word; word++)
		str_put(&out, *word == '\'' ? "'\\''" : (char[]){ *word, '\0' });
	str_put(&out, "'");
	return str_get(&out);
}

void page_command(struct page *p, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	str_put(&p->out, "<p class=\"command\"><code>deltam ");
	html_put(&p->out, buf);
	html_put(&p->out, p->which);
	str_put(&p->out, "</code></p>\n");
}

void page_report(struct page *p, const struct report *r)
{
	static const struct html_table plain = { .exact = true };

	for (int i = 0; i < r->tables; i++) {
		str_put(&p->out, "<div class=\"wide\">\n");
		html_table(&r->table[i], &plain, &p->out);
		str_put(&p->out, "</div>\n");
	}
	for (int i = 0; i < r->notes; i++) {
		html_element(&p->out, "p", " class=\"note\"", r->note[i]);
		str_put(&p->out, "\n");
	}
}
