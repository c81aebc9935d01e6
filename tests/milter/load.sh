#!/bin/bash
# load.sh: gatepost-milter under load: 100,000 sessions without growth, rules that change under them. GATEPOST_SESSIONS is
# another number. Ends with "load: N passed, N failed".
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
mkdir -p "$BUILD/milter"
"${CC:-cc}" -std=c11 -O2 -o "$BUILD/milter/load" tests/milter/load.c -pthread
# Both ends of two thousand sessions.
ulimit -n 8192 2>/dev/null || ulimit -n "$(ulimit -Hn)"
exec python3 tests/milter/load.py "$@"
