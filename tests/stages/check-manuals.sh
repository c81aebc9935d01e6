#!/bin/sh
# check-manuals.sh: whether mandoc accepts the manuals, gatepost_api(3) prints tests/examples/host.c, gatepost_check(3) prints
# tests/examples/check.c, the rule files that gatepost.conf(5) prints have no error, and the commands that README.md prints give
# the output printed there. check-hosts.sh and check-plugins.sh test what the two programs do. Needs $BUILD/gatepost. Run from the
# top of the source tree. The last line is "check-manuals: N passed, N failed".
set -u

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# same WHAT WANTED GOT: compares two files.
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

sed -n '/^\.Bd -literal$/,/^\.Ed$/p' man/gatepost_check.3 | sed -e '1d' -e '$d' -e 's/^\\&//' -e 's/\\e/\\/g' >"$work/printed"
same "gatepost_check(3) does not print tests/examples/check.c" tests/examples/check.c "$work/printed"

# Writes each rule file of the manual to a file of its own; those that load a plugin are for check-plugins.sh.
awk -v out="$work/rules." '
    /^\.Bd -literal -offset indent$/ { text = ""; rules = 0; inside = 1; next }
    /^\.Ed$/ { if (inside && rules && text !~ /regex|dnsbl/) { n++; printf "%s", text >(out n) } inside = 0; next }
    inside { if (/^[A-Za-z-]+, *[^ ].*, */) rules = 1; text = text $0 "\n" }
' man/gatepost.conf.5
build=${BUILD:-build}
echo "192.0.2.1 all" | "$build/gatepost" table make - "$work/exempt.cdb" >/dev/null
for each in "$work"/rules.*; do
    if "$build/gatepost" check "$each" >"$work/checked" 2>&1; then
        : >"$work/checked"
    fi
    same "gatepost.conf(5) prints rules with an error" /dev/null "$work/checked"
done

tests/run/printed.py README.md "$build/gatepost" >"$work/printed" 2>&1
sed '$d' "$work/printed"
counts=$(sed -n '$s/^printed: \([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$work/printed")
counts=${counts:-0 1}
passed=$((passed + ${counts% *}))
failed=$((failed + ${counts#* }))

echo "check-manuals: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
