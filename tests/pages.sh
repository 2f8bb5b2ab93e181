#!/bin/sh
# What is shown is opened by the programs that show it: a section a subject. Last line:
# "pages: N passed, N failed".
# usage: pages.sh BUILD_DIR (docs/gallery.sh has drawn there before, or does so now)
set -u
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
deltam=$build/deltam
folder=$build/pages
passed=0
failed=0

# verdict NAME STATUS [FILE]: the end of FILE is shown where the status is not 0
verdict() {
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'pages: %s\n' "$1"
		[ -z "${3:-}" ] || grep -A 3 '^!' "$3" | head -8
	fi
}

rm -rf "$folder"
mkdir -p "$folder"
[ -f "$build/gallery/toys" ] || sh "$here/../docs/gallery.sh" "$1" || exit 1
cd "$folder" || exit 1
cp "$build"/gallery/*.json .
cp "$build"/gallery/*.db .

# --- LaTeX: every table, every plot

# document NAME: the preamble that docs/PLOTS.md and the notes of tables ask for, around stdin
document() {
	{
		printf '%s\n' '\documentclass[twocolumn]{article}' '\usepackage[T1]{fontenc}' \
			'\usepackage{booktabs,graphicx,textcomp,amsmath}' \
			'\usepackage{gnuplot-lua-tikz}' '\begin{document}'
		cat
		printf '%s\n' '\end{document}'
	} >"$1.page.tex"
	pdflatex -interaction=nonstopmode -halt-on-error "$1.page.tex" >"$1.out" 2>&1
	verdict "pdflatex $1" $? "$1.page.log"
}

# table NAME WORDS...: what `deltam WORDS --format latex` prints
table() {
	name=$1
	shift
	"$deltam" "$@" --format latex >"$name.table.tex" 2>"$name.errors"
	verdict "deltam $*" $?
	printf '\\input{%s}\n' "$name.table.tex" | document "$name"
}
table table table two.json
table stacked table three.json --stack
table wide table three.json --std criteria
table interval table two.json --interval 95 --against ew --mark letters
table robust table two.json --robust
table cost table two.json --cost
for layout in criteria average temperature; do
	table "layout-$layout" table two.json --layout $layout
done
table several table two.json three.json
table several-setups table two.json three.json --layout setups --interval 95
# Counts of runs want a sweep that nothing was stopped in.
cat >whole.json <<'END'
{ "sweep": "whole", "dataset": { "name": "synthetic", "train": 100, "val": 50, "test": 50 },
  "train": { "epochs": 2 }, "vary": { "optimizer": [ "adam", "sgd" ] }, "baseline": { "seeds": 1 },
  "methods": [ "ew", "uw" ], "search": { "lr": [1e-2, 3e-3] }, "final": { "seeds": 2 } }
END
"$deltam" run whole.json --no-prune --quiet >whole.out 2>&1
verdict "deltam run whole.json" $?
table layout-pareto table whole.json --layout pareto
table pareto pareto two.json
table ranks ranks three.json
table decisions decisions two.json
table runs runs two.json --best
table toys toy --scale --steps 2 --db few.db

grep -v '^#' "$here/../docs/gallery/gallery.def" | cut -d '|' -f 1,2 >rows
while IFS='|' read -r kind arguments; do
	for wide in '' --wide; do
		name=plot-$kind$wide
		# shellcheck disable=SC2086
		"$deltam" plot "$kind" $arguments $wide -o "$name.tex" 2>"$name.errors"
		verdict "deltam plot $kind $arguments $wide" $?
		printf '\\onecolumn\\noindent\\input{%s}\n' "$name.tex" | document "$name"
	done
done <rows

echo "pages: $passed passed, $failed failed"
[ "$failed" = 0 ]
