#include "orchestrator/print/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_moves(int fd)
{
	const char *kind = getenv("TERM");

	return isatty(fd) == 1 && kind && *kind && strcmp(kind, "dumb") != 0;
}

bool terminal_colors(int fd, const char *choice)
{
	const char *none = getenv("NO_COLOR");

	if (choice && !strcmp(choice, "always"))
		return true;
	if (choice && !strcmp(choice, "never"))
		return false;
	return terminal_moves(fd) && !(none && *none);
}

static bool names_utf8(const char *locale)
{
	const char *charset = strchr(locale, '.');

	return charset &&
		(!strncasecmp(charset, ".utf-8", 6) ||
			!strncasecmp(charset, ".utf8", 5));
}

bool terminal_utf8(int fd)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (int i = 0; i < 3; i++) {
		const char *locale = getenv(names[i]);

		if (locale && *locale)
			return names_utf8(locale);
	}
	return isatty(fd) != 1;
}

int terminal_columns(int fd)
{
	struct winsize w;

	return ioctl(fd, TIOCGWINSZ, &w) || w.ws_col == 0 ? 80 : w.ws_col;
}

int terminal_rows(int fd)
{
	struct winsize w;

	return ioctl(fd, TIOCGWINSZ, &w) || w.ws_row == 0 ? 24 : w.ws_row;
}
