#!/bin/sh
# Everything that `make check` runs once the programs are built. What failed is said again at
# the end, where somebody who sees the last lines only finds it. Last line: one sum.
# usage: check.sh BUILD_DIR
set -u
build=$1
out=$build/check.log
lost=$build/check.failed
passed=0
failed=0
: >"$lost"

# step NAME PASSED FAILED STATUS LOG: a step that fails without a count counts as one
step() {
	bad=$3
	[ "$4" = 0 ] || [ "$bad" != 0 ] || bad=1
	passed=$((passed + $2))
	failed=$((failed + bad))
	echo "== $1: $2 passed, $bad failed"
	[ "$bad" = 0 ] || { echo "-- $1" && tail -n 20 "$5"; } >>"$lost"
}

# field LINE WORD: the number behind WORD, 0 without
field() {
	n=$(echo "$1" | sed -n "s/.*$2:\{0,1\} *\([0-9][0-9]*\).*/\1/p")
	echo "${n:-0}"
}

# script NAME COMMAND ...: one whose last line is "NAME: N passed, N failed"
script() {
	name=$1
	shift
	"$@" >"$out" 2>&1
	status=$?
	cat "$out"
	sum=$(tail -1 "$out" | sed "s/$name: \([0-9]*\) passed, \([0-9]*\) failed/passed \1 failed \2/")
	step "$name" "$(field "$sum" passed)" "$(field "$sum" failed)" $status "$out"
}

# suite LOG: what a suite's process has printed; one that ends without its sum failed
suite() {
	sum=$(grep -aE '^[0-9]+%: Checks' "$1" | tail -1)
	wrong=$(($(field "$sum" Failures) + $(field "$sum" Errors)))
	good=$((good + $(field "$sum" Checks) - wrong))
	case $1 in
	*.failed)
		cat "$1"
		[ $wrong -gt 0 ] || wrong=1
		bad=$((bad + wrong))
		tail -n 20 "$1" >>"$out"
		;;
	*) sed -n 's/^\([0-9]* kills of.*\)/\1/p' "$1" ;;
	esac
}

# A suite is a process, as many at once as there are cores; suites.def has the long ones
# first.
suites() {
	mkdir -p "$build/suites"
	rm -f "$build"/suites/*
	sed -n 's/^SUITE(\([a-z_0-9]*\)).*/\1/p' tests/suites.def |
		xargs -P "${JOBS:-$(nproc)}" -I{} sh -c \
			'"$1/tests" "$2" >"$1/suites/$2" 2>&1 || mv "$1/suites/$2" "$1/suites/$2.failed"' - "$build" {}
	good=0
	bad=0
	: >"$out"
	for log in "$build"/suites/*; do
		suite "$log"
	done
	step tests $good $bad $bad "$out"
}

fixtures() {
	"$build/fixtures" tests/fixtures/golden tests/fixtures/parity tests/fixtures/computed >"$out" 2>&1
	status=$?
	grep -v -e '^pass ' -e '^skip ' "$out" >"$out.short"
	cat "$out.short"
	sum=$(tail -1 "$out")
	step fixtures "$(field "$sum" passed)" "$(field "$sum" failed)" $status "$out.short"
}

# replay PROGRAM: a fuzz target on what its corpus keeps
replay() {
	name=$(basename "$1")
	"$1" tests/fuzz/corpus/"${name#fuzz_}" >"$out" 2>&1
	status=$?
	[ $status = 0 ] || cat "$out"
	step "$name" "$(field "$(tail -1 "$out")" replayed)" 0 $status "$out"
}

script layers sh tests/layers.sh "$build"
script places sh tests/places.sh
suites
[ ! -x "$build/fixtures" ] || fixtures
script install sh tests/install.sh "$build"
script bundle sh tests/bundle.sh "$build"
if command -v python3 >/dev/null; then
	script second sh tests/second/run.sh "$build"
else
	echo "== second: skipped, python3 is not installed"
fi
script slurm sh tests/slurm.sh "$build"
script fuse sh tests/fuse.sh "$build"
for fuzz in "$build"/fuzz_*; do
	[ ! -x "$fuzz" ] || replay "$fuzz"
done

cat "$lost"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
