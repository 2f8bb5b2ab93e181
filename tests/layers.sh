#!/bin/sh
# Who may know whom (docs/ARCHITECTURE.md): by the includes, and by the symbols of the
# programs in BUILD_DIR. One line a broken rule; last line: "layers: N passed, N failed".
# usage: layers.sh BUILD_DIR
set -u
build=$1
passed=0
failed=0

# verdict RULE OFFENDERS: empty offenders pass
verdict() {
	if [ -z "$2" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'layers: %s\n%s\n' "$1" "$2" | sed '2,$s/^/    /'
	fi
}

# sources FOLDER...: the C files below
sources() {
	find "$@" -name '*.[ch]' 2>/dev/null
}

# forbid RULE PATTERN FILE...: no #include line of the files matches PATTERN
forbid() {
	rule=$1
	pattern=$2
	shift 2
	[ $# -gt 0 ] || return 0
	verdict "$rule" "$(grep -nE "^#[ ]*include +[<\"]($pattern)" "$@" /dev/null)"
}

# only PLACE PATTERN: nobody outside of this folder or file includes what matches
only() {
	# shellcheck disable=SC2046
	forbid "only $1 may include $2" "$2" \
		$(sources common catalogue trainer-core orchestrator worker | grep -v "^$1")
}

libraries='sqlite3\.h|uv\.h|cjson/|cblas\.h|zlib\.h|xxhash\.h'

# shellcheck disable=SC2046
{
	forbid "common: libc only" \
		"$libraries|common/store/|catalogue/|orchestrator/|worker/|trainer-core/" \
		$(sources common | grep -v '^common/store/')
	forbid "catalogue: common only" \
		"$libraries|common/store/|orchestrator/|worker/|trainer-core/" $(sources catalogue)
	forbid "common/store: common and SQLite" \
		'uv\.h|cjson/|cblas\.h|zlib\.h|xxhash\.h|catalogue/|orchestrator/|worker/|trainer-core/' \
		$(sources common/store)
	forbid "trainer-core: no database, loop, JSON or clock" \
		'sqlite3\.h|uv\.h|cjson/|time\.h|sys/time\.h|common/store/|common/log\.h|orchestrator/|worker/' \
		$(sources trainer-core)
	forbid "orchestrator: of the trainer its tables only, through the catalogue" \
		'trainer-core/|worker/|catalogue/.*\.def|cblas\.h|zlib\.h' $(sources orchestrator)
	forbid "decide, prune: plain figures alone" \
		'common/(store/|str\.h|log\.h)|orchestrator/(json/|layout/|print/|report/|stage/(group|reason|apply|score|lane|stage))|stdio\.h|xxhash\.h' \
		orchestrator/stage/decide.[ch] orchestrator/plan/prune.[ch]
	forbid "trainer: batch.c knows no step" 'trainer-core/train/(step|step_ahead|diagnose|evaluate|job|train)\.h' \
		trainer-core/train/batch.[ch]
	forbid "trainer: step.c knows nobody who looks at a step, and no epoch" \
		'trainer-core/train/(step_ahead|diagnose|evaluate|job|train)\.h' trainer-core/train/step.[ch]
	forbid "trainer: who looks at a step or a batch knows no epoch" 'trainer-core/train/(job|train)\.h' \
		trainer-core/train/step_ahead.[ch] trainer-core/train/diagnose.[ch] trainer-core/train/evaluate.[ch]
	forbid "worker: no loop, no JSON, no SQLite of its own" \
		'uv\.h|cjson/|cblas\.h|sqlite3\.h|orchestrator/' $(sources worker)
}
# Arrows between folders of the orchestrator go one way: up in their table.
# shellcheck disable=SC2046
verdict "a folder of the orchestrator includes what its row of docs/ARCHITECTURE.md allows" "$(
	grep -HnE '^#[ ]*include "(orchestrator|common/store)/' $(sources orchestrator) |
	awk -v page=docs/ARCHITECTURE.md '
		BEGIN { while ((getline line < page) > 0) {
				if (line ~ /^\| folder of the orchestrator/) inside = 1
				if (line == "") inside = 0
				if (!inside || line !~ /^\| `[a-z]+\/`/) continue
				split(line, part, /[`\/]/)
				rank[part[2]] = ++n
				if (match(line, /Only common[a-z, ]*/)) only[part[2]] = substr(line, RSTART, RLENGTH) " "
			} }
		{ split($0, quoted, "\""); split($0, user, "/"); split(quoted[2], used, "/")
			from = user[2]; to = used[2] }
		to == from || quoted[2] == "orchestrator/cli/cli.h" { next }
		!(from in rank) || (to != "store" && (!(to in rank) || rank[to] > rank[from])) ||
			(from in only && only[from] !~ ("[ ,]" to "[ ,]"))')"
# A folder that nobody can take in at a glance is two; the rows of a table are one thing, however many.
verdict "a folder has at most 25 files, but those that hold the rows of a table" "$(
	find common catalogue trainer-core orchestrator worker -name '*.c' | sed 's#/[^/]*$##' | sort | uniq -c |
	awk '$1 > 25 && $2 != "trainer-core/weighting" && $2 != "orchestrator/plot" { print $2 ": " $1 }')"
# A reader who meets a tag in a file must not have to guess which header it is from.
# shellcheck disable=SC2046
verdict "a struct or enum of a header has its name for itself" "$(
	sources common catalogue trainer-core orchestrator worker | xargs grep -HoE '^(struct|enum) [a-z0-9_]+ \{' |
	awk -F '[: ]' '{ files[$3] = files[$3] " " $1; n[$3]++; if ($1 ~ /\.h$/) shown[$3] = 1 }
		END { for (tag in n) if (n[tag] > 1 && shown[tag]) print tag ":" files[tag] }')"
# shellcheck disable=SC2046
verdict "the man page has every DELTAM_ variable that is read" "$(
	grep -ohE 'getenv\("DELTAM_[A-Z_]+' $(sources common catalogue trainer-core orchestrator worker) |
	sed 's/.*"//' | grep -v -e DELTAM_CRASH -e DELTAM_HALT | sort -u | while read -r name; do
		grep -q "ENVIRONMENT(\"$name\"" orchestrator/cli/manual.def || echo "$name"
	done)"
# One limit for all, far above what any of them takes, is in tests/main.c.
verdict "no test has a limit of time of its own" "$(grep -l tcase_set_timeout tests/*/*.c)"
only common/store/ 'sqlite3\.h'
only orchestrator/json/json.c 'cjson/'
only orchestrator/sched/ 'uv\.h'
only trainer-core/blas.c 'cblas\.h'

# calls: "USER DEFINER" for every symbol that a file takes from another one. A table calls its
# rows, which may use what their table offers: TABLE_ROW of TABLE.def, and commands, are left out.
calls() {
	rows=$(find common catalogue trainer-core orchestrator -name '*.def' -exec sed -nE \
		'F; s/^[A-Z]+\(([A-Z0-9_]+, )?([a-z0-9_]+)[,)].*/\2/p' {} + |
		awk -F / '/\.def$/ { table = $NF; sub(/\.def/, "", table); sub(/options/, "cmd", table); next }
			{ print table "_" $0 }')
	sources common catalogue trainer-core orchestrator worker | sed -n "s|\.c\$|.o|; s|^|$build/obj/|p" |
		xargs ls 2>/dev/null | xargs nm -A |
		awk -v rows="$rows" 'BEGIN { n = split(rows, id, "\n"); for (i = 1; i <= n; i++) row[id[i]] = 1 }
			{ file = $1; sub(/\.o:.*/, ".c", file) }
			$NF in row { next }
			$(NF - 1) ~ /^[TDRBC]$/ { at[$NF] = file }
			$(NF - 1) == "U" { user[++m] = file; symbol[m] = $NF }
			END { for (i = 1; i <= m; i++) if (symbol[i] in at) print user[i], at[symbol[i]] }' |
		sed "s|$build/obj/||g"
}
if [ -d "$build/obj" ]; then
	verdict "files that call one another in a circle" "$(calls | tsort 2>&1 >/dev/null)"
fi

# symbols PROGRAM PATTERN
symbols() {
	nm "$build/$1" | awk '{ print $NF }' | grep -E "^($2)" | sort -u | head -5
}

if [ -x "$build/deltam" ]; then
	verdict "deltam must not link the trainer" \
		"$(symbols deltam 'cblas_|openblas|gz(open|read)|inflate|train_|kernels_|weighting_|dataset_(open|look|prepare)')"
fi
if [ -x "$build/deltam-worker" ]; then
	verdict "deltam-worker must not link loop or JSON" \
		"$(symbols deltam-worker 'uv_|cJSON_')"
fi

echo "layers: $passed passed, $failed failed"
[ "$failed" = 0 ]
