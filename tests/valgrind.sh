#!/bin/sh
# The unit suites under valgrind, one process a suite, as many at once as there are cores,
# and one worker with a small job (`program`). valgrind knows no AVX-512; the programs
# choose by the processor that it shows them. The last suites to end take half an hour.
# usage: valgrind.sh BUILD_DIR [SUITE ...]
set -u
build=$1
shift
if [ $# -eq 0 ]; then
	# Suites of integration/ start programs of their own, which valgrind does not follow.
	own=$(cd tests/integration && ls test_*.c | sed 's/test_\(.*\)\.c/\1/')
	# shellcheck disable=SC2046
	set -- $(sed -n 's/^SUITE(\([a-z_0-9]*\)).*/\1/p' tests/suites.def | grep -vxF "$own") program
fi
if [ $# -gt 1 ]; then
	printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" sh "$0" "$build"
	exit
fi

export CK_FORK=no CK_DEFAULT_TIMEOUT=0 OPENBLAS_NUM_THREADS=1 DELTAM_TEST_VALGRIND=1
valgrind="valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite \
	--error-exitcode=9 --suppressions=$PWD/tests/valgrind.supp"
log=$build/valgrind_$1.log

# A worker under valgrind, started by deltam under valgrind.
program() {
	scratch=$(mktemp -d) || return 1
	trap 'rm -rf "$scratch"' EXIT
	cat >"$scratch/s.json" <<-'SWEEP'
		{ "sweep": "s", "dataset": { "name": "synthetic", "train": 40, "val": 10, "test": 10 },
		  "train": { "epochs": 2, "batch": 20 }, "methods": [ "uw" ], "search": { "lr": 0.01 } }
	SWEEP
	cat >"$scratch/worker" <<-WRAP
		#!/bin/sh
		exec $valgrind "$PWD/$build/deltam-worker" "\$@"
	WRAP
	chmod +x "$scratch/worker"
	DELTAM_CACHE=$scratch/cache DELTAM_WORKER=$scratch/worker $valgrind "$build/deltam" run \
		"$scratch/s.json" --db "$scratch/s.db" --workers 1
}

if [ "$1" = program ]; then
	program >"$log" 2>&1
else
	$valgrind "$build/tests" "$1" >"$log" 2>&1
fi
status=$?
[ $status = 0 ] || cat "$log"
echo "valgrind $1: $([ $status = 0 ] && echo clean || echo FAILED)"
exit $status
