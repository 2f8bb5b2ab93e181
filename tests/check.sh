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

"$build/tests" >"$out" 2>&1
status=$?
cat "$out"
sum=$(grep -E '^[0-9]+%: Checks' "$out" | tail -1)
bad=$(($(field "$sum" Failures) + $(field "$sum" Errors)))
step tests $(($(field "$sum" Checks) - bad)) $bad $status

if [ -x "$build/fixtures" ]; then
	"$build/fixtures" tests/fixtures/golden tests/fixtures/parity >"$out" 2>&1
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

if command -v python3 >/dev/null; then
	sh tests/second/run.sh "$build" >"$out" 2>&1
	status=$?
	cat "$out"
	sum=$(tail -1 "$out" | sed 's/second: \([0-9]*\) passed, \([0-9]*\) failed/passed \1 failed \2/')
	step second "$(field "$sum" passed)" "$(field "$sum" failed)" $status
else
	echo "== second: skipped, python3 is not installed"
fi

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
