#!/bin/sh
# What `make bundle` leaves runs where there are no packages: in a root that has nothing but it
# and a shell, whose loader and library are links to those of the bundle. Where nobody may make such a
# root, that part is skipped, and said so. Last line: "bundle: N passed, N failed".
# usage: bundle.sh BUILD_DIR
set -u
build=$(cd "$1" && pwd)
passed=0
failed=0
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT INT TERM
bundle=$root/opt/deltam
unset DELTAM_WORKER DELTAM_PROGRAM DELTAM_KERNELS

# verdict WHAT STATUS OUTPUT
verdict() {
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'bundle: %s\n%s\n' "$1" "$3" | sed '2,$s/^/    /'
	fi
}

# same WHAT GOT WANT
same() {
	[ "$2" = "$3" ]
	verdict "$1" $? "got:  $2
want: $3"
}

finish() {
	echo "bundle: $passed passed, $failed failed"
	[ "$failed" = 0 ]
	exit
}

if nm "$build/deltam" | grep -q ' __asan_init'; then # its libraries are no user's
	echo "bundle: skipped, a build with sanitizers"
	finish
fi
out=$(make -s bundle B="$build" 2>&1)
verdict "make bundle" $? "$out"
[ "$failed" = 0 ] || finish
mkdir -p "$root/opt" "$root/bin" "$root/proc" "$root/dev" "$root/tmp"
cp -r "$build/bundle" "$bundle"

out=$(for file in "$bundle"/lib/*; do
	readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
done | sort -u | while read -r name; do
	[ -e "$bundle/lib/$name" ] || echo "$name"
done)
same "libraries that it wants and does not have" "$out" ""
ln -s "$bundle/bin/deltam" "$root/link"
ln -s link "$root/second"
same "it is called through links" "$(cd "$root" && ./second version)" "$("$build/deltam" version)"

for name in here pilots; do
	cat >"$root/$name.json" <<-END
		{ "sweep": "$name", "dataset": { "name": "synthetic", "train": 64, "val": 16, "test": 16, "tasks": 2 },
		  "model": "mlp", "train": { "epochs": 4, "batch": 16 }, "methods": [ "ew", { "name": "uw_so", "T": [1, 4] } ],
		  "search": { "lr": [0.01, 0.003] }, "final": { "seeds": 2 } }
	END
done
out=$("$bundle/lib/$(basename "$bundle"/lib/ld-*)" --library-path "$bundle/lib" "$bundle/lib/deltam" check "$root/here.json" 2>&1)
same "without its script it says what is missing" "$(echo "$out" | sed 's/^[^:]*: [^ ]* //')" \
	"has loaded this program, and DELTAM_PROGRAM does not say by which path it is called"

# The root. A shell is all that a script needs of its machine.
shell=$(command -v dash || command -v sh)
cp -L "$shell" "$root/bin/sh"
ldd "$shell" | grep ' (0x' | grep / | sed 's/^[^/]*//; s/ (0x.*//' | while read -r path; do
	mkdir -p "$root/$(dirname "$path")"
	ln -s "/opt/deltam/lib/$(basename "$path")" "$root/$path"
done

# inside PROGRAM WORD...: runs it with $root as its root, in a mount namespace that goes with it
inside() {
	# shellcheck disable=SC2086
	env -i HOME=/tmp DELTAM_CACHE=/cache DELTAM_TIME_SCALE=0.01 "DELTAM_KERNELS=${KERNELS:-avx2}" PATH="$PATH" \
		unshare $flags --mount sh -c 'mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev" &&
			exec chroot "$0" "$@"' "$root" "$@" 2>&1
}

flags=
unshare --mount true 2>/dev/null || flags=--map-root-user
out=$(inside /bin/sh -c 'echo in')
if [ "$out" != in ]; then
	echo "bundle: skipped, no root of its own: $(echo "$out" | tail -1)"
	finish
fi

deltam=/opt/deltam/bin/deltam
out=$(inside $deltam prepare here.json)
same "data are composed there" "$? ${out%% *}" "0 made"
out=$(inside $deltam prepare here.json)
same "once" "$? ${out%% *}" "0 there"
out=$(inside $deltam run here.json)
verdict "a sweep is trained there" $? "$out"
out=$(inside $deltam run pilots.json --launcher local --pilots 2 --workers 1)
verdict "and at pilots, which are started there" $? "$out"

# rows DATABASE: every figure that was trained
rows() {
	sqlite3 "$1" "SELECT j.identity, m.epoch, m.split, m.task, m.name, m.value FROM metric m JOIN job j ON j.id = m.job
		WHERE m.split IN ('train', 'val', 'test') ORDER BY 1, 2, 3, 4, 5" 2>&1
}
(cd "$root" && DELTAM_CACHE=$root/cache DELTAM_KERNELS=avx2 "$build/deltam" run here.json --db out.db >/dev/null 2>&1)
rows "$root/out.db" >"$root/want"
for name in here pilots; do
	out=$(rows "$root/$name.db" | cmp - "$root/want" 2>&1)
	verdict "the figures of $name.db are those of the build" $? "$out"
done
same "which are many" "$(($(wc -l <"$root/want") > 300))" 1
for class in portable avx2; do
	same "kernel class $class, OpenBLAS's included" \
		"$(KERNELS=$class inside /opt/deltam/libexec/deltam/deltam-worker --kernels)" \
		"$(DELTAM_KERNELS=$class "$build/deltam-worker" --kernels)"
done
finish
