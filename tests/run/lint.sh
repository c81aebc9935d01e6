#!/bin/bash
# lint.sh: clang-format, clang-tidy and cppcheck over every .c and .h, rooms.py over includes and names, mandoc over the manuals, shellcheck over the
# scripts. Status 0, and nothing but the tools' names, if all is as it should be.
set -u -o pipefail

cd "$(dirname "$0")/../.." || exit 2
tests/run/need.sh lint bench windows || exit 2

# Written by the build.
generated=${BUILD:-build}/mercury/unit
env -u MAKEFLAGS make -s BUILD="${BUILD:-build}" "$generated/programs.h" || exit 2

folders=()
for folder in core tools exim mercury milter plugins tests; do
    [ -d "$folder" ] && folders+=("$folder")
done
# Files for Windows are checked with the flags of its compiler.
mapfile -t windows < <(find "${folders[@]}" -name '*win32*.c' -o -path '*mercury/*.c' | sort)
mapfile -t code < <(find "${folders[@]}" -name '*.c' ! -name '*win32*.c' ! -path '*mercury/*.c' | sort)
mapfile -t headers < <(find "${folders[@]}" -name '*.h' | sort)
mapfile -t manuals < <(find man -name '*.[1-8]' 2>/dev/null | sort)
mapfile -t scripts < <(grep -rlE '^#!/bin/(ba)?sh|^# shellcheck shell=' .ci "${folders[@]}" 2>/dev/null | sort)
# The examples see the public header as an installed one.
flags=(-std=c11 -I. -Icore -D_FILE_OFFSET_BITS=64 -D_DEFAULT_SOURCE '-DGATEPOST_VERSION="0"')
status=0

echo clang-format
clang-format --dry-run -Werror "${code[@]}" "${windows[@]}" "${headers[@]}" || status=1

echo clang-tidy
# On standard error it only counts the suppressed warnings of other people's headers.
printf '%s\n' "${code[@]}" | xargs -P "$(nproc)" -I{} clang-tidy --quiet {} -- "${flags[@]}" 2>/dev/null || status=1
printf '%s\n' "${windows[@]}" | xargs -P "$(nproc)" -I{} clang-tidy --quiet {} -- --target=i686-w64-mingw32 "${flags[@]}" -D_WIN32_WINNT=0x0501 \
    -D__USE_MINGW_ANSI_STDIO=1 -D__printf__=__gnu_printf__ -DGP_EXPORT= -I"$generated" 2>/dev/null || status=1

echo cppcheck
cppcheck --quiet -j "$(nproc)" --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
    --suppress=missingIncludeSystem "${flags[@]:1}" "${code[@]}" || status=1

if [ ${#manuals[@]} -gt 0 ]; then
    echo mandoc
    mandoc -Tlint -W warning "${manuals[@]}" || status=1
fi

echo rooms
env -u MAKEFLAGS make -s BUILD="${BUILD:-build}" "${BUILD:-build}"/libgatepost-{core,tools}.a || exit 2
tests/run/rooms.py --objects "${BUILD:-build}/obj" || status=1

echo shellcheck
shellcheck -x "${scripts[@]}" || status=1
exit $status
