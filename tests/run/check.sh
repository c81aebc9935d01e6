#!/bin/bash
# check.sh STAGE...: runs the stages tests/stages/check-STAGE.sh, all of them even after a failure, and shows their output. A
# stage NAME-debian12 or NAME-debian13 is the stage NAME with the mail servers of that release of Debian, whatever release
# this machine has.
#
# At the end it repeats what was skipped, and why. The last line is the sum, "N passed, N failed", with ", N skipped" if
# anything was. Status 1 if anything failed. A stage that ends without its own line of counts is one more failure.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
export BUILD
. tests/run/counts.sh
# A make above this script passes its job server down, which the makes started here cannot reach.
unset MAKEFLAGS MFLAGS MAKELEVEL
[ $# -gt 0 ] || { echo "usage: check.sh STAGE..." >&2 && exit 2; }

# script_of STAGE, release_of STAGE: the latter is empty for this machine's release.
script_of() {
    echo "${1%-debian1[23]}"
}

release_of() {
    case $1 in
    *-debian12) release=bookworm ;;
    *-debian13) release=trixie ;;
    *) release="" ;;
    esac
    [ "$release" = "$(. /etc/os-release && echo "${VERSION_CODENAME-}")" ] || echo "$release"
}

# Servers in networks of their own need rights that not every container gives.
for name in "$@"; do
    case $(script_of "$name") in
    plugins | build | san | hosts | exim | milter | mercury | parity | attacks | upgrade)
        tests/mta/able.sh || exit 1
        break
        ;;
    esac
done
tests/run/need.sh build test
mkdir -p "$BUILD/check"
# Two stages at once would share folders: `make check-a check-b` runs them one after the other.
exec 8>"$BUILD/check/lock"
flock 8
# This takes minutes on a new machine; the cheap stages run meanwhile.
for name in "$@"; do
    roots=()
    case $(script_of "$name") in
    exim) roots+=(exim) ;;
    milter) roots+=(postfix sendmail) ;;
    parity | attacks | upgrade) roots+=(exim postfix sendmail) ;;
    mercury)
        wines=(wine64)
        ! tests/mta/runs32.sh >/dev/null || wines+=(wine)
        tests/mta/wine_root.sh --prefetch "${wines[@]}" >>"$BUILD/check/prefetch.log" 2>&1 </dev/null 8>&- &
        roots+=(exim)
        ;;
    *) continue ;;
    esac
    release=$(release_of "$name")
    [ -z "$release" ] || roots+=(build)
    GATEPOST_RELEASE=$release tests/mta/root.sh --prefetch "${roots[@]}" >>"$BUILD/check/prefetch.log" 2>&1 </dev/null 8>&- &
done

# Builds what a stage expects in $BUILD.
prepare() {
    case $1 in
    sessions | cases | manuals) make -s "$BUILD/gatepost" ;;
    pictures) tests/run/need.sh pictures && make -s "$BUILD/gatepost" ;;
    parity | attacks | upgrade) make -s all ;;
    plugins) make -s "$BUILD/gatepost" plugin-tests ;;
    exim) make -s "$BUILD/gatepost" "$BUILD/gatepost-exim.so" checks ;;
    milter) make -s "$BUILD/gatepost" "$BUILD/gatepost.so" "$BUILD/gatepost-milter" ;;
    mercury) make -s "$BUILD/gatepost" "$BUILD/gatepost-exim.so" mercury-tests ;;
    esac
}

stage() {
    prepare "$(script_of "$1")" && GATEPOST_RELEASE=$(release_of "$1") "tests/stages/check-$(script_of "$1").sh"
}

reasons=$BUILD/check/skipped
: >"$reasons"
for name in "$@"; do
    echo "== check-$name"
    log=$BUILD/check/$name.log
    status=0
    began=$SECONDS
    (set -o pipefail && stage "$name" 2>&1 </dev/null | tee "$log") 8>&- || status=$?
    echo "check-$name: $((SECONDS - began)) seconds"
    counts_read "check-$(script_of "$name")" "$log" "$status"
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
