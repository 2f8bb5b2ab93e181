#include "tests/lib/pace.h"

#include <stdlib.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED true
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

bool pace_slow(void)
{
	return SANITIZED || getenv("DELTAM_TEST_VALGRIND") != NULL;
}

int pace(int many, int few)
{
	return pace_slow() ? few : many;
}
