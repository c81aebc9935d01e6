#!/bin/sh
# interface.sh: what can be said of the daemon and the command of 32-bit Windows from the files alone, on any machine: what they export
# and import, how they are called, how they keep the stack aligned, and where they look in Mercury's structures.
#
# Prints one line per case and, last, "interface: N passed, N failed". Needs gatepost.dll and gatepost.exe in $BUILD/mercury, the DLL
# with its debugging information, and in $BUILD/mercury64 where those are built.
set -eu

cd "$(dirname "$0")/../.."
. tests/run/cases.sh

BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD ;; esac
dll=$BUILD/mercury/gatepost.dll
objdump=i686-w64-mingw32-objdump
work=$BUILD/mta/mercury-interface
rm -rf "$work"
mkdir -p "$work"

# imports_only_windows MACHINE FILE: it is for that machine, and the DLLs that it needs are those that every Windows since XP has.
imports_only_windows() {
    "$1-w64-mingw32-objdump" -p "$2" >"$work/headers" 2>&1 || missed "it is no program for $1" || return 1
    foreign=$(sed -n 's/^[[:space:]]*DLL Name: //p' "$work/headers" |
        grep -vixE '(kernel32|advapi32|user32|ws2_32|ntdll|msvcrt)\.dll' || true)
    [ -z "$foreign" ] || missed "needs $foreign"
}

# objdump writes "[   3] closedown", that of Debian 13 "[   3] +base[   4]  0003 closedown".
exports_what_mercury_looks_up() {
    "$objdump" -p "$dll" | sed -n 's/^[[:space:]]*\[ *[0-9]*\] \(+base\[ *[0-9]*\]  *[0-9a-f]* \)\{0,1\}\([A-Za-z_][A-Za-z_0-9@]*\)$/\2/p' | sort >"$work/exports"
    for entry in startup closedown daemon configure; do
        printf '%s\n' "$entry" "_$entry" "$(echo "$entry" | tr '[:lower:]' '[:upper:]')"
    done | sort >"$work/exports.wanted"
    cmp -s "$work/exports" "$work/exports.wanted" || missed "exports $(tr '\n' ' ' <"$work/exports")"
}

# What is called as C pops no arguments: each `ret` stands alone. (A function of Windows' own kind would have `ret $0xc`.)
entries_are_cdecl() {
    for entry in startup closedown daemon configure on_event; do
        awk -v begin="<_$entry>:" '$2 == begin { inside = 1; next } /^$/ { inside = 0 } inside' "$work/code" >"$work/function"
        grep -q '[[:space:]]ret$' "$work/function" || missed "$entry has no plain return" || return 1
        ! grep -qE '[[:space:]]ret[[:space:]]+\$' "$work/function" || missed "$entry pops its arguments" || return 1
    done
}

# Mercury aligns the stack to four bytes, and instructions that take sixteen at once fault if it is not aligned to sixteen: each
# function that has such an instruction on its stack must align it first. That some do shows that there is something to see.
stack_is_aligned() {
    awk '
        /^[0-9a-f]+ </ {
            name = $2
            gsub(/[<>:]/, "", name)
            sub(/\.cold.*/, "", name)
        }
        /and[[:space:]]+\$0xfffffff0,%esp/ { aligned[name] = 1 }
        /mov(ap[sd]|dqa|ntps|ntdq)[[:space:]].*\(%e[sb]p/ { needs[name] = 1 }
        END {
            for (name in needs)
                if (!(name in aligned))
                    print name
            for (name in aligned)
                exit
            print "(none)"
        }' "$work/code" >"$work/unaligned"
    [ ! -s "$work/unaligned" ] || missed "these do not align the stack: $(tr '\n' ' ' <"$work/unaligned")"
}

# The same list for the daemon itself and for the test host's idea of Mercury would prove nothing: interface.txt is a third.
structures_lie_where_documented() {
    tests/mercury/interface.py "$objdump" "$dll" >"$work/facts" || missed "no debugging information in $dll" || return 1
    grep -v '^#' tests/mercury/interface.txt >"$work/wanted"
    while read -r fact; do
        grep -qxF -- "$fact" "$work/facts" || missed "not '$fact' but '$(grep -F -- "${fact% *} " "$work/facts" || true)'" || return 1
    done <"$work/wanted"
}

# The header that says what we know is checked against the vendor's where that is there; here against a stand-in.
builds_with_other_headers() {
    for source in mercury/*.c; do
        i686-w64-mingw32-gcc -std=c11 -I. -Itests/mercury/stand-in -D_WIN32_WINNT=0x0501 -DUSE_VENDOR_DAEMON_H -Wall -Wextra -Werror \
            -fsyntax-only "$source" 2>"$work/last" || missed "$(head -n 3 "$work/last")" || return 1
    done
}

"$objdump" -d --no-show-raw-insn "$dll" >"$work/code"

check "the daemon needs nothing but 32-bit Windows" imports_only_windows i686 "$dll"
check "the command needs nothing but 32-bit Windows" imports_only_windows i686 "$BUILD/mercury/gatepost.exe"
for file in gatepost.dll gatepost.exe; do
    [ ! -e "$BUILD/mercury64/$file" ] || check "$file for 64 bits needs nothing but Windows" imports_only_windows x86_64 "$BUILD/mercury64/$file"
done
check "the daemon exports the twelve names that Mercury looks up" exports_what_mercury_looks_up
check "what Mercury calls is called as C" entries_are_cdecl
check "functions that need an aligned stack align it" stack_is_aligned
check "Mercury's structures and constants are as documented" structures_lie_where_documented
check "the daemon builds against other headers, and checks them" builds_with_other_headers

finish interface
