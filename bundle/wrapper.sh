#!/bin/sh
# Starts @PROGRAM@ with the loader and the libraries of this folder, wherever it lies. For the
# kernel the loader is what runs, so the program is told by which path it was called.
self=$0
case $self in /*) ;; *) self=$PWD/$self ;; esac
while [ -L "$self" ]; do
	link=$(readlink "$self")
	case $link in /*) self=$link ;; *) self=${self%/*}/$link ;; esac
done
root=$(cd "${self%/*}/@UP@" && pwd -P) || exit 3
DELTAM_PROGRAM=$root/@PATH@
DELTAM_WORKER=$root/libexec/deltam/deltam-worker
export DELTAM_PROGRAM DELTAM_WORKER
exec "$root/lib/@LOADER@" --library-path "$root/lib" "$root/lib/@PROGRAM@" "$@"
