# shellcheck shell=sh
# shellcheck disable=SC2154
# dialogue.sh: plays one dialogue into the running Exim of exim.sh; sourced after it. dialogue_lay serves any other server
# too.
#
#   dialogue_lay FILE FOLDER CLOCK                   FOLDER with all files beside FILE, its tables made, and time read from CLOCK;
#                                                    $conf is its rule file
#   dialogue_play FILE exim|exim-scan [OPTION...]    FILE under the rules that it names, with a state of its own and a clock that the player
#                                                    moves; OPTIONs are those of gatepost replay
#
# Rules and tables are those beside FILE; tables may be there as text. Status 0 if every reply was the expected one.

# dialogue_tables FOLDER: tables from text.
dialogue_tables() {
    for text in "$1"/*.txt; do
        [ -e "$text" ] || continue
        "$BUILD/gatepost" table make "$text" "${text%.txt}.cdb" >"$1/tables.log" || return 1
    done
}

dialogue_lay() {
    conf=$(awk '$1 == "config" { sub(/\r$/, ""); print $2; exit }' "$1")
    if [ -z "$conf" ]; then
        echo "$1 names no rules"
        return 1
    fi
    mkdir -p "$2"
    cp -r "$(dirname "$1")/." "$2"
    dialogue_tables "$2/$(dirname "$conf")" || return 1
    printf '\ntest-clock = %s\n' "$3" >>"$2/$conf"
    chmod -R a+rX "$2"
}

dialogue_play() {
    dialogue=$1
    as=$2
    shift 2
    place=$as-$(basename "$dialogue" .smtp)
    rm -rf "$exim_folder/rules/$place" "$exim_folder/state/$place"
    # The clock is in Exim's folder for runtime files, because it is replaced by renaming, with the owner of its folder.
    dialogue_lay "$dialogue" "$exim_folder/rules/$place" /run/clock || return 1
    mkdir -p "$exim_folder/state/$place"
    [ -n "$exim_alone" ] || chown "$exim_uid:$exim_gid" "$exim_folder/state/$place"
    exim_names "$dialogue"
    exim_options "config=/etc/gatepost/$place/$conf state-dir=/var/lib/gatepost/$place"
    "$BUILD/gatepost" replay --server mail.example.com:25 --as "$as" --test-clock "$exim_folder/run/clock" "$@" "$dialogue"
}
