#include "common/bytes.h"

#include <errno.h>
#include <unistd.h>
#include "common/str.h"

int bytes_write(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno != EINTR)
			return -1;
		at += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

int bytes_copy(int in, int out)
{
	char buf[1 << 16];

	for (;;) {
		ssize_t n = read(in, buf, sizeof(buf));

		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || bytes_write(out, buf, (size_t)n))
			return -1;
	}
}

const char *bytes_text(FILE *f, struct arena *a)
{
	struct str text = { .arena = a };
	char buf[4096];
	size_t n;

	rewind(f);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		str_putn(&text, buf, n);
	return str_get(&text);
}
