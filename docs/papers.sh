#!/bin/sh
# Trains the small sweeps of sweeps/papers and writes docs/REPRODUCTION.md from whatever is
# trained; `make papers` calls it. A second call trains nothing and writes the same bytes.
#
# What stands between two lines of the page,
#	<!-- $ deltam ARGUMENTS -->	the output of that command
#	<!-- $ items -->		the list of items (sweeps/papers/items.tsv) with verdicts
#	<!-- $ tables -->		the tables and pictures of what is trained, and the tables in the
#					layouts that the items ask for
#	<!-- end -->
# is written anew; everything else is kept. Verdicts: a row of items.tsv may have a query of
# differences between seeds, negative where the claim holds. Their mean with Student's
# interval of 95 % says holds (all of it below 0), does not hold (above), or cannot be told.
# usage: papers.sh BUILD_DIR [PAPER/SMALL ... toys]	(without names: all of them)
set -eu
build=$(realpath "$1")
shift
deltam=$build/deltam
page=docs/REPRODUCTION.md
sweeps=sweeps/papers
items=$sweeps/items.tsv
out=build/papers
pictures=docs/papers
tab=$(printf '\t')
mkdir -p "$out" "$pictures"
export DELTAM_KERNELS="${DELTAM_KERNELS:-avx2}"

# database PAPER SMALL: the second start of UW stands beside the first, whose end it takes
database() {
	case $1/$2 in
	kirchdorfer/fig2-ended) echo "$out/kirchdorfer-fig2-small.db" ;;
	*) echo "$out/$1-$2-small.db" ;;
	esac
}

# trained PAPER SMALL: whether its sweep has come to its end
trained() {
	db=$(database "$1" "$2")
	[ -f "$db" ] && [ "$(sqlite3 "$db" \
		"SELECT state FROM sweep WHERE name='$1-$2-small'" 2>&1)" = done ]
}

# all small sweeps, what others need first
smalls() {
	echo li/labeller
	awk -F'\t' 'NR > 1 && $4 != "-" {
		for (i = 1; i <= split($4, small, " "); i++)
			if (!seen[$1 "/" small[i]]++)
				print $1 "/" small[i]
	}' "$items"
}

train() {
	paper=${1%%/*}
	small=${1#*/}
	trained "$paper" "$small" && return
	echo "papers: $1" >&2
	"$deltam" run "$sweeps/$paper/$small-small.json" --workers 2 \
		--db "$(database "$paper" "$small")" >"$out/$paper-$small.out"
}

# What queries of items.tsv may use beside the views of schema.sql; one sweep each, by name.
views() {
	cat <<-SQL
	CREATE TEMP VIEW run AS SELECT * FROM job_result WHERE sweep='$1' AND stage<>'baseline'
	  AND state='done';
	CREATE TEMP VIEW seed AS SELECT variant, label, seed, delta_m, val_delta_m, epoch, job
	  FROM run WHERE stage='final';
	CREATE TEMP VIEW mean AS SELECT variant, label, avg(delta_m) AS m FROM seed GROUP BY 1, 2;
	CREATE TEMP VIEW loss AS SELECT s.variant, s.label, s.seed, m.task, m.value AS v
	  FROM seed s JOIN metric m ON m.job=s.job AND m.split='test' AND m.name='loss'
	  AND m.epoch=(SELECT epochs FROM job WHERE id=s.job);
	CREATE TEMP VIEW swing AS SELECT s.variant, s.label, s.seed, w.task,
	  avg(w.weighted_loss_std) AS s FROM seed s JOIN task_weight w ON w.job=s.job
	  GROUP BY s.job, w.task;
	CREATE TEMP VIEW quarter AS SELECT r.seed, r.temperature,
	  (SELECT s.delta_m FROM score s WHERE s.job=r.job AND s.split='val'
	    AND s.epoch=r.epochs/4) AS q, r.val_delta_m AS e
	  FROM run r WHERE r.stage='tune' AND r.temperature IS NOT NULL;
	SQL
}

# figures PAPER SMALLS QUERY: what the query gives in each of the sweeps
figures() {
	for small in $2; do
		{
			views "$1-$small-small"
			echo "$3;"
		} | sqlite3 "$(database "$1" "$small")"
	done
}

# verdict PAPER SMALLS QUERY: "figures | verdict"
verdict() {
	[ "$2" = - ] && { echo 'no small version | cannot be told'; return; }
	for small in $2; do
		trained "$1" "$small" || { echo 'not trained yet |'; return; }
	done
	[ "$3" = - ] && { echo 'see the table or picture | for the eye'; return; }
	figures "$1" "$2" "$3" | awk '
		BEGIN {
			split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262 2.228 " \
				"2.201 2.179 2.160 2.145 2.131 2.120 2.110 2.101 2.093 2.086", t, " ")
		}
		$1 != "" { n++; x[n] = $1; sum += $1 }
		END {
			if (!n) { print "no figures | cannot be told"; exit }
			mean = sum / n
			if (n == 1) { printf "%.3g, one figure | cannot be told\n", mean; exit }
			for (i = 1; i <= n; i++) square += (x[i] - mean) ^ 2
			half = (n - 1 > 20 ? 2.086 : t[n - 1]) * sqrt(square / (n - 1) / n)
			said = "cannot be told"
			if (mean + half < 0) said = "holds"
			if (mean - half > 0) said = "does not hold"
			printf "%.3g [%.3g, %.3g], n = %d | %s\n", mean, mean - half, mean + half, n, said
		}'
}

# files_of SMALLS: their names for the page
files_of() {
	for small in $1; do
		[ "$small" = - ] || echo "\`$small-small.json\`"
	done | paste -s -d ' ' -
}

# of_sweep COMMAND SMALL NAME: the option that names the sweep, where the command does not; a
# plot goes into a file
of_sweep() {
	case $1 in
	plot\ *) printf ' -o %s.svg' "$(echo "$1" | cut -d ' ' -f 2)" ;;
	esac
	case $1/$2 in
	*-small* | */-) ;;
	*) echo " --sweep $3" ;;
	esac
}

# The words of a command for the sweep of a row: plots are drawn into a file.
picture() { echo "$pictures/$1-$2-${3%% *}.svg"; }

list() {
	echo '| paper | item | sweep | small | table or plot | claim | difference | verdict |'
	echo '|---|---|---|---|---|---|---|---|'
	sed 1d "$items" | while IFS="$tab" read -r paper item sweep small command claim query; do
		name=$paper-$small-small
		shown="\`deltam $command$(of_sweep "$command" "$small" "$name")\`"
		[ "$command" = - ] && shown=
		if [ "$sweep$small" = -- ]; then
			outcome=' |'
		else
			outcome=$(verdict "$paper" "$small" "$query")
		fi
		echo "| $paper | $item | $([ "$sweep" = - ] || echo "\`$sweep.json\`") |" \
			"$(files_of "$small") |" \
			"$shown | $claim | $outcome |"
	done
}

# draw PAPER SMALL KIND ARGUMENTS: one picture, its link on the page
draw() {
	file=$(picture "$1" "$2" "$3")
	kind=$3
	name=$1-$2-small
	db=$(database "$1" "$2")
	shift 3
	command -v gnuplot >/dev/null || return 0
	if "$deltam" plot "$kind" --db "$db" --sweep "$name" -o "$file" "$@" >/dev/null 2>&1; then
		printf '\n![%s %s](%s)\n' "$name" "$kind" "papers/${file##*/}"
	fi
}

tables() {
	smalls | while read -r one; do
		paper=${one%%/*}
		small=${one#*/}
		trained "$paper" "$small" || continue
		echo
		"$deltam" table --db "$(database "$paper" "$small")" --format markdown \
			--interval 95 --sweep "$paper-$small-small" | sed 's/^## /### /'
		awk -F'\t' -v p="$paper" -v s="$small" \
			'$1 == p && $4 == s && $5 ~ /^plot / { print substr($5, 6) }' "$items" |
			sort -u | while read -r words; do
			# shellcheck disable=SC2086
			draw "$paper" "$small" $words </dev/null
		done
	done
}

# all_trained NAME...: sweeps by their names
all_trained() {
	for name; do
		small=${name#*-}
		trained "${name%%-*}" "${small%-small}" || return 1
	done
}

# The tables as the papers lay them out, of several sweeps where the items name some.
layouts() {
	awk -F'\t' '$4 != "-" && $5 ~ /^table --layout / {
		command = $5 ~ /-small/ ? $5 : $5 " " $1 "-" $4 "-small"
		if (!seen[command]++)
			print $1 "\t" $2 "\t" command
	}' "$items" | while IFS="$tab" read -r paper item command; do
		# shellcheck disable=SC2086
		all_trained ${command#table --layout * } || continue
		echo
		# shellcheck disable=SC2086
		(cd "$out" && "$deltam" $command --format markdown) </dev/null |
			sed "s/^## .*/### $paper, $item: \`deltam $command\`/"
	done
}

# toy ARGUMENTS: computed once for each deltam
toy() {
	kept=$out/$(echo "$*" | tr -c 'a-z0-9\n' -).md
	[ -s "$kept" ] && [ "$kept" -nt "$deltam" ] || {
		(cd "$out" && "$deltam" "$@") >"$kept.new"
		mv "$kept.new" "$kept"
	}
	cat "$kept"
}

toys=
if [ $# -gt 0 ]; then
	for one; do
		if [ "$one" = toys ]; then toys=1; else train "$one"; fi
	done
else
	toys=1
	smalls | while read -r one; do train "$one" </dev/null; done
fi

skipping=
while IFS= read -r line; do
	case $line in
	'<!-- end -->') skipping= ;;
	esac
	[ "$skipping" ] || printf '%s\n' "$line"
	case $line in
	'<!-- $ deltam '*' -->')
		[ "$toys" ] || continue
		arguments=${line#'<!-- $ deltam '}
		# shellcheck disable=SC2086
		toy ${arguments%' -->'} </dev/null
		skipping=1
		;;
	'<!-- $ items -->')
		list
		skipping=1
		;;
	'<!-- $ tables -->')
		tables
		layouts
		skipping=1
		;;
	esac
done <"$page" >"$out/page"
[ ! "$skipping" ] || { echo "$page: a block has no end" >&2; exit 1; }
cp "$out/page" "$page"
