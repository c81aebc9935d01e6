#!/bin/sh
# demo.sh: what `make demo` shows. First the dialogues of 2003 and 2007 in a real Exim (tests/demo/exim.sh), and the blocklist
# that they leave behind. Then real mail, judged by tests/demo/demo.conf: what each rule catches among ham and spam. Last the
# log of 2003, analyzed.
#
# CORPUS names a .tar.xz with the folders ham/ and spam/, one message a file or mbox; the default is the SpamAssassin public
# corpus, if it is beside the source tree. Needs $BUILD/gatepost and $BUILD/gatepost-exim.so; exit status 1 if a reply was not
# the expected one.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}
CORPUS=${CORPUS:-../shared/corpus/spamassassin.tar.xz}
status=0

# The log excerpt of the 2003 note, and the relays found in it.
show_log() {
    printf '\n== the log of 2003\n'
    "$BUILD/gatepost" analyze --year 2003 tests/logs/wolfskill-2003.log || status=1
}

tests/demo/exim.sh || status=1

printf '\n== who they left on the blocklist\n'
# The dialogues ran at the time of the thread, so show the list as it was then.
"$BUILD/gatepost" blocks list --at 2007-05-22T02:00:20+12:00 --state-dir "$BUILD/mta/demo/state/exim-harris" || status=1

printf '\n== real mail: what each rule of tests/demo/demo.conf catches\n'
if [ ! -f "$CORPUS" ]; then
    echo "There is no corpus here. Name one: make demo CORPUS=FILE.tar.xz (SpamAssassin's public corpus, repacked into ham/ and spam/)."
    show_log
    exit $status
fi
# Unpacked once; the marker says that it is complete.
if [ ! -f "$BUILD/corpus/.complete" ]; then
    tests/run/need.sh corpus
    rm -rf "$BUILD/corpus"
    mkdir -p "$BUILD/corpus"
    tar -xJf "$CORPUS" -C "$BUILD/corpus"
    touch "$BUILD/corpus/.complete"
fi
"$BUILD/gatepost" transcript "$BUILD/corpus" >"$BUILD/corpus.smtp"
echo
"$BUILD/gatepost" replay --config tests/demo/demo.conf --summary "$BUILD/corpus.smtp" || status=1
grep -n '^[a-z-]*,' tests/demo/demo.conf | sed 's/^\([0-9]*\):/demo.conf:\1  /'
show_log
exit $status
