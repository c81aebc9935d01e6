#!/bin/sh
# check-unit.sh: builds and runs the unit tests (cmocka). Ends with "check-unit: N passed, N failed".
set -eu

cd "$(dirname "$0")/../.."
. tests/run/stage.sh

make -s BUILD="$BUILD" unit
for name in $(unit_names); do
    run_unit "unit/$name" "$BUILD/unit/$name"
done
finish check-unit
