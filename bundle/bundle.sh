#!/bin/sh
# Makes a bundle of an installation in FOLDER (`make install` with PREFIX empty): the programs go
# to lib/ beside the loader and every library that they want, and scripts in their places start
# them with these. OPENBLAS is the library with the kernels of large products.
# usage: bundle.sh FOLDER OPENBLAS
set -eu
here=$(dirname "$0")
folder=$1
lib=$folder/lib

fail() {
	echo "bundle: $*" >&2
	exit 1
}

# libraries FILE...: "NAME => PATH (ADDRESS)" or "PATH (ADDRESS)" for all that they want, and the loader
libraries() {
	ldd "$@" | grep ' (0x' | grep / | sed 's/^[^/]*//; s/ (0x.*//' | sort -u
}

# wrap PROGRAM PATH UP: the script in the program's place, UP seen from there is FOLDER
wrap() {
	sed "s|@PROGRAM@|$1|; s|@PATH@|$2|; s|@UP@|$3|; s|@LOADER@|$loader|" "$here/wrapper.sh" >"$folder/$2"
	chmod 755 "$folder/$2"
}

[ -f "$2" ] || fail "there is no OpenBLAS ($2): install libopenblas-dev"
mkdir -p "$lib"
mv "$folder/bin/deltam" "$folder/libexec/deltam/deltam-worker" "$lib"
strip --strip-debug "$lib/deltam" "$lib/deltam-worker"
cp -L "$2" "$lib/libopenblas.so.0"
set -- "$lib/deltam" "$lib/deltam-worker" "$lib/libopenblas.so.0"
ldd "$@" | grep 'not found' && fail "a library is missing here"
libraries "$@" | while read -r path; do
	cp -L "$path" "$lib"
done
loader=$(basename "$(libraries "$@" | grep '/ld-')")
wrap deltam bin/deltam ..
wrap deltam-worker libexec/deltam/deltam-worker ../..
echo "$folder: $(du -sm "$folder" | cut -f1) MB; copy it, and call bin/deltam in the copy"
