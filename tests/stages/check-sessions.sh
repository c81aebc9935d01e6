#!/bin/sh
# check-sessions.sh [GATEPOST] [FOLDER]: plays tests/sessions through the engine, and tests what `gatepost replay`, `gatepost
# transcript` and, on tests/logs, `gatepost analyze` do. GATEPOST is the command ($BUILD/gatepost), FOLDER the folder for
# dialogues, rules and tables ($BUILD/sessions). Run from the top of the source tree. The last line is "check-sessions: N
# passed, N failed".
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

# The rule files for beginners are sound, and do in earnest what their conversation says.
mkdir -p "$folder/examples" && cp examples/* "$folder/examples" || exit 1
for table in traps exempt; do
    holds "examples/$table.txt is no table" "$gatepost" table make "$folder/examples/$table.txt" "$folder/examples/$table.cdb"
done
for example in minimal careful strict; do
    holds "examples/$example.conf is not sound" gives 0 "$gatepost" check "$folder/examples/$example.conf"
    holds "examples/$example.conf does not begin in trial mode" grep -q '^mode = log' "$folder/examples/$example.conf"
    sed '/^mode = log/d' "examples/$example.conf" >"$folder/examples/$example.conf"
    holds "examples/$example.conf does not do what try.smtp says" gives 0 "$gatepost" replay --config "$folder/examples/$example.conf" \
        "$folder/examples/try.smtp"
done

# Adds up the counts that `gatepost replay` prints for the dialogues.
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

# A wrong S: line fails, and the message has its place.
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

# Stored mail is judged in the order of its times, whatever the order of its folders: mail from before the day on which the
# client was listed passes, and so does mail from after its half hour.
stored() {
    printf 'label %s\ntime %s\nconnect 198.51.100.9 relay.example.net\nC: EHLO %s\nC: MAIL FROM:<a@example.net>\n' "$1" "$2" "$3"
}
{
    stored spam 2005-01-01T00:00:00Z mail.example.com
    stored ham 2004-06-01T00:00:00Z relay.example.net
    stored ham 2005-01-01T00:10:00Z relay.example.net
    stored ham 2005-01-02T00:00:00Z relay.example.net
} >"$folder/tmp/spam-first.smtp"
{
    stored ham 2005-01-02T00:00:00Z relay.example.net
    stored ham 2005-01-01T00:10:00Z relay.example.net
    stored ham 2004-06-01T00:00:00Z relay.example.net
    stored spam 2005-01-01T00:00:00Z mail.example.com
} >"$folder/tmp/ham-first.smtp"
printf 'own-names = mail.example.com\nhelo, own-name, refuse block, "554 5.7.1 no"\n' >"$folder/tmp/order.conf"
for order in spam ham; do
    holds "$order first" gives 0 "$gatepost" replay --config "$folder/tmp/order.conf" --summary "$folder/tmp/$order-first.smtp"
    holds "$order first: two of three pass" grep -q '^-  *pass  *0  *2  *0$' "$folder/tmp/out"
    holds "$order first: the one within the half hour" grep -q '^blocklist  *close  *0  *1  *0$' "$folder/tmp/out"
done
holds "sessions have the number of their place" gives 0 "$gatepost" replay --config "$folder/tmp/order.conf" --verdicts "$folder/tmp/ham-first.smtp"
holds "the oldest is judged first" test "$(cut -f 1 "$folder/tmp/out" | tr '\n' ' ')" = '3 4 2 1 '
gzip -c "$folder/tmp/ham-first.smtp" >"$folder/tmp/packed.smtp.gz"
holds "a packed dialogue" gives 0 "$gatepost" replay --config "$folder/tmp/order.conf" --verdicts "$folder/tmp/packed.smtp.gz"
holds "a packed dialogue is judged the same" test "$(wc -l <"$folder/tmp/out")" -eq 4
printf '\377\376c\0' >"$folder/tmp/wide.smtp"
holds "UTF-16 cannot be played" gives 3 "$gatepost" replay "$folder/tmp/wide.smtp"
holds "UTF-16 is named" says err "wide.smtp: is UTF-16; save it as UTF-8 or ANSI"

# Two rule files with the same sessions: the new one refuses one more ham, and no longer the spam.
{
    stored spam 2005-01-01T00:00:00Z mail.example.com
    stored ham 2005-01-02T00:00:00Z laptop
    stored ham 2005-01-03T00:00:00Z mx.example.net
} | sed 's/198.51.100.9/198.51.100.7/' >"$folder/tmp/month.smtp"
printf '# new\nhelo, not fqdn, fail, "504 5.5.2 no"\n' >"$folder/tmp/new.conf"
against() {
    want=$1
    shift
    gives "$want" "$gatepost" replay --config "$folder/tmp/new.conf" --against "$folder/tmp/order.conf" "$@" "$folder/tmp/month.smtp"
}
holds "ham that is newly refused" against 1
holds "ham that is newly refused is counted" grep -q '^newly refused  *0  *1  *0$' "$folder/tmp/out"
holds "spam that is no longer refused is counted" grep -q '^no longer refused  *1  *0  *0$' "$folder/tmp/out"
holds "the new rules' counts" grep -q '^new.conf:2  *fail  *0  *1  *0$' "$folder/tmp/out"
holds "the old rules' counts" grep -q '^order.conf:2  *refuse  *1  *0  *0$' "$folder/tmp/out"
holds "each session that is judged otherwise" against 1 --verdicts
printf '1\tspam\t198.51.100.7\tpass\t-\t-\t-\trefuse\thelo\t554\torder.conf:2\n2\tham\t198.51.100.7\tfail\thelo\t504\tnew.conf:2\tpass\t-\t-\t-\n' >"$folder/tmp/want.txt"
holds "the two sessions, with both verdicts" same "$folder/tmp/out" "$folder/tmp/want.txt"
holds "as JSON" against 1 --json
holds "the changes as JSON" says out '"newly_refused": {"spam": 0, "ham": 1, "unlabelled": 0}'
holds "the same rules refuse no ham anew" gives 0 "$gatepost" replay --config "$folder/tmp/new.conf" --against "$folder/tmp/new.conf" --verdicts "$folder/tmp/month.smtp"
holds "and nothing is judged otherwise" test ! -s "$folder/tmp/out"
holds "--against wants --config" gives 2 "$gatepost" replay --against "$folder/tmp/new.conf" "$folder/tmp/month.smtp"
holds "--against a file that is not there" gives 3 "$gatepost" replay --config "$folder/tmp/new.conf" --against "$folder/tmp/none.conf" "$folder/tmp/month.smtp"

# Logs: the excerpt of 2003 gives one pattern, and its clients as text for a table.
logs=tests/logs
holds "the log of 2003" gives 0 "$gatepost" analyze --year 2003 "$logs/wolfskill-2003.log"
holds "five attempts from four relays" says out "5 attempts in 42s from 4 clients"
holds "one pattern and nothing else" test "$(grep -c . "$folder/tmp/out")" -eq 9
holds "what is no log is counted" says err "5  lines not recognised"
holds "the log of 2003 as JSON" gives 0 "$gatepost" analyze --year 2003 --json "$logs/wolfskill-2003.log"
holds "the pattern as JSON" says out '{"sender": "5140ghxc@aci.net", "recipient": "LENNON@ONLINEROCK.COM", "attempts": 5, "seconds": 42, "first": "2003-07-24T01:11:45", "last": "2003-07-24T01:12:27"'
holds "the log of 2003 as block table" gives 0 "$gatepost" analyze --format block-table "$logs/wolfskill-2003.log"
cp "$folder/tmp/out" "$folder/tmp/relays.txt"
printf '%s  550 5.7.1 Apparent open relay\n' 61.77.232.38 165.246.189.33 211.209.23.36 12.237.128.54 >"$folder/tmp/want.txt"
holds "the four relays" same "$folder/tmp/relays.txt" "$folder/tmp/want.txt"
holds "the relays as a table" gives 0 "$gatepost" table make "$folder/tmp/relays.txt" "$folder/tmp/relays.cdb"
holds "a relay in the table" gives 0 "$gatepost" table get "$folder/tmp/relays.cdb" 12.237.128.54
holds "a relay has its reply" says out "550 5.7.1 Apparent open relay"

# pattern_of COUNT LOG...: whether the logs give just one pattern, of that many attempts.
pattern_of() {
    count=$1
    shift
    gives 0 "$gatepost" analyze --year 2003 "$@" && says out "$count attempts in " &&
        [ "$(grep -c '^  from ' "$folder/tmp/out")" -eq 1 ]
}
gzip -c "$logs/sendmail.log" >"$folder/tmp/sendmail.log.gz"
head -c 200 "$folder/tmp/sendmail.log.gz" >"$folder/tmp/cut.log.gz"
holds "Sendmail's lines go together by their ids" pattern_of 3 "$logs/sendmail.log"
holds "a gzipped log" pattern_of 3 "$folder/tmp/sendmail.log.gz"
holds "the same log twice is one" pattern_of 3 "$logs/sendmail.log" "$folder/tmp/sendmail.log.gz"
holds "the year goes on over New Year" says out "2004-01-01 00:00:05"
holds "Postfix" pattern_of 3 "$logs/postfix.log"
holds "a client refused again and again" says out "504 5.5.2 <>: Helo command rejected: need fully-qualified hostname (2)"
holds "Exim's two logs, side by side" pattern_of 3 "$logs/exim-reject.log" "$logs/exim-main.log"
holds "a header in Exim's log is no line" test "$(grep -c 203.0.113.66 "$folder/tmp/out")" -eq 0
holds "several servers, side by side" pattern_of 6 "$logs/exim-main.log" "$logs/postfix.log" "$logs/exim-reject.log"
holds "fewer clients than asked for" gives 1 "$gatepost" analyze --clients 5 --refused 9 "$logs/sendmail.log"
holds "a shorter window" gives 1 "$gatepost" analyze --window 5s "$logs/sendmail.log"
holds "MercuryS" gives 0 "$gatepost" analyze "$logs/mercury.log"
holds "its short-term blacklist at its longest" says out "Short-term blacklist - peak            2  at 2007-05-29 00:50:00"
holds "its short-term blacklist at the end" says out "Short-term blacklist - current         1  at 2007-05-29 01:25:00"
holds "its clients in the block table" gives 0 "$gatepost" analyze --format block-table --with-refused "$logs/mercury.log"
holds "a client refused too often" says out "192.0.2.1  550 5.7.1 Refused too often"
holds "a log cut short is read as far as it goes" gives 3 "$gatepost" analyze "$folder/tmp/cut.log.gz"
holds "a log cut short is reported" says err "ends in the middle of a gzip file"
holds "a log that is not there" gives 3 "$gatepost" analyze "$logs/none.log" "$logs/postfix.log"
holds "the other logs are read all the same" says out "3 attempts in 22s"
holds "analyze without a log" gives 2 "$gatepost" analyze
holds "analyze with an unknown format" gives 2 "$gatepost" analyze --format cdb "$logs/postfix.log"
holds "help for analyze" gives 0 "$gatepost" analyze --help

echo "check-sessions: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
