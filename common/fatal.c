#include "common/fatal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char message[256];

/* Only what signal-safety(7) allows: the text was made beforehand. */
static void on_bus_error(int number)
{
	ssize_t ignored = write(STDERR_FILENO, message, strlen(message));

	(void)ignored;
	(void)raise(number); /* SA_RESETHAND: now it ends the program */
}

void fatal_install(const char *program)
{
	struct sigaction bus = { .sa_handler = on_bus_error,
		.sa_flags = (int)SA_RESETHAND };

	snprintf(message, sizeof(message),
		"%s: a file that it has mapped into memory was cut short by somebody else "
		"(the database's -shm, or a composed data set in the cache), or its disk "
		"failed\n",
		program);
	sigemptyset(&bus.sa_mask);
	sigaction(SIGBUS, &bus, NULL);
	signal(SIGXFSZ, SIG_IGN);
}

void fatal_outlive_readers(void)
{
	signal(SIGPIPE, SIG_IGN);
}

bool fatal_is_ignored(int signal)
{
	struct sigaction old;

	return !sigaction(signal, NULL, &old) && old.sa_handler == SIG_IGN;
}
