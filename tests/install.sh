#!/bin/sh
# What `make install` leaves works from where it lies, and `make uninstall` takes all of it away
# again; man pages render without a warning; bash and zsh complete. What a machine does not have
# (mandoc, man, zsh) is skipped. Last line: "install: N passed, N failed".
# usage: install.sh BUILD_DIR
set -u
build=$1
passed=0
failed=0
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT INT TERM
bin=$root/opt/deltam/bin
export DELTAM_CACHE="$root/cache"
unset DELTAM_WORKER

# verdict WHAT STATUS OUTPUT
verdict() {
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'install: %s\n%s\n' "$1" "$3" | sed '2,$s/^/    /'
	fi
}

# same WHAT GOT WANT
same() {
	[ "$2" = "$3" ]
	verdict "$1" $? "got:  $2
want: $3"
}

out=$(make -s install B="$build" PREFIX=/opt/deltam DESTDIR="$root" 2>&1)
verdict "make install" $? "$out"
if [ "$failed" != 0 ]; then # nothing else would tell more
	echo "install: $passed passed, $failed failed"
	exit 1
fi

cat >"$root/mine.json" <<'END'
{ "sweep": "mine", "dataset": { "name": "synthetic", "train": 64, "val": 32, "test": 32 },
  "train": { "epochs": 1 }, "methods": [ "ew" ], "search": { "lr": 1e-3 } }
END
out=$(cd "$root" && "$bin/deltam" run mine.json 2>&1)
verdict "a sweep runs from the folder of an installation" $? "$out"
out=$(echo "$out" | grep -c '^EW ')
same "it prints its table" "$out" 1

# A worker that PATH finds is not the one, and neither is one of another build.
mkdir "$root/path"
printf '#!/bin/sh\necho "deltam-worker 9.9 (build strange)"\n' >"$root/path/deltam-worker"
chmod +x "$root/path/deltam-worker"
mv "$root/opt/deltam/libexec" "$root/away"
out=$(cd "$root" && PATH="$root/path:$PATH" "$bin/deltam" check mine.json 2>&1)
same "no worker of PATH is taken" "$? $out" "3 deltam: there is no worker: neither $bin/deltam-worker nor $bin/../libexec/deltam/deltam-worker can be run; DELTAM_WORKER may name it"
mv "$root/away" "$root/opt/deltam/libexec"
out=$(cd "$root" && DELTAM_WORKER="$root/path/deltam-worker" "$bin/deltam" check mine.json 2>&1)
same "a worker of another build is refused, both are named" "$? $out" \
	"3 deltam: the worker $root/path/deltam-worker is 9.9 (build strange), and this is $("$bin/deltam" --version): install both from one build, or unset DELTAM_WORKER"

if command -v python3 >/dev/null; then
	out=$(PYTHONPATH=$root/opt/deltam/share/deltam python3 -c 'import deltam; print(deltam.Job)' 2>&1)
	same "a trainer in Python finds its helper" "$out" "<class 'deltam.Job'>"
fi

# What a page shows, links to or names lies where it says: seen from the page, or `docs/...` from above.
doc=$root/opt/deltam/share/doc/deltam
out=$(cd "$doc" && find . -name '*.md' | while read -r page; do
	grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -vE '^https?:' | while read -r link; do
		[ -e "$(dirname "$page")/$link" ] || echo "$page: $link"
	done
	grep -ohE '\bdocs/[A-Z_]+\.md' "$page" | sort -u | while read -r name; do
		[ -e "$name" ] || echo "$page: $name"
	done
done)
same "what the pages name" "$(grep -c '](gallery/' "$doc/docs/GALLERY.md") pictures, missing: $out" "19 pictures, missing: "

# named FILE...: the paths of pages in texts that are not beside the pages
named() {
	cat "$@" | sed 's|\\f[A-Z]||g' | tr -s '\n ' '  ' | grep -oE '[A-Za-z0-9/._-]*docs/[A-Z_]+\.md' | sort -u
}
share=$root/opt/deltam/share
for n in $(cd "$root" && "$bin/deltam" help | cut -d' ' -f3 | grep -E '^[a-z]+$'); do
	"$bin/deltam" help "$n"
done >"$root/help"
(cd "$root" && "$bin/deltam" run mine.json --pilots 2 2>"$root/said")
out=$(named "$root/help" "$root/said" | while read -r path; do
	[ -e "$path" ] || echo "$path"
done)
same "the pages that help and messages name" "$(named "$root/help" "$root/said" | wc -l) pages, missing: $out" "3 pages, missing: "
out=$(named "$share"/man/man?/* "$share"/bash-completion/completions/* "$share"/zsh/site-functions/* "$share"/deltam/*.py |
	while read -r path; do
		[ -e "$root$path" ] || echo "$path"
	done)
same "the pages that man pages, completion and deltam.py name" "$out" ""

for page in docs/man/*; do
	if command -v mandoc >/dev/null; then
		out=$(mandoc -Tlint -Wwarning "$page" 2>&1)
		verdict "mandoc warns of $page" $? "$out"
	fi
	if command -v groff >/dev/null; then
		out=$(groff -ww -man -K utf8 -Tutf8 "$page" 2>&1 >/dev/null)
		same "groff -ww: $page" "$out" ""
	fi
done

# complete WORD...: what bash offers for the last word, in one line
complete_in_bash() {
	bash --norc -c '
		source docs/completion/deltam.bash
		complete -p deltam >/dev/null || exit 1
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_deltam 2>/dev/null
		echo "${COMPREPLY[*]}"' bash "$@"
}

same "bash: commands" "$(complete_in_bash deltam pl)" "plan plot"
same "bash: options of a command" "$(complete_in_bash deltam check --)" \
	"--set --no-data --help --color --version --quiet"
same "bash: values" "$(complete_in_bash deltam table --format m)" "markdown"
same "bash: --format=m" "$(complete_in_bash deltam table --format = m)" "markdown"
same "bash: keys of --set" "$(complete_in_bash deltam run x.json --set search.k)" "search.kind="
same "bash: names of list" "$(complete_in_bash deltam list methods uw_so)" "uw_so uw_so_learned"
same "bash: kinds of plots" "$(complete_in_bash deltam plot tem)" "temperature"
same "bash: the sweep of a plot" "$(complete_in_bash deltam plot heat sweeps/quick)" "sweeps/quickstart.json"
same "bash: plots of list" "$(complete_in_bash deltam list plots he)" "heat"
same "bash: what is exported" "$(complete_in_bash deltam export w)" "weights"
same "bash: corruptions" "$(complete_in_bash deltam preview scenes --corrupt fo)" "fog"
same "bash: data sets" "$(complete_in_bash deltam preview multi_m)" "multi_mnist"
same "bash: files" "$(complete_in_bash deltam run sweeps/quick)" "sweeps/quickstart.json"

# complete_in_zsh LINE: what a real zsh offers behind LINE, in one line
complete_in_zsh() {
	zsh -f tests/complete.zsh "$PWD/docs/completion" "$1"
}

if command -v zsh >/dev/null; then
	same "zsh: commands" "$(complete_in_zsh 'deltam pla')" "plan"
	same "zsh: options of a command" "$(complete_in_zsh 'deltam check --')" \
		"--color --help --no-data --quiet --set --version"
	same "zsh: keys of --set" "$(complete_in_zsh 'deltam run x.json --set search.k')" \
		"search.kind"
	same "zsh: kinds of plots" "$(complete_in_zsh 'deltam plot ')" \
		"$(sed -n 's/^PLOT(\([a-z]*\).*/\1/p' orchestrator/plot/plot.def | LC_ALL=C sort | paste -sd" ")"
	same "zsh: plots of list" "$(complete_in_zsh 'deltam list plots he')" "heat"
fi

out=$(make -s uninstall PREFIX=/opt/deltam DESTDIR="$root" 2>&1)
verdict "make uninstall" $? "$out"
same "nothing is left" "$(find "$root/opt" ! -type d)" ""

echo "install: $passed passed, $failed failed"
[ "$failed" = 0 ]
