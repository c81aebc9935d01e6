#!/bin/sh
# check-sessions.sh [GATEPOST] [FOLDER]: plays tests/sessions through the engine, and tests what `gatepost replay` and `gatepost
# transcript` themselves do. GATEPOST is the command ($BUILD/gatepost), FOLDER where the dialogues, rules and tables are put together
# ($BUILD/sessions). Run from the top of the source tree. The last line is "check-sessions: N passed, N failed".
set -u

gatepost=${1:-${BUILD:-build}/gatepost}
folder=${2:-${BUILD:-build}/sessions}
case $gatepost in
/*) ;;
*) gatepost=$PWD/$gatepost ;;
esac

passed=0
failed=0

# holds WHAT TEST...: counts a test of the command.
holds() {
    what=$1
    shift
    if "$@" >"$folder/tmp/last" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "check-sessions: $what"
        sed 's/^/    /' "$folder/tmp/last"
    fi
}

# gives STATUS COMMAND...: whether the command ends with that status; its outputs are in tmp/out and tmp/err.
gives() {
    want=$1
    shift
    "$@" >"$folder/tmp/out" 2>"$folder/tmp/err"
    got=$?
    [ "$got" -eq "$want" ] && return 0
    echo "exit status $got, not $want: $*"
    cat "$folder/tmp/err"
    return 1
}

says() {
    grep -qF -- "$2" "$folder/tmp/$1" && return 0
    echo "'$2' is not in:"
    cat "$folder/tmp/$1"
    return 1
}

same() {
    cmp "$1" "$2" && [ -s "$1" ]
}

rm -rf "$folder"
mkdir -p "$folder/tmp" || exit 1
cp tests/sessions/* "$folder" || exit 1

# Settings name the tables as they are called here: zombies-block.txt becomes zombies-block.cdb.
for text in "$folder"/*.txt; do
    holds "$text cannot be made into a table" "$gatepost" table make "$text" "${text%.txt}.cdb"
done

# The dialogues: what `gatepost replay` counts is added up.
for dialogue in "$folder"/*.smtp; do
    "$gatepost" replay "$dialogue" >"$folder/tmp/out" 2>&1
    status=$?
    counts=$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p' "$folder/tmp/out" | tail -n 1)
    if [ -z "$counts" ]; then
        failed=$((failed + 1))
        echo "check-sessions: $dialogue was not played (status $status)"
        sed 's/^/    /' "$folder/tmp/out"
        continue
    fi
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
    if [ "${counts#* }" -ne 0 ] || [ "$status" -ne 0 ]; then
        [ "${counts#* }" -ne 0 ] || failed=$((failed + 1))
        sed '$d' "$folder/tmp/out"
    fi
done

# A wrong S: line fails, and says where.
cat >"$folder/tmp/wrong.smtp" <<'EOF'
config ../harris.conf
connect 198.51.100.1 mx.example.net
C: EHLO mx.example.net
S: 554 Not so
EOF
holds "a wrong S: line must fail" gives 1 "$gatepost" replay "$folder/tmp/wrong.smtp"
holds "a wrong S: line must say where" says out "wrong.smtp:4: expected 'S: 554 Not so' but got '250 "
holds "a wrong S: line must say after what" says out "after 'C: EHLO mx.example.net'"
holds "a wrong S: line must be counted" says out "0 passed, 1 failed"

# Errors of a dialogue and of a rule file: all of them, with their places, and nothing is played.
printf 'conect 198.51.100.1 unknown\nlabel eggs\n' >"$folder/tmp/broken.smtp"
holds "a broken dialogue cannot be played" gives 3 "$gatepost" replay "$folder/tmp/broken.smtp"
holds "the first error of a dialogue" says err "broken.smtp:1:1: unknown directive 'conect'; did you mean 'connect'?"
holds "the second error of a dialogue" says err "broken.smtp:2:7: "
printf 'helo, fqnd, refuse\nmodee = log\n' >"$folder/tmp/broken.conf"
holds "broken rules cannot be used" gives 3 "$gatepost" replay --config "$folder/tmp/broken.conf" "$folder/harris.smtp"
holds "the first error of a rule file" says err "broken.conf:1:7: unknown check 'fqnd'; did you mean 'fqdn'?"
holds "the second error of a rule file" says err "broken.conf:2:1: "
holds "a dialogue that is not there" gives 3 "$gatepost" replay "$folder/none.smtp"
holds "wrong usage" gives 2 "$gatepost" replay
holds "help" gives 0 "$gatepost" replay --help

# Standard input, verdicts, trace.
from_standard_input() {
    "$gatepost" replay --config "$folder/wolfskill.conf" --verdicts - <"$folder/wolfskill.smtp"
}
holds "verdicts of standard input" gives 0 from_standard_input
holds "a verdict" says out "$(printf '1\tspam\t61.77.232.38\tfail\tdata\t553\twolfskill.conf:')"
holds "a pass" says out "$(printf '6\tham\t192.0.2.25\tpass\t-\t-\t-')"
holds "verdicts as JSON" gives 0 "$gatepost" replay --verdicts --json "$folder/wolfskill.smtp"
holds "a verdict as JSON" says out '"client": "61.77.232.38", "action": "fail"'
holds "a trace" gives 0 "$gatepost" replay --trace "$folder/wolfskill.smtp"
holds "the trace names the rule" says out "wolfskill.conf:"
holds "a conversation" gives 0 "$gatepost" replay --show "$folder/harris.smtp"
holds "a conversation marks what is refused" says out "S: 554 Spam is not welcome here - go away.   <-- refused"

# Stored mail back into dialogues, judged twice with one result.
mkdir -p "$folder/tmp/mail/spam" "$folder/tmp/mail/ham"
printf '%s\n' 'Return-Path: <5140ghxc@aci.net>' \
    'Received: from host.aci.net ([61.77.232.38]) by janus.catwhisker.org (8.12.9/8.12.9) with SMTP id h6O8BjCE012345' \
    '	for <LENNON@ONLINEROCK.COM>; Thu, 24 Jul 2003 01:11:45 -0700 (PDT)' \
    'Message-Id: <200307240811.h6O8BjCE012345@janus.catwhisker.org>' 'Subject: hello' '' 'body' >"$folder/tmp/mail/spam/1.txt"
printf '%s\n' 'From david@example.net  Thu Jul 24 02:00:00 2003' \
    'Received: from mx.example.net (mx.example.net [192.88.98.7]) by janus.catwhisker.org (Postfix) with ESMTP id 12345ABC' \
    '	for <david@catwhisker.org>; Thu, 24 Jul 2003 02:00:00 -0700' \
    'Message-ID: <1@example.net>' 'Subject: lunch' '' '>From here on' '' 'From david@example.net  Thu Jul 24 03:00:00 2003' \
    'Subject: never left this machine' '' 'body' >"$folder/tmp/mail/ham/box"
holds "transcript" gives 0 "$gatepost" transcript "$folder/tmp/mail"
holds "transcript counts what it reads" says err "3  messages read"
holds "transcript counts what it leaves out" says err "1  no usable Received field"
cp "$folder/tmp/out" "$folder/tmp/first.smtp"
holds "transcript again" gives 0 "$gatepost" transcript "$folder/tmp/mail"
holds "transcript gives the same twice" same "$folder/tmp/out" "$folder/tmp/first.smtp"
for run in 1 2; do
    "$gatepost" transcript "$folder/tmp/mail" 2>/dev/null |
        "$gatepost" replay --config "$folder/wolfskill.conf" --summary - >"$folder/tmp/summary$run" 2>/dev/null
done
holds "the summary is the same twice" same "$folder/tmp/summary1" "$folder/tmp/summary2"
holds "the spam had no Message-ID of its own" grep -q '^wolfskill.conf:7  *fail  *1  *0  *0$' "$folder/tmp/summary1"
holds "the ham passes" grep -q '^-  *pass  *0  *1  *0$' "$folder/tmp/summary1"
holds "--by another server finds nothing" gives 0 "$gatepost" transcript --by mx.example.org "$folder/tmp/mail"
holds "--by another server counts" says err "0  sessions written"

echo "check-sessions: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
