#include "worker/stop.h"

#include <signal.h>
#include <stddef.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include "worker/pipe.h"

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
	(void)number;
	signalled = 1;
}

void stop_install(void)
{
	struct sigaction stop = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	sigemptyset(&stop.sa_mask);
	sigaction(SIGTERM, &stop, NULL);
	signal(SIGHUP, SIG_IGN);
	if (pipe_exists())
		signal(SIGINT, SIG_IGN);
	else
		sigaction(SIGINT, &stop, NULL);
#ifdef __linux__
	if (pipe_exists())
		prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
}

bool stop_wanted(void)
{
	return signalled || pipe_closed();
}
