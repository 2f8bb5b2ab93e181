#!/bin/sh
# Whether docs/HACKING.md names every place of every kind of addition. Its table of places has,
# for each kind, one member that exists: the files that name this member are the places, no more
# and no less. And a file outside of them that names more than two thirds of a kind's rows is a place,
# too. One line a difference; last line: "places: N passed, N failed".
# usage: places.sh
set -u
passed=0
failed=0

# Whatever makes the product, what is generated from the tables, and the pages with a list of rows.
where="Makefile schema.sql toy.sql bench catalogue common orchestrator sweeps trainer-core worker
	docs/SWEEP_FILE.md docs/sweep.schema.json docs/SQL.md docs/NETWORKS.md"

# verdict RULE DIFFERENCES: none pass
verdict() {
	if [ -z "$2" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'places: %s\n%s\n' "$1" "$2" | sed '2,$s/^/    /'
	fi
}

# names WORD: the files in which WORD stands, alone or as the end of a symbol such as metric_WORD;
# "deltam WORD" is a command, which is COMMAND(WORD and cmd_WORD in the code. The Makefile names
# packages, and those of LaTeX are no place of a format.
names() {
	case $1 in
	deltam\ *) pattern="(COMMAND\(|cmd_|deltam )${1#deltam }" ;;
	*) pattern="([a-z]+_)?$(printf '%s' "$1" | sed 's/\./\\./g')" ;;
	esac
	# shellcheck disable=SC2086
	grep -rlwE --exclude-dir=papers --exclude=Makefile "$pattern" $where | LC_ALL=C sort
}

# crowded TABLE LISTED: files not LISTED that name more than two thirds of the table's rows
crowded() {
	rows=$(sed -nE '/^CHOICES/d; s/^[A-Z]+\(([A-Z0-9_]+, )?([a-z0-9_]+)[,)].*/\2/p' "$1")
	for row in $rows; do names "$row"; done | LC_ALL=C sort | uniq -c |
		awk -v n="$(echo "$rows" | wc -l)" '3 * $1 > 2 * n { print $2 }' |
		grep -vxF "$2" | sed "s|\$| names more than two thirds of the rows of $1|"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck disable=SC2016
sed -n '/^## Places/,/^## [^P]/s/^| \([a-z][^|]*\) | `\([^|]*\)` | \(.*\) |$/\1|\2|\3/p' docs/HACKING.md >"$scratch/table"
while IFS='|' read -r kind member places; do
	# shellcheck disable=SC2016
	listed=$(printf '%s\n' "$places" | grep -o '`[^`]*`' | tr -d '`' | LC_ALL=C sort)
	printf '%s\n' "$listed" >"$scratch/listed"
	names "$member" >"$scratch/found"
	verdict "$kind: docs/HACKING.md (<) and the files that name $member (>) differ" \
		"$(diff "$scratch/listed" "$scratch/found" | grep '^[<>]')"
	table=$(printf '%s\n' "$listed" | grep '\.def$' | grep -v -e job.def -e spec_fields.def -e options.def)
	[ -z "$table" ] || verdict "$kind: another place" "$(crowded "$table" "$listed")"
done <"$scratch/table"
[ $((passed + failed)) -ge 19 ] || verdict "docs/HACKING.md has its table of places" "rows are missing in it"

echo "places: $passed passed, $failed failed"
[ "$failed" = 0 ]
