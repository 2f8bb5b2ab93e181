#!/bin/sh
# Runs the suite `network_fs` in a folder on FUSE (Debian's bindfs), which the kernel calls what
# it calls sshfs: no variable says there that it is a network file system. Where bindfs cannot
# mount, says so and passes. Last line: "fuse: N passed, N failed".
# usage: fuse.sh BUILD_DIR
set -u
build=$(cd "$1" && pwd)
folder=$(mktemp -d /tmp/deltam-fuse-XXXXXX)

# finish: unmounts what was mounted here
finish() {
	cd /
	fusermount -u "$folder/mounted" 2>/dev/null || fusermount3 -u "$folder/mounted" 2>/dev/null
	rmdir "$folder/mounted" 2>/dev/null && rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

skip() {
	echo "fuse: skipped, $1"
	echo "fuse: 0 passed, 0 failed"
	exit 0
}

command -v bindfs >/dev/null || skip "bindfs is not installed"
[ -e /dev/fuse ] || skip "there is no /dev/fuse"
mkdir "$folder/real" "$folder/mounted"
bindfs "$folder/real" "$folder/mounted" >"$folder/said" 2>&1 ||
	skip "bindfs does not mount: $(tail -1 "$folder/said")"
[ "$(stat -f -c %t "$folder/mounted")" = 65735546 ] || skip "bindfs has mounted nothing"
if DELTAM_TEST_FOLDER=$folder/mounted "$build/tests" network_fs; then
	echo "fuse: 1 passed, 0 failed"
else
	echo "fuse: 0 passed, 1 failed"
	exit 1
fi
