#!/bin/sh
# check-unit.sh: builds and runs the unit tests (cmocka). Ends with "check-unit: N passed, N failed".
set -eu

cd "$(dirname "$0")/../.."
. tests/run/stage.sh

make -s BUILD="$BUILD" unit
run_units unit "$(unit_names)"
finish check-unit
