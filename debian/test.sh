#!/bin/sh
# The tests that a package runs when it is built: the layers, every suite, and an installation.
# usage: test.sh BUILD_DIR
set -e
sh tests/layers.sh "$1"
"$1/tests"
sh tests/install.sh "$1"
