#!/bin/sh
# A page of `deltam report` in headless Chromium: rows open, columns sort, keys hide, points say
# what they are; names of markup run nothing; the console stays empty and no request leaves the
# page. Wide, as on a phone, and dark. Skipped without chromium, sqlite3 or gnuplot, and said so.
# Last line: "page: N passed, N failed".
# usage: page_browser.sh BUILD_DIR [DATABASE]
set -u
build=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
passed=0
failed=0
for program in chromium sqlite3 gnuplot; do
	if ! command -v $program >/dev/null; then
		echo "page: skipped, there is no $program"
		echo "page: 0 passed, 0 failed"
		exit 0
	fi
done
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT INT TERM
export HOME="$root" DELTAM_CACHE="$root/cache"

# verdict WHAT STATUS OUTPUT
verdict() {
	if [ "$2" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'page: %s\n%s\n' "$1" "$3" | sed '2,$s/^/    /'
	fi
}

# browse FILE OPTION...: the page's own words on stdout, the console in $root/console
browse() {
	file=$1
	shift
	chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
		--disable-background-networking --disable-component-update --disable-sync \
		--user-data-dir="$root/profile" --enable-logging=stderr --log-net-log="$root/net.json" \
		"$@" --dump-dom "file://$file" 2>"$root/console"
}

# try NAME FILE OPTION...: the page with the script of the tests joined to its own
try() {
	name=$1
	page=$2
	shift 2
	browse "$root/$page" --virtual-time-budget=10000 "$@" >"$root/dom"
	grep '^RESULT' "$root/dom" >"$root/results"
	[ -s "$root/results" ]
	verdict "$name: the script came to its end" $? "$(grep CONSOLE "$root/console")"
	while read -r _ ok what; do
		[ "$ok" = ok ]
		verdict "$name: $what" $? ""
	done <"$root/results"
	out=$(grep CONSOLE "$root/console")
	[ -z "$out" ]
	verdict "$name: the console stays empty" $? "$out"
	# The browser asks for things of its own; what the page asks for is for the site of a file.
	out=$(tr '{' '\n' <"$root/net.json" | grep -oE '^ ?site=file:.*"url":"(https?|wss?|ftp):[^"]*"')
	[ -z "$out" ]
	verdict "$name: no request leaves the page" $? "$out"
}

if [ $# -gt 1 ]; then
	cp "$2" "$root/mine.db"
else
	cat >"$root/mine.json" <<'END'
{ "sweep": "mine", "dataset": { "name": "synthetic", "train": 200, "val": 100, "test": 100 },
  "train": { "epochs": 4 }, "baseline": { "seeds": 1 }, "final": { "seeds": 2 },
  "methods": [ "ew", "uw", { "name": "uw_so", "T": [1, 3, 10] } ],
  "vary": { "optimizer": [ "adam", "sgd" ] },
  "search": { "lr": [1e-2, 3e-3], "wd": [0, 1e-4] } }
END
	out=$(cd "$root" && "$build/deltam" run mine.json 2>&1)
	verdict "a sweep to look at" $? "$out"
	# Names that would run if anything took them for markup, a script, TeX or a terminal's orders.
	sqlite3 "$root/mine.db" "
		UPDATE stage SET label='<img src=x onerror=window.ran=1>''\"\`id\`' WHERE label='ew';
		UPDATE entry_primary SET label='<img src=x onerror=window.ran=1>''\"\`id\`' WHERE label='ew';
		UPDATE stage SET title='</td></table><script>window.ran=1</script>' WHERE label='uw';
		UPDATE criterion SET title='<svg onload=window.ran=1>\\write18{id}' || char(27) || '[31m';
		UPDATE sweep SET text=text || '</pre><script>window.ran=1</script>', name='</title><script>window.ran=1</script>';"
	verdict "hostile names" $? ""
fi
out=$(cd "$root" && "$build/deltam" report --db mine.db -o page.html 2>&1)
verdict "the page" $? "$out"
awk -v tests="$here/page_browser.js" '
	/^<\/script>$/ { while ((getline line < tests) > 0) print line }
	{ print }' "$root/page.html" >"$root/tested.html"
# No window is narrower than 500 pixels, but a frame is; it says what came of it by a message.
cat >"$root/phone.html" <<'END'
<!DOCTYPE html><meta charset="utf-8"><title>phone</title>
<script>addEventListener("message", function (e) { document.querySelector("output").textContent = e.data; });</script>
<iframe src="tested.html" width="390" height="844" style="border: 0"></iframe><output></output>
END
try wide tested.html --window-size=1400,1000
try phone phone.html --window-size=500,844
try dark tested.html --window-size=1400,1000 --blink-settings=preferredColorScheme=0
echo "page: $passed passed, $failed failed"
[ "$failed" = 0 ]
