#!/bin/sh
# The unit suites under valgrind, one process a suite, then one worker with a small job.
# valgrind knows no AVX-512; the programs choose by the processor that it shows them.
# usage: valgrind.sh BUILD_DIR [SUITE ...]
set -u
build=$1
shift
if [ $# -eq 0 ]; then
	# Suites of integration/ start programs of their own, which valgrind does not follow.
	own=$(cd tests/integration && ls test_*.c | sed 's/test_\(.*\)\.c/\1/')
	# shellcheck disable=SC2046
	set -- $(sed -n 's/^SUITE(\([a-z_0-9]*\)).*/\1/p' tests/suites.def | grep -vxF "$own")
fi

export CK_FORK=no CK_DEFAULT_TIMEOUT=0 OPENBLAS_NUM_THREADS=1
valgrind="valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite \
	--error-exitcode=9 --suppressions=tests/valgrind.supp"
failed=0

verdict() {
	if [ "$2" = 0 ]; then
		echo "valgrind $1: clean"
	else
		echo "valgrind $1: FAILED"
		cat "$build/valgrind.log"
		failed=$((failed + 1))
	fi
}

for suite; do
	$valgrind "$build/tests" "$suite" >"$build/valgrind.log" 2>&1
	verdict "$suite" $?
done

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/s.json" <<'SWEEP'
{ "sweep": "s", "dataset": { "name": "synthetic", "train": 40, "val": 10, "test": 10 },
  "train": { "epochs": 2, "batch": 20 }, "methods": [ "uw" ], "search": { "lr": 0.01 } }
SWEEP
cat >"$scratch/worker" <<WRAP
#!/bin/sh
exec $valgrind "$PWD/$build/deltam-worker" "\$@"
WRAP
sed -i "s,tests/valgrind.supp,$PWD/tests/valgrind.supp," "$scratch/worker"
chmod +x "$scratch/worker"
DELTAM_CACHE=$scratch/cache DELTAM_WORKER=$scratch/worker $valgrind "$build/deltam" run \
	"$scratch/s.json" --db "$scratch/s.db" --workers 1 >"$build/valgrind.log" 2>&1
verdict "deltam run" $?

echo "valgrind: $failed failed"
[ "$failed" = 0 ]
