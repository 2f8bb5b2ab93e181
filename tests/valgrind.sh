#!/bin/sh
# The unit suites under valgrind, then one worker process on a small job of its own.
# valgrind knows no AVX-512; the programs choose by the processor that it shows them.
# usage: valgrind.sh BUILD_DIR
set -eu
build=$1
suites=$(sed -n 's/^SUITE(\([a-z_0-9]*\)).*/\1/p' tests/suites.def)
for slow in $(cd tests/integration && ls test_*.c | sed 's/test_\(.*\)\.c/\1/'); do
	suites=$(echo "$suites" | grep -vx "$slow")
done
# shellcheck disable=SC2086
CK_FORK=no CK_DEFAULT_TIMEOUT=0 OPENBLAS_NUM_THREADS=1 valgrind --quiet --leak-check=full \
	--show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite \
	--error-exitcode=9 --suppressions=tests/valgrind.supp "$build/tests" $suites
echo "valgrind: clean"
