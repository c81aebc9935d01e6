#!/bin/sh
# runs32.sh: whether this machine's kernel runs 32-bit programs: status 0, or 1 with one line that says what is missing. It
# runs a program of 91 bytes that only exits. GATEPOST_NO_32BIT=1 answers no without trying, so that any machine can show what
# happens on such a kernel.
set -u

if [ -n "${GATEPOST_NO_32BIT-}" ]; then
    echo "32-bit programs are switched off here (GATEPOST_NO_32BIT)"
    exit 1
fi
# Programs can be run in the folder of the roots; /tmp may forbid it.
cache=${GATEPOST_CACHE:-${HOME:-/root}/.cache/gatepost}
mkdir -p "$cache" && folder=$(mktemp -d "$cache/probe.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
# An ELF header for i386, one segment, and: xor eax,eax; inc eax; xor ebx,ebx; int 0x80
{
    printf '\177ELF\001\001\001\000\000\000\000\000\000\000\000\000\002\000\003\000\001\000\000\000\124\200\004\010\064\000\000\000'
    printf '\000\000\000\000\000\000\000\000\064\000\040\000\001\000\000\000\000\000\000\000\001\000\000\000\000\000\000\000\000\200\004\010'
    printf '\000\200\004\010\133\000\000\000\133\000\000\000\005\000\000\000\000\020\000\000\061\300\100\061\333\315\200'
} >"$folder/program32"
chmod +x "$folder/program32"
# `env` runs it, because a shell would try to read it as a script.
why=$(LC_ALL=C env "$folder/program32" 2>&1) && exit 0
echo "this kernel runs no 32-bit program (${why##*: })"
exit 1
