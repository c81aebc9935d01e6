# shellcheck shell=sh
# shellcheck disable=SC2154 # place.sh gives them
# postfix.sh: functions to run one unpacked Postfix in a place of place.sh; sourced after it.
#
#   postfix_setup FOLDER            lays it out; FOLDER/etc is /etc/postfix
#   postfix_start, postfix_stop     on ports 25, 465 and 587, with the filter at /run/gatepost/milter.sock; what happens where no
#                                   filter answers: tempfail, and on ports 2601 to 2603 accept, tempfail, reject; port 2604 is
#                                   served from the chroot /var/spool/postfix
#   postfix_to_sink PORT            before a start: delivers to the SMTP server on that port of 127.0.0.1
#
#   postfix_version                 prints it
#   postfix_debian FILE             before a start: Debian's own configuration instead, with the lines of FILE in main.cf
#
# Its configuration is postfix.cf and postfix.master.

postfix_pid=""

postfix_setup() {
    place_setup "$1" postfix
    mkdir -p "$place_folder/etc/sasl"
    cp "$mta/postfix.cf" "$place_folder/etc/main.cf"
    cp "$mta/postfix.master" "$place_folder/etc/master.cf"
    echo '/^unknown/ 550 5.1.1 no such person here' >"$place_folder/etc/recipients"
    printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN\nsasldb_path: /etc/postfix/sasldb2\n' \
        >"$place_folder/etc/sasl/smtpd.conf"
    place_mount "$place_folder/etc" /etc/postfix
    place_test_account /etc/postfix/sasldb2
    chmod -R a+rX "$place_folder/etc"
    # Makes the queue folders, as Debian's post-install would.
    # shellcheck disable=SC2016 # the shell in the root expands it
    place_run /bin/sh -c 'cd /var/spool && mkdir postfix /var/lib/postfix && cd postfix &&
        mkdir pid active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public &&
        chown postfix active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public /var/lib/postfix &&
        chmod 700 active bounce corrupt defer deferred flush hold incoming private saved trace /var/lib/postfix &&
        chgrp postdrop maildrop public && chmod 730 maildrop && chmod 710 public && mkdir gatepost'
    place_mount "$place_folder/run" /var/spool/postfix/gatepost
}

postfix_to_sink() {
    cat >>"$place_folder/etc/main.cf" <<END
relay_transport = smtp:[127.0.0.1]:$1
default_transport = smtp:[127.0.0.1]:$1
# Do not fold long lines.
smtp_line_length_limit = 0
END
    echo 'smtp unix - - n - - smtp' >>"$place_folder/etc/master.cf"
}

# postfix_flush: what could not be delivered is tried again.
postfix_flush() {
    place_run postqueue -c /etc/postfix -f
}

postfix_start() {
    # In a process group of its own, which it ends as a whole: a process that it left behind would go on to answer.
    (exec setsid chroot "$place_folder/root" /usr/lib/postfix/sbin/master -d -c /etc/postfix) >"$place_folder/daemon.out" 2>&1 &
    postfix_pid=$!
    place_await "$postfix_pid" || {
        echo "postfix.sh: Postfix does not answer: $(cat "$place_folder/daemon.out") $(tail -n 5 "$place_folder/syslog")" >&2
        return 1
    }
}

postfix_version() {
    echo "Postfix $(place_run /usr/sbin/postconf -dh mail_version)"
}

postfix_stop() {
    [ -z "$postfix_pid" ] || {
        kill "$postfix_pid" 2>/dev/null || true
        wait "$postfix_pid" 2>/dev/null || true
        tries=0
        while "$mta/smtp.py" 127.0.0.1 127.0.0.1 25 QUIT >/dev/null 2>&1 && [ "$tries" -lt 100 ]; do
            tries=$((tries + 1))
            sleep 0.05
        done
    }
    postfix_pid=""
}

# First what Debian's installation asks for, and what Postfix would find out for itself on a machine with a name of its own.
postfix_debian() {
    cp "$place_root/usr/share/postfix/master.cf.dist" "$place_folder/etc/master.cf"
    {
        cat "$place_root/usr/share/postfix/main.cf.debian"
        printf '%s\n' 'myhostname = mail.example.com' 'mydestination = example.com' 'inet_interfaces = all' 'local_recipient_maps =' \
            'alias_maps ='
        cat "$1"
    } >"$place_folder/etc/main.cf"
}
