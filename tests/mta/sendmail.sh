# shellcheck shell=sh
# shellcheck disable=SC2154 # place.sh gives them
# sendmail.sh: functions to run one unpacked Sendmail in a place of place.sh; sourced after it.
#
#   sendmail_setup FOLDER            lays it out; FOLDER/etc is /etc/mail
#   sendmail_start, sendmail_stop    on ports 25, 465 and 587, with the filter at /run/gatepost/milter.sock; what happens where no
#                                    filter answers: F=T, and on ports 2601 to 2603 nothing, F=T, F=R
#
# Its configuration is sendmail.mc.

sendmail_pid=""

sendmail_setup() {
    place_setup "$1" sendmail
    mkdir -p "$place_folder/etc" "$place_folder/sasl"
    cp "$mta/sendmail.mc" "$place_folder/etc/sendmail.mc"
    place_mount "$place_folder/etc" /etc/mail
    place_mount "$place_folder/sasl" /etc/sasl2
    printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN\nsasldb_path: /etc/sasl2/sasldb2\n' \
        >"$place_folder/sasl/Sendmail.conf"
    place_test_account /etc/sasl2/sasldb2
    printf 'hosts files dns\npasswd files\naliases files\n' >"$place_folder/etc/service.switch"
    place_run m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /etc/mail/sendmail.mc >"$place_folder/etc/sendmail.cf" 2>"$place_folder/m4.log"
    mkdir -p "$place_folder/root/var/spool/mqueue" "$place_folder/root/var/lib/sendmail/host_status"
    chmod 755 "$place_folder/etc" "$place_folder/sasl"
    chmod 700 "$place_folder/root/var/spool/mqueue"
}

sendmail_start() {
    (place_become /usr/libexec/sendmail/sendmail -bD -C /etc/mail/sendmail.cf) >"$place_folder/daemon.out" 2>&1 &
    sendmail_pid=$!
    place_await "$sendmail_pid" || {
        echo "sendmail.sh: Sendmail does not answer: $(cat "$place_folder/daemon.out") $(tail -n 5 "$place_folder/syslog")" >&2
        return 1
    }
}

sendmail_stop() {
    [ -z "$sendmail_pid" ] || {
        kill "$sendmail_pid" 2>/dev/null || true
        wait "$sendmail_pid" 2>/dev/null || true
    }
    sendmail_pid=""
}
