#!/bin/sh
# process.sh: gatepost-milter as a process: options, sockets, signals, readiness, and what it says when it cannot.
# Ends with "process: N passed, N failed".
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
GATEPOST_ENGINE=$BUILD/gatepost.so
export BUILD GATEPOST_ENGINE
mkdir -p "$BUILD/milter"
"${CC:-cc}" -std=c11 -I. -fPIC -shared -o "$BUILD/milter/no_memory.so" tests/milter/no_memory.c -ldl
exec python3 tests/milter/process.py "$@"
