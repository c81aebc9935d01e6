#!/bin/sh
# check-milter.sh: gatepost-milter alone, tested in its own protocol, and in real mail servers. Runs the parts below, each a
# script that prints "ok - CASE" or "not ok - CASE: REASON" per case and ends with a line of counts (tests/run/counts.sh). The
# last line is the sum, "check-milter: N passed, N failed".
#
# check-milter.sh PART... runs only those. GATEPOST_RELEASE names the release of Debian that the servers come from, if it is not this
# machine's; then the default is the parts that have servers. Needs $BUILD/gatepost, $BUILD/gatepost.so and
# $BUILD/gatepost-milter.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD

if [ $# -eq 0 ] && [ -n "${GATEPOST_RELEASE-}" ]; then
    set -- tests/milter/postfix.sh tests/milter/sendmail.sh
elif [ $# -eq 0 ]; then
    set -- tests/milter/protocol.sh tests/milter/process.sh tests/milter/load.sh tests/milter/sanitizers.sh \
        tests/milter/postfix.sh tests/milter/sendmail.sh
fi

. tests/run/cases.sh
mkdir -p "$BUILD/check"
for script in "$@"; do
    part "$BUILD/check/milter-$(basename "$script" .sh).log" "$script"
done
finish check-milter
