#!/bin/sh
# check-cases.sh [NAME...]: what the command does with files as administrators have them. A case is a folder of tests/cases
# with `cmd`, a shell script, and `expected`, its exact output; a file `about` says what the case is for. It is run in a copy
# of its folder, with `gatepost` in PATH. The last line is "check-cases: N passed, N failed".
set -eu

cd "$(dirname "$0")/../.."
. tests/run/counts.sh
BUILD=${BUILD:-build}
case $BUILD in
/*) ;;
*) BUILD=$PWD/$BUILD ;;
esac
PATH=$BUILD:$PATH
export PATH
work=$BUILD/cases
cases=$PWD/tests/cases

rm -rf "$work"
mkdir -p "$work"
[ $# -gt 0 ] || set -- "$cases"/*
for path in "$@"; do
    name=${path##*/}
    cp -R "$cases/$name" "$work/$name"
    rm "$work/$name/expected"
    (cd "$work/$name" && sh ./cmd >"$work/$name.out" 2>"$work/$name.err") </dev/null || :
    if cmp -s "$work/$name.out" "$cases/$name/expected"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $name: what is expected, and what came"
        diff "$cases/$name/expected" "$work/$name.out" | sed 's/^/    /' || :
        sed 's/^/    stderr: /' "$work/$name.err"
    fi
done
finish check-cases
