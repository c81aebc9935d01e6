# shellcheck shell=sh
# shellcheck disable=SC2034 # root.sh reads them
# The heavy and the light Exim in one root, with what Debian's own scripts and the module's build need.

packages="exim4-daemon-heavy exim4-base exim4-config exim4-dev dash coreutils sed grep mawk debianutils util-linux base-passwd libc-bin"
extras="exim4-daemon-light"

# The light daemon beside the heavy one, and the user that both were built for.
finish() {
    mv "$2/usr/sbin/exim4" "$1/usr/sbin/exim4-light"
    cp "$1/usr/sbin/exim4" "$1/usr/sbin/exim4-heavy"
    cp "$1/usr/share/base-passwd/passwd.master" "$1/etc/passwd"
    cp "$1/usr/share/base-passwd/group.master" "$1/etc/group"
    echo 'Debian-exim:x:102:105::/var/spool/exim4:/usr/sbin/nologin' >>"$1/etc/passwd"
    echo 'Debian-exim:x:105:' >>"$1/etc/group"
    printf 'mail.example.com\n' >"$1/etc/mailname"
    mkdir -p "$1/var/spool/exim4" "$1/var/log/exim4" "$1/etc/gatepost" "$1/var/lib/gatepost" "$1/usr/local/lib/gatepost"
}
