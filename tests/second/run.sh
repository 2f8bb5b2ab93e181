#!/bin/sh
# Trains small sweeps into two databases, audits one, and lets second.py compute every answer
# a second time; so are the plots of small toy problems. Last line: "second: N passed, N failed".
# usage: run.sh BUILD_DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
deltam=$(cd "$1" && pwd)/deltam
folder=$1/second
page=$here/../../docs/SQL.md
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
DELTAM_CACHE=$(pwd)/cache
export DELTAM_CACHE
for sweep in several pictures; do
	"$deltam" run "$here/$sweep.json" --db s.db --quiet >table
done
DELTAM_TIME_SCALE=0.01 "$deltam" run "$here/fixed.json" --db s.db --quiet --launcher local --pilots 2 >table
for sweep in networks optimizers; do
	"$deltam" run "$here/$sweep.json" --db layouts.db --quiet >table
done
"$deltam" run "$here/single.json" --db layouts.db --quiet >table
"$deltam" run "$here/single.json" --db layouts.db --quiet --set sweep=single80 --set train.batch=80 \
	--set 'methods=["uw", "rlw", "ew"]' >table
"$deltam" run "$here/single.json" --db layouts.db --quiet --set sweep=sizes \
	--set 'vary={"model": [{"name": "mlp", "hidden": [8]}, {"name": "mlp", "hidden": [4, 3]}]}' >table
"$deltam" audit "$here/several.json" --db s.db --quiet >audit
# Each run replaces the rows of its experiment; few steps show all that plots read.
for experiment in --steps=60 '--scale --steps=4' '--sigma --steps=20'; do
	# shellcheck disable=SC2086
	"$deltam" toy --db toy.db $experiment >toy
done
# Debian's own python3 has its packages where another one comes first in the path.
python=python3
python3 -c 'import scipy' 2>/dev/null || ! /usr/bin/python3 -c 'import scipy' 2>/dev/null ||
	python=/usr/bin/python3
PYTHONDONTWRITEBYTECODE=1 $python "$here/second.py" "$deltam" "$page" s.db layouts.db s.audit.db several toy.db
