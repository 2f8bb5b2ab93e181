#include "worker/stop.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include "common/arena.h"
#include "worker/pipe.h"

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
	(void)number;
	signalled = 1;
}

static void die_with_parent(void)
{
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
}

static void (*before_leaving)(void);

static void on_leave(int number)
{
	before_leaving();
	_exit(128 + number);
}

void stop_at_once(void (*clean_up)(void))
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction leave = { .sa_handler = on_leave };

	before_leaving = clean_up;
	sigfillset(&leave.sa_mask);
	for (int i = 0; i < COUNT(numbers); i++)
		sigaction(numbers[i], &leave, NULL);
	die_with_parent();
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
	if (pipe_exists())
		die_with_parent();
}

bool stop_wanted(void)
{
	return signalled || pipe_closed();
}
