# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # check-exim.sh and what it sources give them
# debian.sh: Debian's own configuration, made from its packages and the drop-ins of exim/conf; sourced by check-exim.sh.

# debian_config heavy|light: /run/debian.conf
debian_config() {
    cp -r "$exim_root/etc/exim4/." "$exim_folder/run/debian"
    cp exim/conf/gatepost.include "$exim_folder/etc/gatepost.include"
    if [ "$1" = heavy ]; then
        cp exim/conf/conf.d/main/00_gatepost "$exim_folder/run/debian/conf.d/main/"
        cp exim/conf/conf.d/acl/00_gatepost "$exim_folder/run/debian/conf.d/acl/"
    else
        cp exim/conf/conf.d/main/00_gatepost_local_scan "$exim_folder/run/debian/conf.d/main/"
    fi
    cat >"$exim_folder/run/debian/update-exim4.conf.conf" <<'END'
dc_eximconfig_configtype='internet'
dc_other_hostnames='example.com'
dc_local_interfaces=''
dc_use_split_config='true'
dc_localdelivery='mail_spool'
END
    echo "MAIN_HARDCODE_PRIMARY_HOSTNAME = mail.example.com" >"$exim_folder/run/debian/conf.d/main/000_localmacros"
    chroot "$exim_folder/root" /usr/sbin/update-exim4.conf -d /run/debian -o /run/debian.conf >"$work/debian.out" 2>&1 ||
        missed "update-exim4.conf: $(cat "$work/debian.out")"
}

# debian_session LINE...: by -bh, as from outside.
debian_session() {
    bh_config=/run/debian.conf
    bh_session 198.51.100.13 "$@"
    bh_config=""
}

default_rules() {
    use default && cp -r "$rules/." "$exim_folder/rules/"
}

debian_heavy_judges() {
    debian_config heavy && default_rules &&
        debian_session "EHLO mail.example.com" "MAIL FROM:<a@example.net>" QUIT && heard_times 2 "554 $not_acceptable" &&
        debian_session "EHLO a.example.net" "MAIL FROM:<>" "RCPT TO:<trap@example.com>" && heard "554 $go_away" &&
        debian_session "EHLO a.example.net" "MAIL FROM:<>" "RCPT TO:<user@elsewhere.example>" &&
        heard "550 relay not permitted" &&
        debian_session "EHLO a.example.net" "MAIL FROM:<>" "RCPT TO:<postmaster@example.com>" DATA "Subject: x" "" . QUIT &&
        heard "553 $unidentified"
}

debian_light_judges() {
    debian_config light && default_rules &&
        debian_session "EHLO a.example.net" "MAIL FROM:<>" "RCPT TO:<postmaster@example.com>" DATA "Subject: x" "" . QUIT &&
        heard "550 $unidentified"
}
