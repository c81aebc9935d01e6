#!/bin/sh
# exim.sh: plays the two conversations that gatepost was first written for into a real Exim with the module, and shows the
# replies.
#
#   exim.sh [COMMAND [ARGUMENT...]]    COMMAND is run afterwards while that Exim still answers, in its namespace, on port 25 of
#                                      mail.example.com
#
# The dialogues are those in DIALOGUES (default: Wolfskill's and Harris' in tests/sessions). Needs $BUILD/gatepost and
# $BUILD/gatepost-exim.so; exit status 1 if a reply was not the expected one.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
export BUILD
if [ "${1-}" != --inside ]; then
    tests/mta/root.sh exim >/dev/null
    exec tests/mta/netns.sh "$PWD/tests/demo/exim.sh" --inside "$@"
fi
shift
. tests/mta/exim.sh
. tests/mta/dialogue.sh

work=$BUILD/mta/demo
rm -rf "$work"
mkdir -p "$work"
trap exim_stop EXIT
trap 'exit 1' HUP INT TERM PIPE

exim_setup "$work" heavy "$BUILD/gatepost-exim.so"
exim_start
echo "Exim $(exim_run -bV | sed -n 's/^Exim version \([^ ]*\).*/\1/p'), unpacked from Debian's packages, in a network of its own."
status=0
for each in ${DIALOGUES:-tests/sessions/wolfskill.smtp tests/sessions/harris.smtp}; do
    printf '\n== %s\n' "$each"
    dialogue_play "$each" exim --show || status=1
done
[ $# -eq 0 ] || "$@" || status=1
exit $status
