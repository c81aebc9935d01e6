# shellcheck shell=sh
# shellcheck disable=SC2034 # root.sh reads them
# Postfix, with what AUTH against a password file needs, the clients that the bench loads it with, and the library that a filter
# wants: gatepost-milter runs in the same root.

packages="postfix libsasl2-modules libsasl2-modules-db sasl2-bin dash coreutils base-passwd libc-bin"
packages="$packages libmilter1.0.1"
extras=""

# Its users and gatepost's, and the folders that its own script would make.
finish() {
    cp "$1/usr/share/base-passwd/passwd.master" "$1/etc/passwd"
    cp "$1/usr/share/base-passwd/group.master" "$1/etc/group"
    printf '%s:/usr/sbin/nologin\n' 'postfix:x:101:102::/var/spool/postfix' 'gatepost:x:104:104::/var/lib/gatepost' >>"$1/etc/passwd"
    printf 'postfix:x:102:\npostdrop:x:103:\ngatepost:x:104:\n' >>"$1/etc/group"
    mkdir -p "$1/etc/postfix" "$1/etc/gatepost" "$1/usr/local/lib/gatepost"
}
