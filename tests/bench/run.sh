#!/bin/sh
# Runs the benches of BUILD (the argument) one after the other and prints their tables. Nothing here passes or fails by a
# clock; a bench fails only if its subject gives wrong answers.
set -eu

build=$1
folder=$(mktemp -d "${TMPDIR:-/tmp}/gatepost-bench.XXXXXX")
trap 'rm -rf "$folder"' EXIT INT TERM

printf 'gatepost: medians of many short rounds in one run; trust the ratios more than the times\n\n'
"$build/bench/bench_decisions" "$folder"
printf '\n'
"$build/bench/bench_loading" "$folder"
printf '\n'
"$build/bench/bench_launch" "$folder" "$build/bench" "$build/gatepost.so"
printf '\n'
"$build/bench/bench_tables" "$folder" "$build/gatepost"
printf '\n'
"$build/bench/bench_blocklist" "$folder"
printf '\n'
BUILD=$build "${0%/*}/logs.sh"
printf '\n'
BUILD=$build "${0%/*}/reading.sh"
printf '\n'
BUILD=$build "${0%/*}/exim.sh"
printf '\n'
BUILD=$build "${0%/*}/milter.sh"
