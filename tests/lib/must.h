/*
 * What has to succeed in a test: otherwise the test fails with the error's message.
 */
#ifndef DELTAM_TESTS_MUST_H
#define DELTAM_TESTS_MUST_H

#include "common/err.h"

void must(int rc, const struct err *e);

#endif
