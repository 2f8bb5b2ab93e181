#include "common/crash.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	bool read;
	bool armed;
	int signal;
	char point[64];
	char marker[512];
	int countdown;
} crash;

static void read_environment(void)
{
	const char *spec = getenv("DELTAM_CRASH");
	int n;

	crash.read = true;
	crash.countdown = 1;
	crash.signal = spec ? SIGKILL : SIGSTOP;
	if (!spec)
		spec = getenv("DELTAM_HALT");
	if (!spec)
		return;
	n = sscanf(spec, "%63[^@]@%511[^@]@%d", crash.point, crash.marker,
		&crash.countdown);
	crash.armed = n >= 2;
}

void crash_point(const char *point)
{
	int fd;

	if (!crash.read)
		read_environment();
	if (!crash.armed || strcmp(point, crash.point) != 0 || --crash.countdown > 0)
		return;
	crash.armed = false;
	fd = open(crash.marker, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return;
	close(fd);
	raise(crash.signal);
}
