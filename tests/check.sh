#!/bin/sh
# Everything that `make check` runs once the programs are built. Last line: one sum.
# usage: check.sh BUILD_DIR
set -u
build=$1
out=$build/check.log
passed=0
failed=0

# step NAME PASSED FAILED STATUS: a step that fails without a count counts as one
step() {
	passed=$((passed + $2))
	if [ "$4" != 0 ] && [ "$3" = 0 ]; then
		failed=$((failed + 1))
	else
		failed=$((failed + $3))
	fi
	echo "== $1: $2 passed, $3 failed"
}

# field LINE WORD: the number behind WORD, 0 without
field() {
	n=$(echo "$1" | sed -n "s/.*$2:\{0,1\} *\([0-9][0-9]*\).*/\1/p")
	echo "${n:-0}"
}

sh tests/layers.sh "$build" >"$out"
status=$?
cat "$out"
sum=$(tail -1 "$out" | sed 's/layers: \([0-9]*\) passed, \([0-9]*\) failed/passed \1 failed \2/')
step layers "$(field "$sum" passed)" "$(field "$sum" failed)" $status

sh tests/places.sh >"$out"
status=$?
cat "$out"
sum=$(tail -1 "$out" | sed 's/places: \([0-9]*\) passed, \([0-9]*\) failed/passed \1 failed \2/')
step places "$(field "$sum" passed)" "$(field "$sum" failed)" $status

# A suite is a process, as many at once as there are cores; suites.def has the long ones
# first. One that ends without its sum counts as a failure.
mkdir -p "$build/suites"
rm -f "$build"/suites/*
sed -n 's/^SUITE(\([a-z_0-9]*\)).*/\1/p' tests/suites.def |
	xargs -P "${JOBS:-$(nproc)}" -I{} sh -c \
		'"$1/tests" "$2" >"$1/suites/$2" 2>&1 || mv "$1/suites/$2" "$1/suites/$2.failed"' - "$build" {}
good=0
bad=0
for log in "$build"/suites/*; do
	sum=$(grep -aE '^[0-9]+%: Checks' "$log" | tail -1)
	lost=$(($(field "$sum" Failures) + $(field "$sum" Errors)))
	good=$((good + $(field "$sum" Checks) - lost))
	case $log in
	*.failed)
		cat "$log"
		[ $lost -gt 0 ] || lost=1
		bad=$((bad + lost))
		;;
	*) sed -n 's/^\([0-9]* kills of.*\)/\1/p' "$log" ;;
	esac
done
step tests $good $bad $bad

if [ -x "$build/fixtures" ]; then
	"$build/fixtures" tests/fixtures/golden tests/fixtures/parity tests/fixtures/computed >"$out" 2>&1
	status=$?
	grep -v -e '^pass ' -e '^skip ' "$out"
	sum=$(tail -1 "$out")
	step fixtures "$(field "$sum" passed)" "$(field "$sum" failed)" $status
fi

sh tests/install.sh "$build" >"$out" 2>&1
status=$?
cat "$out"
sum=$(tail -1 "$out" | sed 's/install: \([0-9]*\) passed, \([0-9]*\) failed/passed \1 failed \2/')
step install "$(field "$sum" passed)" "$(field "$sum" failed)" $status

sh tests/bundle.sh "$build" >"$out" 2>&1
status=$?
cat "$out"
sum=$(tail -1 "$out" | sed 's/bundle: \([0-9]*\) passed, \([0-9]*\) failed/passed \1 failed \2/')
step bundle "$(field "$sum" passed)" "$(field "$sum" failed)" $status

if command -v python3 >/dev/null; then
	sh tests/second/run.sh "$build" >"$out" 2>&1
	status=$?
	cat "$out"
	sum=$(tail -1 "$out" | sed 's/second: \([0-9]*\) passed, \([0-9]*\) failed/passed \1 failed \2/')
	step second "$(field "$sum" passed)" "$(field "$sum" failed)" $status
else
	echo "== second: skipped, python3 is not installed"
fi

sh tests/slurm.sh "$build" >"$out" 2>&1
status=$?
cat "$out"
sum=$(tail -1 "$out" | sed 's/slurm: \([0-9]*\) passed, \([0-9]*\) failed/passed \1 failed \2/')
step slurm "$(field "$sum" passed)" "$(field "$sum" failed)" $status

sh tests/fuse.sh "$build" >"$out" 2>&1
status=$?
cat "$out"
sum=$(tail -1 "$out" | sed 's/fuse: \([0-9]*\) passed, \([0-9]*\) failed/passed \1 failed \2/')
step fuse "$(field "$sum" passed)" "$(field "$sum" failed)" $status

for fuzz in "$build"/fuzz_*; do
	[ -x "$fuzz" ] || continue
	name=$(basename "$fuzz")
	"$fuzz" tests/fuzz/corpus/"${name#fuzz_}" >"$out" 2>&1
	status=$?
	[ $status = 0 ] || cat "$out"
	step "$name" "$(field "$(tail -1 "$out")" replayed)" 0 $status
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
