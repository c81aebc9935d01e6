#!/bin/sh
# demo.sh: what `make demo` shows. First the dialogues of 2003 and 2007 in a real Exim (tests/mta/demo.sh), then real mail judged by
# tests/demo.conf: what each rule caught among ham and spam.
#
# CORPUS names a .tar.xz with the folders ham/ and spam/, one message a file or mbox; the default is the SpamAssassin public corpus, if it
# lies beside the source tree. Needs $BUILD/gatepost and $BUILD/gatepost-exim.so; exit status 1 if a reply was not the one written down.
set -eu

cd "$(dirname "$0")/.."
BUILD=${BUILD:-build}
CORPUS=${CORPUS:-../shared/corpus/spamassassin.tar.xz}
status=0

tests/mta/demo.sh || status=1

printf '\n== real mail: what each rule of tests/demo.conf catches\n'
if [ ! -f "$CORPUS" ]; then
    echo "There is no corpus here. Name one: make demo CORPUS=FILE.tar.xz (SpamAssassin's public corpus, repacked into ham/ and spam/)."
    exit $status
fi
# Unpacked once; the marker says that it is complete.
if [ ! -f "$BUILD/corpus/.complete" ]; then
    rm -rf "$BUILD/corpus"
    mkdir -p "$BUILD/corpus"
    tar -xJf "$CORPUS" -C "$BUILD/corpus"
    touch "$BUILD/corpus/.complete"
fi
"$BUILD/gatepost" transcript "$BUILD/corpus" >"$BUILD/corpus.smtp"
echo
"$BUILD/gatepost" replay --config tests/demo.conf --summary "$BUILD/corpus.smtp" || status=1
grep -n '^[a-z-]*,' tests/demo.conf | sed 's/^\([0-9]*\):/demo.conf:\1  /'
exit $status
