# shellcheck shell=sh
# debian.sh: apt with lists of its own, for what the machine's own lists do not have: packages of another architecture or of another
# release of Debian, and sources. Neither the machine's lists nor its architectures change. To be sourced.
#
#   debian_release   set by the caller: the release's name, where it is not this machine's
#   debian_apt ARCHITECTURE ARGUMENT...   apt-get (or the program in $debian_program) as a machine of that architecture would run
#                                         it; ARCHITECTURE is `source` for this machine's own with sources
#   debian_update ARCHITECTURE            fetches the lists; needs the network
#
# They stand in ${GATEPOST_CACHE:-~/.cache/gatepost}/apt-ARCHITECTURE or apt-RELEASE-ARCHITECTURE. The mirror is the one that the machine
# uses.

debian_release=""
debian_keys=/usr/share/keyrings/debian-archive-keyring.gpg

# debian_lines TYPE: lines of a sources.list.
debian_lines() {
    # shellcheck disable=SC2016 # apt's own names
    lines=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' 'Origin: Debian' 2>/dev/null | sort -u)
    if [ -z "$lines" ]; then
        lines="http://deb.debian.org/debian $(. /etc/os-release && echo "$VERSION_CODENAME") main"
    fi
    if [ -n "$debian_release" ]; then
        lines="$(echo "$lines" | sed -e '/-security/d' -e 's/ .*//' | head -n 1) $debian_release main"
    fi
    echo "$lines" | sed "s|^|$1 [signed-by=$debian_keys] |"
}

# debian_folder ARCHITECTURE: where its lists stand; made at first need.
debian_folder() {
    debian_state=${GATEPOST_CACHE:-${HOME:-/root}/.cache/gatepost}/apt-${debian_release:+$debian_release-}$1
    mkdir -p "$debian_state/lists/partial" "$debian_state/parts"
    if [ ! -s "$debian_state/sources.list" ]; then
        case $1 in
        source) debian_lines deb-src ;;
        *) debian_lines deb ;;
        esac >"$debian_state/sources.new"
        mv "$debian_state/sources.new" "$debian_state/sources.list"
    fi
}

debian_apt() {
    debian_folder "$1"
    if [ "$1" = source ]; then debian_arch=$(dpkg --print-architecture); else debian_arch=$1; fi
    shift
    "${debian_program:-apt-get}" -q -o APT::Architecture="$debian_arch" -o APT::Architectures::="$debian_arch" -o APT::Architectures="$debian_arch" \
        -o Dir::State::lists="$debian_state/lists" -o Dir::Etc::sourcelist="$debian_state/sources.list" \
        -o Dir::Etc::sourceparts="$debian_state/parts" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User= \
        -o Acquire::Languages=none -o Debug::NoLocking=1 "$@"
}

# One list of several may be missing, on a mirror that is being brought up to date: what is there is used.
debian_update() {
    debian_apt "$1" -o Acquire::Retries=2 update || true
}
