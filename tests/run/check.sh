#!/bin/bash
# check.sh [STAGE...]: runs the stages tests/stages/check-STAGE.sh, cheap first, all of them even after a failure, and shows what
# they say. What was skipped, and why, is told at the end; the last line is the sum, "N passed, N failed", and ", N skipped" where there
# is such. Status 1 if anything failed; a stage that ends without its own line of counts is one failure more.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
export BUILD
. tests/run/counts.sh
[ $# -gt 0 ] || set -- unit sessions manuals plugins fuzz san hosts exim milter mercury

tests/run/need.sh build test
mkdir -p "$BUILD/check"
roots=()
for name in "$@"; do
    case $name in
    exim) roots+=(exim) ;;
    milter) roots+=(postfix sendmail) ;;
    mercury) roots+=(wine exim) ;;
    esac
done
if [ ${#roots[@]} -gt 0 ]; then
    # Takes minutes on a new machine; the cheap stages run meanwhile.
    tests/mta/root.sh --prefetch "${roots[@]}" >"$BUILD/check/prefetch.log" 2>&1 </dev/null &
fi

# What a stage finds ready in $BUILD.
prepare() {
    case $1 in
    sessions) env -u MAKEFLAGS make -s -j2 BUILD="$BUILD" "$BUILD/gatepost" ;;
    plugins) env -u MAKEFLAGS make -s -j2 BUILD="$BUILD" "$BUILD/gatepost" plugin-tests ;;
    exim) env -u MAKEFLAGS make -s -j2 BUILD="$BUILD" "$BUILD/gatepost" "$BUILD/gatepost-exim.so" checks ;;
    milter)
        env -u MAKEFLAGS make -s -j2 BUILD="$BUILD" "$BUILD/gatepost" "$BUILD/gatepost.so" "$BUILD/gatepost-milter"
        ;;
    mercury) env -u MAKEFLAGS make -s -j2 BUILD="$BUILD" "$BUILD/gatepost" "$BUILD/gatepost-exim.so" mercury mercury-unit "$BUILD/mercury/host.exe" ;;
    esac
}

stage() {
    prepare "$1" && "tests/stages/check-$1.sh"
}

reasons=$BUILD/check/skipped
: >"$reasons"
for name in "$@"; do
    echo "== check-$name"
    log=$BUILD/check/$name.log
    status=0
    began=$SECONDS
    (set -o pipefail && stage "$name" 2>&1 </dev/null | tee "$log") || status=$?
    echo "check-$name: $((SECONDS - began)) seconds"
    counts_read "check-$name" "$log" "$status"
    counts_add
    [ -n "$part_counts" ] || echo "check-$name: died with status $status"
    sed -n "s/^skipped - .* # /check-$name: /p" "$log" >>"$reasons"
done
if [ -s "$reasons" ]; then
    echo "skipped:"
    sort "$reasons" | uniq -c
fi
counts_line
[ "$failed" -eq 0 ]
