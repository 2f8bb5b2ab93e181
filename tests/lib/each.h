/*
 * An assertion for loops over every value of something. check writes a message to the
 * process above for each ck_assert, even where it holds; for pictures that took ten times
 * as long as what was checked. This one speaks where it does not hold, and says as much.
 */
#ifndef DELTAM_TESTS_EACH_H
#define DELTAM_TESTS_EACH_H

#include <check.h>

#define ASSERT_EACH(condition) ASSERT_EACH_MSG(condition, "%s", #condition)

/* With printf's words. What is not a number holds no condition. */
#define ASSERT_EACH_MSG(condition, ...) \
	do { \
		if (!(condition)) \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

#endif
