#!/bin/sh
# libcdb.sh: prints what links the static tinycdb into a shared object, or says why there is none and ends with status 1.
# Debian 12 has libcdb_pic.a for this, and its libcdb.a is not position independent. Debian 13 has only libcdb.a, which is
# position independent. So each is tried by linking all of it. CC and LDFLAGS are those of the build; if CDB is set, only that
# is tried.
set -eu

object=$(mktemp)
trap 'rm -f "$object"' EXIT

# links WORD...: CDB may be several words.
links() {
    # shellcheck disable=SC2086 # words
    ${CC:-cc} -shared -fPIC -x c /dev/null -o "$object" ${LDFLAGS-} -Wl,-z,defs -Wl,--whole-archive "$@" -Wl,--no-whole-archive >/dev/null 2>&1
}

for library in "${CDB:--l:libcdb_pic.a}" "${CDB:--l:libcdb.a}"; do
    # shellcheck disable=SC2086 # words
    if links $library; then
        echo "$library"
        exit 0
    fi
done
echo "libcdb.sh: no static tinycdb can be linked into a shared object: tried ${CDB:-libcdb_pic.a, libcdb.a}" >&2
exit 1
