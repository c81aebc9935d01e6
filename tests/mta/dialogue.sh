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
        "$BUILD/gatepost" table make "$text" "${text%.txt}.cdb" || return 1
    done
}

dialogue_play() {
    file=$1
    as=$2
    shift 2
    conf=$(awk '$1 == "config" { sub(/\r$/, ""); print $2; exit }' "$file")
    if [ -z "$conf" ]; then
        echo "$file names no rules"
        return 1
    fi
    name=$as-$(basename "$file" .smtp)
    rm -rf "$exim_folder/rules/$name" "$exim_folder/state/$name"
    mkdir -p "$exim_folder/rules/$name" "$exim_folder/state/$name"
    cp -r "$(dirname "$file")/." "$exim_folder/rules/$name"
    [ -n "$exim_alone" ] || chown "$exim_uid:$exim_gid" "$exim_folder/state/$name"
    dialogue_tables "$exim_folder/rules/$name/$(dirname "$conf")" || return 1
    # In Exim's folder for runtime files, because it is replaced by rename with the owner of its folder.
    printf '\ntest-clock = /run/clock\n' >>"$exim_folder/rules/$name/$conf"
    chmod -R a+rX "$exim_folder/rules/$name"
    exim_names "$file"
    exim_options "config=/etc/gatepost/$name/$conf state-dir=/var/lib/gatepost/$name"
    if [ "$as" = exim ]; then
        cp "$file" "$exim_folder/rules/$name.smtp"
    else
        awk -f "$sources/tests/mta/sessions.awk" "$file" >"$exim_folder/rules/$name.smtp"
    fi
    "$BUILD/gatepost" replay --server 127.0.0.1:25 --as "$as" --test-clock "$exim_folder/run/clock" "$@" \
        "$exim_folder/rules/$name.smtp"
}
