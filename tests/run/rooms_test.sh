#!/bin/bash
# rooms_test.sh: rooms.py is red for what it is there for. Each case is a small tree with one mistake in it.
#
# Prints one line per case and, last, "rooms_test: N passed, N failed".
# shellcheck disable=SC2016 # backquotes are part of the tables
set -eu

cd "$(dirname "$0")/../.."
. tests/run/cases.sh
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT

# put FILE LINE...: a file of the tree.
put() {
    mkdir -p "$(dirname "$top/$1")"
    printf '%s\n' "${@:2}" >"$top/$1"
}

# sound: a tree that keeps to its tables. upper may see lower; a stray folder is not there yet.
sound() {
    rm -rf "${top:?}"/*
    put core/README.md '| room | may see | what |' '|---|---|---|' '| `upper` | `lower` | |' '| `lower` | | |'
    put tools/README.md '| `lib` | `/core` | |'
    put core/lower/low.h 'int low_get(void);'
    put core/lower/low.c '#include "low.h"' '#include "core/lower/other.h"' 'int low_get(void) { return other_get(); }'
    put core/lower/other.h 'int other_get(void);'
    put core/lower/other.c '#include "other.h"' 'static int hidden = 1;' 'int other_get(void) { return hidden; }'
    put core/upper/up.h 'int up_get(void);' 'int upper_more(void);'
    put core/upper/up.c '#include "up.h"' '#include "core/lower/low.h"' 'int up_get(void) { return low_get(); }' \
        'int upper_more(void) { return 1; }'
    put tools/lib/tool.c '#include "core/upper/up.h"' 'int tool_get(void);' 'int tool_get(void) { return up_get(); }'
}

# says STATUS TEXT: what rooms.py makes of the tree. TEXT is in what it prints; empty: it prints nothing.
says() {
    local source status=0 said
    while IFS= read -r source; do
        mkdir -p "$(dirname "$top/obj/$source")"
        ${CC:-cc} -I"$top" -c -o "$top/obj/${source%.c}.o" "$top/$source"
    done < <(cd "$top" && find core tools -name '*.c')
    said=$(python3 tests/run/rooms.py --top "$top" --objects "$top/obj" 2>&1) || status=$?
    [ "$status" = "$1" ] || missed "status $status: $said" || return 1
    case $said in
    *"$2"*) [ -n "$2" ] || [ -z "$said" ] || missed "it says: $said" ;;
    *) missed "it says: $said" ;;
    esac
}

a_sound_tree() {
    sound
    says 0 ""
}

an_include_upwards() {
    sound
    put core/lower/low.c '' '#include "core/upper/up.h"' 'int low_get(void);' 'int low_get(void) { return 1; }'
    says 1 "core/lower/low.c:2: core/lower -> core/upper is not allowed (core/README.md:4)"
}

an_include_of_a_room_not_named() {
    sound
    put core/README.md '| `upper` | | |' '| `lower` | | |'
    says 1 "core/upper/up.c:2: core/upper -> core/lower is not allowed (core/README.md:1)"
}

a_table_whose_arrow_goes_up() {
    sound
    put core/README.md '| `lower` | | |' '| `upper` | `lower` | |'
    says 1 "core/upper may see core/lower, which does not stand below it"
}

core_does_not_see_tools() {
    sound
    put tools/lib/tool.h 'int tool_get(void);'
    put core/upper/up.c '#include "tools/lib/tool.h"' 'int up_get(void);' 'int up_get(void) { return 1; }'
    says 1 "core/upper/up.c:1: core/upper -> tools/lib is not allowed"
}

a_name_without_prefix() {
    sound
    put core/lower/other.c '#include "other.h"' 'int get_it = 1;' 'int other_get(void) { return get_it; }'
    says 1 "core/lower/other.c: the external name get_it begins with neither other_ nor lower_"
}

a_circle_of_object_files() {
    sound
    put core/lower/other.c '#include "other.h"' '#include "low.h"' 'int other_get(void) { return low_get(); }'
    says 1 "core/lower/low.c: a circle of 2 object files: core/lower/low needs other_get of core/lower/other; core/lower/other needs low_get of"
}

a_file_in_no_room() {
    sound
    put core/stray/one.c 'int one_get(void);' 'int one_get(void) { return 1; }'
    says 1 "core/stray/one.c:1: this file lies in no room"
}

a_tree_without_table() {
    sound
    rm "$top/tools/README.md"
    says 1 "tools/README.md: there is no table of rooms"
}

for case in a_sound_tree an_include_upwards an_include_of_a_room_not_named a_table_whose_arrow_goes_up core_does_not_see_tools \
    a_name_without_prefix a_circle_of_object_files a_file_in_no_room a_tree_without_table; do
    check "${case//_/ }" "$case"
done
echo "rooms_test: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
