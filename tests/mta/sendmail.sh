# shellcheck shell=sh
# shellcheck disable=SC2154 # place.sh gives them
# sendmail.sh: functions to run one unpacked Sendmail in a place of place.sh; sourced after it.
#
#   sendmail_setup FOLDER            lays it out; FOLDER/etc is /etc/mail
#   sendmail_start, sendmail_stop    on ports 25, 465 and 587, with the filter at /run/gatepost/milter.sock; if no filter
#                                    answers: F=T, and on ports 2601 to 2603 nothing, F=T, F=R
#   sendmail_to_sink PORT            before a start: delivers to the SMTP server on that port of 127.0.0.1
#
#   sendmail_version                 prints it
#   sendmail_debian FILE             before a start: Debian's own configuration instead, with FILE included as README.md says
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
    printf 'alias: sugar\nfar: sugar@example.net\n' >"$place_folder/etc/aliases"
    sendmail_make
    printf '%s\n' 'honey@virtual.example.com sugar' 'far@virtual.example.com sugar@example.net' \
        '@virtual.example.com %1@example.com' | place_run /usr/libexec/sendmail/makemap hash /etc/mail/virtusertable
    mkdir -p "$place_folder/root/var/spool/mqueue" "$place_folder/root/var/lib/sendmail/host_status"
    sendmail_aliases
    chmod 755 "$place_folder/etc" "$place_folder/sasl"
    chmod 700 "$place_folder/root/var/spool/mqueue"
}

# sendmail_make: sendmail.cf from sendmail.mc.
sendmail_make() {
    place_run m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /etc/mail/sendmail.mc >"$place_folder/etc/sendmail.cf" 2>"$place_folder/m4.log"
}

sendmail_to_sink() {
    sed -i -e "s,P=\[FILE\],P=[IPC]," -e "s,A=FILE /dev/null,A=TCP [127.0.0.1] $1," "$place_folder/etc/sendmail.cf"
}

sendmail_aliases() {
    place_run /usr/libexec/sendmail/sendmail -bi -C /etc/mail/sendmail.cf >"$place_folder/aliases.out" 2>&1
}

# sendmail_flush: what could not be delivered is tried again.
sendmail_flush() {
    place_run /usr/libexec/sendmail/sendmail -q -C /etc/mail/sendmail.cf
}

sendmail_start() {
    (place_become /usr/libexec/sendmail/sendmail -bD -C /etc/mail/sendmail.cf) >"$place_folder/daemon.out" 2>&1 &
    sendmail_pid=$!
    place_await "$sendmail_pid" || {
        echo "sendmail.sh: Sendmail does not answer: $(cat "$place_folder/daemon.out") $(tail -n 5 "$place_folder/syslog")" >&2
        return 1
    }
}

sendmail_version() {
    place_run /usr/libexec/sendmail/sendmail -d0.1 -bt </dev/null 2>/dev/null | sed -n 's/^Version /Sendmail /p'
}

sendmail_stop() {
    [ -z "$sendmail_pid" ] || {
        kill "$sendmail_pid" 2>/dev/null || true
        wait "$sendmail_pid" 2>/dev/null || true
    }
    sendmail_pid=""
}

# Debian's configuration listens on 127.0.0.1 by default and uses the machine's name. sendmailconfig would make the rest.
sendmail_debian() {
    cp "$1" "$place_folder/etc/gatepost.mc"
    sed -e 's/, Addr=127.0.0.1//' -e "s,^MAILER_DEFINITIONS,include(\`/etc/mail/gatepost.mc')dnl\n&," \
        "$place_root/usr/share/sendmail/cf/debian/sendmail.mc" >"$place_folder/etc/sendmail.mc"
    mkdir -p "$place_folder/etc/m4"
    : >"$place_folder/etc/m4/dialup.m4"
    echo "define(\`confDOMAIN_NAME', \`mail.example.com')dnl" >"$place_folder/etc/m4/provider.m4"
    echo example.com >"$place_folder/etc/local-host-names"
    echo 'postmaster: root' >"$place_folder/etc/aliases"
    : | place_run /usr/libexec/sendmail/makemap hash /etc/mail/access
    sendmail_make
    sendmail_aliases
}
