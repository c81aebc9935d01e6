# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what is set here and not used is for the caller; place.sh and dialogue.sh give the others
# filter.sh: functions to run gatepost-milter in a place of place.sh, beside the server there; sourced after place.sh and
# dialogue.sh.
#
#   filter_setup MILTER LIBRARY              copies gatepost-milter and gatepost.so into the place
#   filter_start NAME CONF [OPTION...]       runs it by the rules /etc/gatepost/NAME/CONF, with /var/lib/gatepost/NAME as its state
#   filter_stop                              sends SIGTERM, and waits
#   filter_play FILE AS [OPTION...]          plays a dialogue through the server with the filter, under the rules that FILE names;
#                                            OPTIONs are those of gatepost replay
#
# It runs as an ordinary user of its own, with a socket in a folder that only this user and root can write to.

filter_pid=""
filter_program=/usr/local/lib/gatepost/gatepost-milter

filter_setup() {
    mkdir -p "$place_folder/lib"
    cp "$1" "$place_folder/lib/gatepost-milter"
    cp "$2" "$place_folder/lib/gatepost.so"
    place_mount "$place_folder/lib" /usr/local/lib/gatepost
    place_run chown gatepost:gatepost /run/gatepost
    chmod 755 "$place_folder/state"
}

filter_start() {
    filter_name=$1
    filter_conf=$2
    shift 2
    mkdir -p "$place_folder/state/$filter_name"
    place_run chown gatepost:gatepost "/var/lib/gatepost/$filter_name"
    rm -f "$place_folder/run/milter.pid"
    (place_become "$filter_program" --library /usr/local/lib/gatepost/gatepost.so --log syslog \
        --user gatepost --socket local:/run/gatepost/milter.sock --socket-mode 666 --config "/etc/gatepost/$filter_name/$filter_conf" \
        --state-dir "/var/lib/gatepost/$filter_name" --pid-file /run/gatepost/milter.pid "$@") >"$place_folder/filter.out" 2>&1 &
    filter_pid=$!
    filter_await || {
        echo "filter.sh: gatepost-milter does not answer: $(cat "$place_folder/filter.out") $(tail -n 3 "$place_folder/syslog")" >&2
        return 1
    }
}

# filter_await: waits until the filter listens, after which it writes its process id, or has ended. The socket alone does not
# show this: it may be an old one.
filter_await() {
    tries=0
    until [ -s "$place_folder/run/milter.pid" ]; do
        tries=$((tries + 1))
        if [ "$tries" -ge 100 ] || ! kill -0 "$filter_pid" 2>/dev/null; then
            return 1
        fi
        sleep 0.05
    done
}

filter_stop() {
    [ -z "$filter_pid" ] || {
        kill "$filter_pid" 2>/dev/null || true
        wait "$filter_pid" 2>/dev/null || true
    }
    filter_pid=""
}

filter_play() {
    dialogue=$1
    as=$2
    shift 2
    filter_as=dialogue-$(basename "$dialogue" .smtp)
    dialogue_lay "$dialogue" "$place_folder/rules/$filter_as" /run/gatepost/clock || return 1
    place_names "$dialogue"
    date +%s >"$place_folder/run/clock"
    chmod 644 "$place_folder/run/clock"
    filter_stop
    filter_start "$filter_as" "$conf" || return 1
    "$BUILD/gatepost" replay --server mail.example.com:25 --as "$as" --test-clock "$place_folder/run/clock" "$@" "$dialogue"
}
