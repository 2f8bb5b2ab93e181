#!/bin/sh
# Searches with every fuzz target, as many at once as there are cores. What is new goes to
# BUILD/corpus/TARGET, an input that fails to BUILD/found/TARGET-*: it joins tests/fuzz/corpus.
# usage: fuzz.sh BUILD SECONDS [TARGET...]     RUNS=N: so many executions, however long
# Last line: fuzz: N targets, N executions, N findings.
set -u
build=$1
seconds=$2
shift 2
[ -w /dev/shm ] && export TMPDIR="${TMPDIR:-/dev/shm}" # nothing of it is worth a disk
export OPENBLAS_NUM_THREADS=1
mkdir -p "$build/found" "$build/log"

# One target. An input may take 256 MiB and, since a clock on the wall knows how busy the
# machine is, a minute; the slowest is said, and more than ten seconds under sanitizers,
# which are five times slower than what is installed, are worth a look.
if [ "${1:-}" = --one ]; then
	name=$2
	own=tests/fuzz/corpus/$name
	dict=tests/fuzz/dict/$name
	mkdir -p "$build/corpus/$name"
	if [ -n "${RUNS:-}" ]; then set -- -runs="$RUNS"; else set -- -max_total_time="$seconds"; fi
	[ -f "$dict" ] && set -- "$@" -dict="$dict"
	exec "$build/fuzz_$name" "$@" -timeout=60 -malloc_limit_mb=256 -rss_limit_mb=2560 \
		-max_len=8192 -print_final_stats=1 -verbosity=1 \
		-artifact_prefix="$build/found/$name-" "$build/corpus/$name" "$own" \
		>"$build/log/$name" 2>&1
fi

[ $# -gt 0 ] || set -- $(ls "$build" | sed -n 's/^fuzz_\([a-z_]*\)$/\1/p')
targets=$#
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I{} sh "$0" "$build" "$seconds" --one {}
runs=0
found=0
for name in "$@"; do
	n=$(sed -n 's/^stat::number_of_executed_units: *//p; s/^#\([0-9]*\)[^0-9].*/\1/p' "$build/log/$name" | sort -n | tail -1)
	cover=$(sed -n 's/.*cov: \([0-9]*\) .*/\1/p' "$build/log/$name" | tail -1)
	slow=$(sed -n 's/^stat::slowest_unit_time_sec: *//p' "$build/log/$name")
	echo "$name: ${n:-0} executions, ${cover:-0} edges, the slowest ${slow:-?} s"
	runs=$((runs + ${n:-0}))
	if grep -qE 'ERROR: (libFuzzer|AddressSanitizer)|runtime error|: bug: ' "$build/log/$name"; then
		grep -E 'ERROR: |runtime error|: bug: |Test unit written' "$build/log/$name"
		found=$((found + 1))
	fi
done
echo "fuzz: $targets targets, $runs executions, $found findings"
[ $found = 0 ]
