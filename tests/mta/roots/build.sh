# shellcheck shell=sh
# shellcheck disable=SC2034 # root.sh reads them
# Compiler and libraries, for what is loaded by servers of another release of Debian (release.sh).

packages="gcc libc6-dev libcdb-dev zlib1g-dev libmilter-dev libpcre2-dev libc-ares-dev make"
packages="$packages dash coreutils sed grep mawk findutils diffutils util-linux libc-bin"
extras=""

finish() {
    ln -s gcc "$1/usr/bin/cc"
}
