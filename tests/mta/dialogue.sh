# shellcheck shell=sh
# shellcheck disable=SC2154
# dialogue.sh: plays one dialogue into the running Exim of exim.sh; sourced after it.
#
#   dialogue_play FILE exim|exim-scan [OPTION...]    FILE under the rules it names, a state of its own, and a clock that the player
#                                                    moves; OPTIONs are those of gatepost replay
#
# Rules and tables are those that lie beside FILE; tables may lie there as text. Status 0 if every reply was the expected one.

# dialogue_tables FOLDER: tables from text.
dialogue_tables() {
    for text in "$1"/*.txt; do
        [ -e "$text" ] || continue
        "$BUILD/gatepost" table make "$text" "${text%.txt}.cdb" >"$exim_folder/tables.log" || return 1
    done
}

dialogue_play() {
    dialogue=$1
    as=$2
    shift 2
    conf=$(awk '$1 == "config" { sub(/\r$/, ""); print $2; exit }' "$dialogue")
    if [ -z "$conf" ]; then
        echo "$dialogue names no rules"
        return 1
    fi
    place=$as-$(basename "$dialogue" .smtp)
    rm -rf "$exim_folder/rules/$place" "$exim_folder/state/$place"
    mkdir -p "$exim_folder/rules/$place" "$exim_folder/state/$place"
    cp -r "$(dirname "$dialogue")/." "$exim_folder/rules/$place"
    [ -n "$exim_alone" ] || chown "$exim_uid:$exim_gid" "$exim_folder/state/$place"
    dialogue_tables "$exim_folder/rules/$place/$(dirname "$conf")" || return 1
    # In Exim's folder for runtime files, because it is replaced by rename with the owner of its folder.
    printf '\ntest-clock = /run/clock\n' >>"$exim_folder/rules/$place/$conf"
    chmod -R a+rX "$exim_folder/rules/$place"
    exim_names "$dialogue"
    exim_options "config=/etc/gatepost/$place/$conf state-dir=/var/lib/gatepost/$place"
    "$BUILD/gatepost" replay --server mail.example.com:25 --as "$as" --test-clock "$exim_folder/run/clock" "$@" "$dialogue"
}
