#!/bin/sh
# Trains the two small sweeps and the toy problems of docs/gallery, draws every row of gallery.def,
# and writes docs/GALLERY.md. Databases stay in BUILD_DIR/gallery: only what is missing is trained.
# usage: gallery.sh BUILD_DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
deltam=$(cd "$1" && pwd)/deltam
folder=$1/gallery
mkdir -p "$folder"
cd "$folder"
cp "$here"/gallery/*.json .
for sweep in two three; do
	"$deltam" run $sweep.json --quiet >$sweep.table
done
if ! [ -f toys ]; then
	for experiment in --steps=10000 --scale --sigma; do
		"$deltam" toy --db toy.db $experiment >>toys.part
	done
	mv toys.part toys
fi

# picture KIND ARGUMENTS...: draws KIND.svg, and KIND.png of a third of the dots for paper; the
# smaller file goes into the repository, and its ending is printed.
picture() {
	kind=$1
	shift
	"$deltam" plot "$kind" "$@" -o "$kind.svg"
	"$deltam" plot "$kind" "$@" --script -o "$kind.png" >script
	size=$(sed -n 's/^set terminal .* size \([0-9]*\),\([0-9]*\) .*/\1 \2/p' script)
	sed "s/^set terminal .*/set terminal pngcairo noenhanced size $((${size% *} / 3)),$((${size#* } / 3)) \
font 'sans,7' fontscale 1.04 linewidth 0.9 pointscale 0.9/" script | gnuplot >"$kind.png" 2>complaints
	end=png
	[ "$(wc -c <"$kind.png")" -lt "$(wc -c <"$kind.svg")" ] || end=svg
	rm -f "$here/gallery/$kind.png" "$here/gallery/$kind.svg"
	cp "$kind.$end" "$here/gallery/"
	echo $end
}

page() {
	cat <<END
# Gallery

Every kind of \`deltam plot\` ([PLOTS.md](PLOTS.md)) with the command that draws it. \`make gallery\` trains the small sweeps of
\`docs/gallery\` (minutes), draws the pictures and writes this page; the commands are called in \`build/release/gallery\`.
With \`-o FILE.pdf\` or \`.tex\` the same picture goes into a paper, with \`--wide\` over two columns.
END
	grep -v '^#' "$here/gallery/gallery.def" | while IFS='|' read -r kind arguments seen; do
		# shellcheck disable=SC2086
		end=$(picture "$kind" $arguments </dev/null)
		printf '\n## %s\n\n%s\n\n    deltam plot %s %s -o %s.svg\n\n![%s](gallery/%s.%s)\n' \
			"$kind" "$seen" "$kind" "$arguments" "$kind" "$seen" "$kind" "$end"
	done
}
page >page.part
mv page.part "$here/GALLERY.md"
