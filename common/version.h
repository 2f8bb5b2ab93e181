/*
 * Which deltam this is. Both programs carry the same text when they were built together,
 * and deltam starts no worker that carries another one (plan/worker_path.h).
 */
#ifndef DELTAM_VERSION_H
#define DELTAM_VERSION_H

#define DELTAM_VERSION "0.1.0"
#define DELTAM_DATE "2026-12-01" /* of this version, for the man pages */

/* The commit that was built, with -dirty where files differed; "unknown" without git. */
extern const char deltam_build[];

/* "0.1.0 (build 0123456789ab)" */
extern const char deltam_version[];

#endif
