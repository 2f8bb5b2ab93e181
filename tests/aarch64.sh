#!/bin/sh
# Builds for aarch64 by Debian's cross compiler, and runs fixtures and suites under qemu-user:
# the numbers within tolerances, since bits are those of a kernel class. Debian's arm64
# libraries are unpacked below BUILD, no architecture is added to the machine's packages.
# usage: aarch64.sh BUILD [SUITE...]
# Last line: aarch64: N passed, N failed.
set -u
mkdir -p "$1"
build=$(cd "$1" && pwd)
shift
root=$build/root
libs=usr/lib/aarch64-linux-gnu
qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || {
	echo "aarch64: install qemu-user-static and gcc-aarch64-linux-gnu" >&2
	exit 1
}

# Private lists of packages: the machine's own stay as they are.
fetch() {
	apt=$build/apt
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$build/deb" "$root"
	cat >"$apt/conf" <<-END
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		Dir::State::Lists "$apt/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$apt/cache";
		APT::Sandbox::User "root";
	END
	(cd "$build/deb" && APT_CONFIG=$apt/conf && export APT_CONFIG && apt-get update -qq &&
		apt-get download -qq libsqlite3-0 libsqlite3-dev libuv1 libuv1-dev libcjson1 libcjson-dev \
			libopenblas0-pthread libopenblas-pthread-dev libxxhash0 libxxhash-dev zlib1g zlib1g-dev \
			libjpeg62-turbo libjpeg62-turbo-dev check libsubunit0 libsubunit-dev libgfortran5) &&
		for deb in "$build"/deb/*.deb; do dpkg -x "$deb" "$root" || return 1; done && : >"$build/fetched"
}

[ -e "$build/fetched" ] || fetch || exit 1

# Programs go to bin/; in their places are scripts that start them, by absolute paths, because
# qemu says of /proc/self/exe what it was called by, and the kernel runs no foreign program.
make -s -j"${JOBS:-$(nproc)}" B="$build/bin" CC="${CROSS:-aarch64-linux-gnu-gcc}" DYNAMIC=1 \
	CPPFLAGS="-isystem $root/usr/include -isystem $root/usr/include/aarch64-linux-gnu -isystem $root/usr/include/aarch64-linux-gnu/openblas-pthread" \
	LDFLAGS="-L$root/$libs -L$root/$libs/openblas-pthread -Wl,-rpath-link,$root/$libs:$root/$libs/openblas-pthread" \
	"$build/bin/deltam" "$build/bin/deltam-worker" "$build/bin/fixtures" "$build/bin/tests" || exit 1
mkdir -p "$build/run"
for program in deltam deltam-worker fixtures tests; do
	cat >"$build/run/$program" <<-END
		#!/bin/sh
		exec $qemu -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH=$root/$libs:$root/$libs/openblas-pthread $build/bin/$program "\$@"
	END
	chmod +x "$build/run/$program"
done
export DELTAM_WORKER="$build/run/deltam-worker"
export CK_DEFAULT_TIMEOUT=0 CK_TIMEOUT_MULTIPLIER=20 OPENBLAS_NUM_THREADS=1 # emulation is slow

# Suites that look at processes, which are qemu's here, or that take minutes even without it.
without="run winner worker learn image conv_c16 property hostile hostile_db together protocol reports reports_run
 networks trainer trainer_python slots try start pseudo resolve import papers follow store_lock store_open sched page
 plot mtan train_deep conv_n16 docs statistics"
without=" $(echo $without) "
[ $# -gt 0 ] || set -- $(sed -n 's/^SUITE(\([a-z_0-9]*\)).*/\1/p' tests/suites.def |
	while read -r suite; do case $without in *" $suite "*) ;; *) echo "$suite" ;; esac; done)
passed=0
failed=0
for suite in "$@"; do
	"$build/run/tests" "$suite" >"$build/log" 2>&1 || grep -aE '^[0-9a-z_/.]+:[0-9]+:[FE]:' "$build/log"
	sum=$(grep -aE '^[0-9]+%: Checks' "$build/log" | tail -1)
	checks=$(echo "$sum" | sed -n 's/.*Checks: \([0-9]*\).*/\1/p')
	bad=$(echo "$sum" | sed -n 's/.*Failures: \([0-9]*\), Errors: \([0-9]*\).*/\1 + \2/p')
	bad=$((${bad:-1}))
	echo "$suite: ${sum:-no sum}"
	passed=$((passed + ${checks:-0} - bad))
	failed=$((failed + bad))
done
"$build/run/fixtures" tests/fixtures/golden tests/fixtures/parity >"$build/log" 2>&1 || failed=$((failed + 1))
tail -1 "$build/log"
echo "aarch64: $passed passed, $failed failed"
[ $failed = 0 ]
