#!/bin/sh
# Computes docs/REPRODUCTION.md anew: between the lines
#	<!-- $ deltam ARGUMENTS -->
#	<!-- end -->
# stands what that command prints. `make reproduction` runs it; it takes some minutes.
# usage: reproduction.sh BUILD_DIR
set -eu
page=docs/REPRODUCTION.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
deltam=$(realpath "$1/deltam")

skipping=
while IFS= read -r line; do
	case $line in
	'<!-- end -->') skipping= ;;
	esac
	[ "$skipping" ] || printf '%s\n' "$line"
	case $line in
	'<!-- $ deltam '*' -->')
		arguments=${line#'<!-- $ deltam '}
		# shellcheck disable=SC2086
		(cd "$work" && "$deltam" ${arguments%' -->'})
		skipping=1
		;;
	esac
done <"$page" >"$work/page"
[ ! "$skipping" ] || { echo "$page: a block has no end" >&2; exit 1; }
cp "$work/page" "$page"
