# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what is set here and not used is for the caller
# beside.sh: gatepost beside any of the servers, for scripts that netns.sh started; sourced, not run, from the top of the source tree.
#
#   beside_roots SERVER           before netns.sh: fetches what is needed
#   beside_setup SERVER FOLDER    exim (ACLs), exim-scan (local_scan), postfix or sendmail, laid out below FOLDER; sets
#                                 rules_of and state_of, the folders of rules and state; run_folder, and run_path, the same folder as
#                                 the server sees it; log; accepted, what a reply to an accepted message looks like
#   beside_start, beside_stop
#   beside_use NAME [OPTION...]   the next connections are judged by $rules_of/NAME/gatepost.conf; OPTIONs are the adapter's
#
# GATEPOST_RELEASE names the release of Debian that the server comes from. Needs $BUILD/gatepost, gatepost.so, gatepost-milter, gatepost-exim.so.

adapters=$BUILD${GATEPOST_RELEASE:+/$GATEPOST_RELEASE}

beside_roots() {
    tests/mta/root.sh "${1%-scan}" >/dev/null
    [ -z "${GATEPOST_RELEASE-}" ] || tests/mta/root.sh build >/dev/null
}

beside_setup() {
    beside=$1
    [ -z "${GATEPOST_RELEASE-}" ] || tests/mta/release.sh make -s DEPS=no CC=cc BUILD="$adapters" "$adapters/gatepost-milter" "$adapters/gatepost.so" \
        "$adapters/gatepost-exim.so"
    case $beside in
    exim | exim-scan)
        . tests/mta/exim.sh
        kind=heavy
        [ "$beside" = exim ] || kind=light
        exim_setup "$2" "$kind" "$adapters/gatepost-exim.so"
        log=$2/log/mainlog
        accepted='^250 OK id='
        run_path=/run
        ;;
    *)
        . tests/mta/place.sh
        . tests/mta/dialogue.sh
        . tests/mta/filter.sh
        # shellcheck source=/dev/null # the one or the other
        . "tests/mta/$beside.sh"
        "${beside}_setup" "$2"
        filter_setup "$adapters/gatepost-milter" "$adapters/gatepost.so"
        log=$2/syslog
        accepted='^250 2\.0\.0 .*\(queued as\|accepted\)'
        run_path=/run/gatepost
        place_start
        ;;
    esac
    rules_of=$2/rules
    state_of=$2/state
    run_folder=$2/run
}

beside_start() {
    case $beside in
    exim*) exim_start ;;
    *) "${beside}_start" ;;
    esac
}

beside_stop() {
    case ${beside-} in
    '') ;;
    exim*) exim_stop ;;
    *)
        filter_stop
        "${beside}_stop"
        place_stop
        ;;
    esac
}

beside_use() {
    used=$1
    shift
    case $beside in
    exim*)
        mkdir -p "$state_of/$used"
        [ -n "$exim_alone" ] || chown "$exim_uid:$exim_gid" "$state_of/$used"
        exim_options "config=/etc/gatepost/$used/gatepost.conf state-dir=/var/lib/gatepost/$used $*"
        ;;
    *)
        filter_stop
        filter_start "$used" gatepost.conf "$@"
        ;;
    esac
}
