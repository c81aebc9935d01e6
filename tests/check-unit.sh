#!/bin/sh
# check-unit.sh: builds and runs the unit tests (cmocka). Ends with "check-unit: N passed, N failed".
set -eu

cd "$(dirname "$0")/.."
. tests/stage.sh

make -s -j2 BUILD="$BUILD" unit
for source in tests/unit/test_*.c; do
    name=$(basename "$source" .c)
    run_unit "unit/$name" "$BUILD/unit/$name"
done
finish check-unit
