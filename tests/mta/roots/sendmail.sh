# shellcheck shell=sh
# shellcheck disable=SC2034 # root.sh reads them
# Sendmail, with the m4 that its configuration is made by, what AUTH against a password file needs, and the library that a filter
# wants: gatepost-milter runs in the same root.

packages="sendmail-bin sendmail-cf m4 libsasl2-modules libsasl2-modules-db sasl2-bin dash coreutils sed base-passwd libc-bin"
packages="$packages libmilter1.0.1"
extras=""

# Its users and gatepost's, and the folders that its own script would make. The binary loses its setgid bit: it is started as root.
finish() {
    cp "$1/usr/share/base-passwd/passwd.master" "$1/etc/passwd"
    cp "$1/usr/share/base-passwd/group.master" "$1/etc/group"
    printf '%s:/usr/sbin/nologin\n' 'smmta:x:101:102::/var/lib/sendmail' 'smmsp:x:102:103::/var/lib/sendmail' \
        'gatepost:x:104:104::/var/lib/gatepost' >>"$1/etc/passwd"
    printf 'smmta:x:102:\nsmmsp:x:103:\ngatepost:x:104:\n' >>"$1/etc/group"
    chmod g-s "$1/usr/libexec/sendmail/sendmail"
    mkdir -p "$1/etc/sasl2" "$1/etc/gatepost" "$1/usr/local/lib/gatepost"
}
