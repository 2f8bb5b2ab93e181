/* Runs gnuplot: a program of its own, started without a shell, fed through a pipe. */
#ifndef DELTAM_GNUPLOT_H
#define DELTAM_GNUPLOT_H

#include "common/str.h"

#define GNUPLOT_PACKAGE "gnuplot-nox" /* Debian's, without windows */

/*
 * Hands the script to gnuplot and puts what it draws into the file `out`, whole or not at all.
 * ERR_DATA where there is no gnuplot, ERR_SYS where the file cannot be written, ERR_FAILED
 * with gnuplot's own words.
 */
MUST_CHECK int gnuplot_run(
	const char *script, const char *out, struct arena *a, struct err *e);
/* The same into memory: *out is what gnuplot wrote, in the arena. */
MUST_CHECK int gnuplot_text(
	const char *script, const char **out, struct arena *a, struct err *e);

#endif
