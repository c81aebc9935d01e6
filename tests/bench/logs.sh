#!/bin/sh
# logs.sh: how many MB a second `gatepost report` reads of a log, and `gatepost replay` of stored mail. BUILD is the build folder.
# Nothing passes or fails by a clock. reading.sh times analyze and transcript.
set -eu

build=${BUILD:-build}
gatepost=$build/gatepost
folder=$(mktemp -d "${TMPDIR:-/tmp}/gatepost-bench.XXXXXX")
trap 'rm -rf "$folder"' EXIT INT TERM

awk -v days=30 -v clients=30000 -v lines=400000 -f "${0%/*}/../report/traffic.awk" >"$folder/month.log"
# Messages as a server keeps them, and the dialogues that they become.
awk 'BEGIN { for (i = 0; i < 40000; i++) {
    printf "From a@example.net  Thu Jul 24 02:00:00 2003\n"
    printf "Return-Path: <a%d@example.net>\nReceived: from mx%d.example.net (mx%d.example.net [192.88.%d.%d]) by mail.example.com (Postfix)\n", i, i % 90, i % 90, i % 256, i % 250 + 1
    printf "\twith ESMTP id %08X1 for <b@example.com>; Thu, 24 Jul 2003 %02d:%02d:00 -0700\n", i, i % 24, i % 60
    printf "Message-ID: <%d@example.net>\nSubject: lunch %d\nFrom: a@example.net\nTo: b@example.com\n\nbody\nbody\n\n", i, i } }' >"$folder/box"
printf 'own-names = mail.example.com\nhelo, own-name, fail, "554 no"\nhelo, not fqdn, fail, "554 no"\nheaders, not has(Message-ID), fail, "553 no"\n' >"$folder/a.conf"
sed 's/not fqdn/bare-address/' "$folder/a.conf" >"$folder/b.conf"
"$gatepost" transcript --label ham "$folder/box" >"$folder/box.smtp" 2>/dev/null

# row WHAT FILE COMMAND...: the best of three.
row() {
    what=$1 file=$2
    shift 2
    best=
    for _ in 1 2 3; do
        began=$(date +%s%N)
        "$@" >/dev/null 2>&1 || [ $? -eq 1 ]
        took=$(($(date +%s%N) - began))
        if [ -z "$best" ] || [ "$took" -lt "$best" ]; then best=$took; fi
    done
    size=$(wc -c <"$file")
    printf '%-34s %8d MB/s   %7d ms of %d MB\n' "$what" $((size * 1000 / (best / 1000) / 1000)) $((best / 1000000)) $((size / 1000000))
}

echo "the command: reading logs and mail, the best of three rounds"
row "report, a log of Exim" "$folder/month.log" "$gatepost" report -o "$folder/report.html" "$folder/month.log"
row "replay --summary, its dialogues" "$folder/box.smtp" "$gatepost" replay --config "$folder/a.conf" --summary "$folder/box.smtp"
row "replay --against, the same" "$folder/box.smtp" "$gatepost" replay --config "$folder/a.conf" --against "$folder/b.conf" "$folder/box.smtp"
