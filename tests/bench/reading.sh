#!/bin/bash
# reading.sh: how fast `gatepost analyze` reads logs and `gatepost transcript` stored mail, in MB per second of CPU: the best of five runs
# over a text made here. BUILD is the build folder. Nothing passes or fails by a clock.
set -eu

BUILD=${BUILD:-build}
gatepost=$BUILD/gatepost
TIMEFORMAT="%3U %3S"
folder=$(mktemp -d "${TMPDIR:-/tmp}/gatepost-bench.XXXXXX")
trap 'rm -rf "$folder"' EXIT INT TERM

# logs FORM: 120,000 attempts from as many clients; the lines of FORM, a printf of awk, are about each.
logs() {
    awk -v form="$1" 'BEGIN {
        for (i = 0; i < 120000; i++) {
            stamp = sprintf("Mar %2d %02d:%02d:%02d", 1 + i / 86400, i / 3600 % 24, i / 60 % 60, i % 60)
            iso = sprintf("2026-03-%02d %02d:%02d:%02d", 1 + i / 86400, i / 3600 % 24, i / 60 % 60, i % 60)
            ip = (11 + i % 199) "." (i * 7 % 256) "." (i * 13 % 256) "." (1 + i % 254)
            from = "u" (i * 31 % 5000) "@s" (i % 900) ".example"
            to = "r" (i * 17 % 3000) "@example.com"
            if (form == "postfix") {
                print stamp " mx postfix/smtpd[" i % 9999 "]: connect from h" i ".example[" ip "]"
                print stamp " mx postfix/smtpd[" i % 9999 "]: NOQUEUE: reject: RCPT from h" i ".example[" ip "]: 554 5.7.1 <" to \
                    ">: Relay access denied; from=<" from "> to=<" to "> proto=ESMTP helo=<h" i ".example>"
                print stamp " mx postfix/smtpd[" i % 9999 "]: disconnect from h" i ".example[" ip "] ehlo=1 mail=1 rcpt=0/1 commands=2/3"
            } else if (form == "exim") {
                print iso " 1qCBoy-0003ji-G9 <= " from " H=h" i ".example (x) [" ip "]:2525 P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S=" i
                print iso " H=h" i ".example (x) [" ip "]:43030 I=[203.0.113.2]:25 X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no F=<" from \
                    "> rejected RCPT <" to ">: relay not permitted"
            } else {
                id = sprintf("rA3%011d", i)
                print stamp " mx sm-mta[" i % 9999 "]: " id ": ruleset=check_rcpt, arg1=<" to ">, relay=h" i ".example [" ip \
                    "], reject=550 5.7.1 <" to ">... Relaying denied"
                print stamp " mx sm-mta[" i % 9999 "]: " id ": from=<" from ">, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA, relay=h" i \
                    ".example [" ip "]"
            }
        }
    }'
}

# mail: an mbox of 20,000 messages, by four servers.
mail() {
    awk 'BEGIN {
        split("(Postfix) with ESMTP id 4Z%05X|(8.14.4/8.14.4) with ESMTP id rA3%05X|with esmtp (Exim 4.96) id 1abcde-%05X-AB|with ESMTPS id g14%05X", by, "|")
        for (i = 0; i < 20000; i++) {
            ip = "61." (i % 200) "." (i * 7 % 256) "." (1 + i % 250)
            print "From a@s.example Thu Jul 24 01:11:45 2003"
            print "Return-Path: <a" i "@s.example>"
            client = i % 4 == 2 ? "h.example ([" ip "] helo=x.example)" : "x.example (h.example [" ip "])"
            printf "Received: from %s\n\tby mx.example.com " by[i % 4 + 1] "\n\tfor <b@example.com>; Thu, 24 Jul 2003 01:11:45 -0700\n", client, i
            print "Received: from pc ([192.168.1.2]) by x.example; Thu, 24 Jul 2003 01:11:40 -0700"
            print "Message-ID: <" i "@s.example>\nDate: Thu, 24 Jul 2003 01:11:40 -0700\nFrom: a <a@s.example>\nTo: b@example.com"
            print "Subject: message " i "\nMIME-Version: 1.0\nContent-Type: text/plain\nX-Mailer: bench\n"
            for (k = 0; k < 20; k++)
                print "The quick brown fox jumps over the lazy dog, and over again; line " k " of message " i
            print ""
        }
    }'
}

# speed WHAT FILE COMMAND...: a row.
speed() {
    what=$1 file=$2
    shift 2
    size=$(stat -c %s "$file")
    best=0
    for _ in 1 2 3 4 5; do
        spent=$({ time "$@" "$file" >"$folder/out" 2>"$folder/err" || [ $? -eq 1 ]; } 2>&1)
        took=$(echo "$spent" | awk '{ print int(1000 * ($1 + $2)) }')
        [ "$best" -ne 0 ] && [ "$best" -le "$took" ] || best=$took
    done
    printf '%-34s %6d MB %8d MB/s\n' "$what" $((size / 1000000)) $((size / 1000 / best))
}

printf 'reading logs and stored mail (CPU time, best of five runs)\n'
for form in postfix exim sendmail; do
    logs $form >"$folder/$form"
    speed "analyze, $form" "$folder/$form" "$gatepost" analyze --year 2026 --refused 1000
done
speed "analyze --traps, postfix" "$folder/postfix" "$gatepost" analyze --year 2026 --traps
mail >"$folder/mbox"
speed "transcript, mbox" "$folder/mbox" "$gatepost" transcript
