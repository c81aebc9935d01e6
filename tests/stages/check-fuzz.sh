#!/bin/sh
# check-fuzz.sh: every parser's fuzz target, with libFuzzer and the address and undefined sanitizers: first over the files of
# its corpus, then beyond it for a fixed number of runs with a fixed seed, so that each time does the same. Each corpus file
# is a case, and so is each exploration. Ends with "check-fuzz: N passed, N failed".
#
# To search longer: build/fuzz-asan/fuzz/fuzz_X -max_total_time=600 SCRATCH-FOLDER tests/fuzz/corpus/X
set -eu

cd "$(dirname "$0")/../.."
. tests/run/stage.sh

asan=$BUILD/fuzz-asan
make -s BUILD="$asan" CC=clang \
    CFLAGS='-O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all' fuzz

# Targets that write files do so in memory if they can.
[ -w /dev/shm ] && export TMPDIR=/dev/shm

# How many inputs take a few seconds.
runs_of() {
    case $1 in
    fuzz_image) echo 40000 ;;
    fuzz_log | fuzz_slots) echo 10000 ;;
    fuzz_rules) echo 8000 ;;
    fuzz_pattern | fuzz_table) echo 20000 ;;
    fuzz_regex) echo 1500 ;;
    fuzz_session) echo 500 ;;
    fuzz_report) echo 600 ;;
    *) echo 60000 ;;
    esac
}

# first_there PATH...: the first of them that exists, or nothing.
first_there() {
    for path in "$@"; do
        if [ -e "$path" ]; then
            echo "$path"
            return
        fi
    done
}

work=$BUILD/fuzz-work
rm -rf "$work"
mkdir -p "$work"
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    short=${name#fuzz_}
    target=$asan/fuzz/$name
    corpus=$(first_there "tests/fuzz/corpus/$name" "tests/fuzz/corpus/$short")
    dict=$(first_there "tests/fuzz/$name.dict" "tests/fuzz/$short.dict")
    mkdir "$work/$name"

    files=0
    wrong=0
    for file in ${corpus:+"$corpus"/*}; do
        files=$((files + 1))
        if ! "$target" -artifact_prefix="$work/$name-" "$file" >"$work/$name.log" 2>&1; then
            wrong=$((wrong + 1))
            echo "FAILED $name $file"
            tail -n 40 "$work/$name.log" | sed 's/^/    /'
        fi
    done
    # New finds go into the first folder, which is temporary.
    if "$target" -runs="$(runs_of "$name")" -seed=1 -print_final_stats=0 -verbosity=0 \
        -artifact_prefix="$work/$name-" ${dict:+-dict="$dict"} "$work/$name" ${corpus:+"$corpus"} \
        >"$work/$name.log" 2>&1; then
        echo "ok $name: $files files, $(runs_of "$name") runs"
    else
        wrong=$((wrong + 1))
        echo "FAILED $name beyond its corpus; what did it is in $work"
        tail -n 40 "$work/$name.log" | sed 's/^/    /'
    fi
    passed=$((passed + files + 1 - wrong))
    failed=$((failed + wrong))
done
finish check-fuzz
