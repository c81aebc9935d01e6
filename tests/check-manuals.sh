#!/bin/sh
# check-manuals.sh [EXAMPLE-HOST]: the manuals are sound, and the host that gatepost_api(3) prints is tests/examples/host.c, which judges
# as it should. Run from the top of the source tree. The last line is "check-manuals: N passed, N failed".
set -u

host=${1:-build/example-host}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# same WHAT WANTED GOT: two files.
same() {
    if cmp -s "$2" "$3"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "check-manuals: $1"
        diff "$2" "$3" | sed 's/^/    /'
    fi
}

for page in man/*; do
    mandoc -Tlint -W warning "$page" >"$work/lint" 2>&1
    same "mandoc warns of $page" /dev/null "$work/lint"
done

sed -n '/^\.Bd -literal$/,/^\.Ed$/p' man/gatepost_api.3 | sed -e '1d' -e '$d' -e 's/^\\&//' -e 's/\\e/\\/g' >"$work/printed"
same "gatepost_api(3) does not print tests/examples/host.c" tests/examples/host.c "$work/printed"

cat >"$work/gatepost.conf" <<'END'
helo,    own-name,            refuse, "554 Format of command not acceptable here"
rcpt,    "*sugar@*",          close,  "554 Spam is not welcome here - go away."
headers, not has(Message-ID), fail,   "553 Unidentified messages are not acceptable here"
END

# conversation LINE...: what the client says, line by line; the replies stand in $work/said.
conversation() {
    printf '%s\r\n' "$@" | "$host" "$work/gatepost.conf" 203.0.113.9 2>"$work/log" | tr -d '\r' >"$work/said"
}

conversation "EHLO mx.example.com" "MAIL FROM:<a@b.example>" QUIT
cat >"$work/wanted" <<'END'
220 mx.example.com ESMTP
554 Format of command not acceptable here
554 Format of command not acceptable here
221 Bye
END
same "the example host lets a client say that it is us" "$work/wanted" "$work/said"

conversation "EHLO b.example" "MAIL FROM:<a@b.example>" "RCPT TO:<c@example.com>" DATA "Subject: x" "" "Message-ID: <a@b>" . \
    "MAIL FROM:<a@b.example>" "RCPT TO:<c@example.com>" DATA "Message-ID: <a@b>" "" ..x . "RCPT TO:<sugar@example.com>" QUIT
cat >"$work/wanted" <<'END'
220 mx.example.com ESMTP
250 mx.example.com
250 Sender ok
250 Recipient ok
354 Go ahead
553 Unidentified messages are not acceptable here
250 Sender ok
250 Recipient ok
354 Go ahead
250 Message accepted
554 Spam is not welcome here - go away.
END
same "the example host does not judge messages as the rules say" "$work/wanted" "$work/said"

echo "check-manuals: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
