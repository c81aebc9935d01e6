#!/bin/sh
# protocol.sh: gatepost-milter spoken to in its own protocol: verdicts of every phase, and what no mail server sends when it is
# asked to. Ends with "protocol: N passed, N failed".
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
GATEPOST_ENGINE=$BUILD/gatepost.so
export BUILD GATEPOST_ENGINE
mkdir -p "$BUILD/milter"
"${CC:-cc}" -std=c11 -I. -fPIC -shared -o "$BUILD/milter/no_memory.so" tests/milter/no_memory.c -ldl
exec python3 tests/milter/protocol.py "$@"
