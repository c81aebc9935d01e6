#!/bin/sh
# check-manuals.sh: whether mandoc accepts the manuals, gatepost_api(3) prints tests/examples/host.c, and gatepost_check(3)
# prints tests/examples/check.c. check-hosts.sh and check-plugins.sh test what these programs do. Run from the top of the
# source tree. The last line is "check-manuals: N passed, N failed".
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

echo "check-manuals: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
