# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # check-hosts.sh reads and gives what is not set here
# installation.sh: the cases of check-hosts.sh about `make install`, `make uninstall` and `make dist`; sourced there.

# installs FOLDER [VARIABLE=VALUE...]: what it puts below FOLDER is listed in $work/installed, without FOLDER.
installs() {
    dest=$1
    shift
    rm -rf "$dest"
    make -s BUILD="$BUILD" DESTDIR="$dest" "$@" install >"$work/install.out" 2>&1 || missed "$(cat "$work/install.out")" || return 1
    (cd "$dest" && find . -type f -printf '/%P\n' | sort) >"$work/installed"
}

# has FILE...: among what was installed.
has() {
    for file in "$@"; do
        grep -Fxq -- "$file" "$work/installed" || missed "no $file" || return 1
    done
}

puts_all_in_its_place() {
    to=/usr/local
    installs "$work/dest" &&
        has $to/bin/gatepost $to/sbin/gatepost-milter $to/include/gatepost.h $to/lib/gatepost/gatepost.so $to/lib/gatepost/gatepost-exim.so \
            $to/lib/gatepost/checks/regex.so $to/lib/gatepost/checks/dnsbl.so $to/lib/pkgconfig/gatepost.pc \
            $to/lib/systemd/system/gatepost-milter.service $to/share/man/man1/gatepost.1 $to/share/man/man3/gatepost_api.3 \
            $to/share/man/man5/gatepost.conf.5 $to/share/man/man8/gatepost-milter.8 $to/share/doc/gatepost/README.md \
            $to/share/doc/gatepost/exim/README.md $to/share/doc/gatepost/exim/conf/gatepost.include \
            $to/share/doc/gatepost/milter/conf/main.cf $to/share/doc/gatepost/tests/examples/host.c || return 1
    ! grep -F .new "$work/installed" || missed "there is $(grep -F .new "$work/installed")" || return 1
    same core/gatepost.h "$work/dest/usr/local/include/gatepost.h" && same "$library" "$work/dest/usr/local/lib/gatepost/gatepost.so" &&
        same man/gatepost.1 "$work/dest/usr/local/share/man/man1/gatepost.1" || return 1
    modes=$(cd "$work/dest/usr/local" && stat -c %a bin/gatepost lib/gatepost/gatepost.so lib/pkgconfig/gatepost.pc | tr '\n' ' ')
    [ "$modes" = "755 644 644 " ] || missed "modes $modes"
}

# A server has the old file mapped, which must stay unchanged: the new file replaces it by renaming.
replaces_whole_files() {
    mapped=$work/dest/usr/local/lib/gatepost/gatepost.so
    [ -e "$mapped" ] && ln -f "$mapped" "$work/mapped.so" && echo more >>"$work/mapped.so" || missed "no library" || return 1
    make -s BUILD="$BUILD" DESTDIR="$work/dest" install >"$work/install.out" 2>&1 || missed "$(cat "$work/install.out")" || return 1
    [ "$(tail -c 5 "$work/mapped.so")" = more ] || missed "the library was written into" || return 1
    same "$library" "$mapped"
}

# If a folder cannot be written to, the old files stay, and no file is left half written.
failure_leaves_the_old() {
    mkdir -p "$work/full/usr/local/lib/gatepost"
    mount -t tmpfs -o size=16k tmpfs "$work/full/usr/local/lib/gatepost"
    echo old >"$work/full/usr/local/lib/gatepost/gatepost.so"
    failed_well=no
    make -s BUILD="$BUILD" DESTDIR="$work/full" install >"$work/install.out" 2>&1 || failed_well=yes
    left=$(cd "$work/full/usr/local/lib/gatepost" && echo * && cat gatepost.so)
    umount "$work/full/usr/local/lib/gatepost"
    [ "$failed_well" = yes ] || missed "it did not fail" || return 1
    [ "$left" = "$(printf 'gatepost.so\nold')" ] || missed "there is $left"
}

# Everything goes to the given folders, and no text names another place.
goes_where_it_is_told() {
    set -- prefix=/opt/gatepost libdir=/opt/gatepost/lib64 eximdir=/opt/exim pkgconfigdir=/opt/share/pkgconfig docdir=/opt/doc unitdir=/opt/units
    installs "$work/told" "$@" &&
        has /opt/gatepost/bin/gatepost /opt/gatepost/lib64/gatepost/gatepost.so /opt/gatepost/lib64/gatepost/checks/regex.so \
            /opt/exim/gatepost-exim.so /opt/share/pkgconfig/gatepost.pc /opt/doc/exim/conf/gatepost.include /opt/units/gatepost-milter.service ||
        return 1
    ! grep -q '^/usr' "$work/installed" || missed "there is $(grep -m 1 '^/usr' "$work/installed")" || return 1
    ! grep -rIl -e /usr/local -e '@[a-z]*dir@' "$work/told" >"$work/names" || missed "another place is named in $(tr '\n' ' ' <"$work/names")" || return 1
    while read -r file text; do
        grep -Fq -- "$text" "$work/told$file" || missed "$file does not say $text" || return 1
    done <<'END'
/opt/doc/exim/conf/gatepost.include GATEPOST_SO = /opt/exim/gatepost-exim.so
/opt/doc/exim/conf/conf.d/main/00_gatepost_local_scan GATEPOST_SO = /opt/exim/gatepost-exim.so
/opt/doc/exim/README.md install -m 644 /opt/doc/exim/conf/gatepost.include /etc/exim4/
/opt/doc/README.md install -m 644 /opt/doc/milter/conf/sendmail.mc /etc/mail/gatepost.mc
/opt/doc/README.md dlopen("/opt/gatepost/lib64/gatepost/gatepost.so"
/opt/gatepost/share/man/man5/gatepost.conf.5 /opt/gatepost/lib64/gatepost
/opt/gatepost/share/man/man3/gatepost_api.3 /opt/gatepost/lib64/gatepost/gatepost.so
/opt/units/gatepost-milter.service ExecStart=/opt/gatepost/sbin/gatepost-milter
/opt/share/pkgconfig/gatepost.pc libdir=${prefix}/lib64
END
    "$work/told/opt/gatepost/sbin/gatepost-milter" --help | grep -Fq '(/opt/gatepost/lib64/gatepost/gatepost.so)' || missed "gatepost-milter looks elsewhere" || return 1
    # The administrator's own files stay, and a folder that is not ours, even an empty one.
    : >"$work/told/opt/gatepost/lib64/gatepost/checks/own.so"
    mkdir "$work/told/opt/exim/empty"
    make -s BUILD="$BUILD" DESTDIR="$work/told" "$@" uninstall >"$work/install.out" 2>&1 || missed "$(cat "$work/install.out")" || return 1
    left=$(cd "$work/told/opt" && find . -type f -o -name doc -o -name empty | sort | tr '\n' ' ')
    [ "$left" = "./exim/empty ./gatepost/lib64/gatepost/checks/own.so " ] || missed "there is still $left" || return 1
    make -s BUILD="$BUILD" all >"$work/install.out" 2>&1 || missed "$(cat "$work/install.out")"
}

# config FOLDER WORD...: the output of pkg-config for what was installed below FOLDER.
config() {
    below=$1
    shift
    PKG_CONFIG_LIBDIR=$below/lib/pkgconfig pkg-config "$@" gatepost
}

pkg_config_knows() {
    make -s DESTDIR="$work/elsewhere" prefix=/opt/gatepost install-dev >"$work/install.out" 2>&1 || missed "$(cat "$work/install.out")" || return 1
    config "$work/elsewhere/opt/gatepost" --validate >"$work/config.out" 2>&1 || missed "$(cat "$work/config.out")" || return 1
    for word in --variable=library --cflags --modversion; do
        config "$work/elsewhere/opt/gatepost" "$word" | sed 's/ *$//'
    done >"$work/said"
    printf '%s\n' /opt/gatepost/lib/gatepost/gatepost.so "-I/opt/gatepost/include" "$("$full/gatepost" --version | sed 's/.* //')" >"$work/wanted"
    same "$work/wanted" "$work/said"
}

# As a host's own Makefile would do it: it sees nothing of this tree but the example's source.
installed_host_works() {
    cp tests/examples/host.c "$work/myhost.c"
    export PKG_CONFIG_SYSROOT_DIR="$work/dest"
    # shellcheck disable=SC2046 # words
    (cd "$work" && ${CC:-cc} $(config "$work/dest/usr/local" --cflags) -o myhost myhost.c $(config "$work/dest/usr/local" --libs)) \
        >"$work/myhost.out" 2>&1 || missed "$(cat "$work/myhost.out")" || return 1
    installed=$(config "$work/dest/usr/local" --variable=library)
    unset PKG_CONFIG_SYSROOT_DIR
    converse "$installed" "$work/myhost"
}

check_installation() {
    check "make install puts all in its place" puts_all_in_its_place
    check "make install replaces whole files" replaces_whole_files
    check "make install that fails leaves what was there" failure_leaves_the_old
    check "make install goes where it is told, and make uninstall takes it away" goes_where_it_is_told
    check "pkg-config says where" pkg_config_knows
}

# ---- make dist, in checkouts of the test's own ----

# checkout NAME: a repository with one commit, in $work/NAME.
checkout() {
    repository=$work/$1
    rm -rf "$repository"
    mkdir -p "$repository/tests/run" "$repository/.ci"
    cp Makefile CHANGES.md .gitattributes "$repository"
    cp tests/run/dist.sh "$repository/tests/run"
    echo x >"$repository/.ci/run"
    version=$(sed -n 's/^VERSION := //p' Makefile)
    sed -i "s/^## .*unreleased.*/## $version/" "$repository/CHANGES.md"
    (cd "$repository" && umask 027 && git init -q && git add -A && as_somebody git commit -q -m one) || missed "git does not work here"
}

as_somebody() {
    env GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=n GIT_AUTHOR_EMAIL=e@example.com GIT_COMMITTER_NAME=n GIT_COMMITTER_EMAIL=e@example.com "$@"
}

# dist FOLDER: its path is in $archive; its error messages in $work/dist.err.
dist() {
    archive=$(cd "$1" && make -s DEPS=no BUILD="$1/build" dist 2>"$work/dist.err") || missed "$(cat "$work/dist.err")"
}

dist_refuses() {
    if dist "$1"; then
        missed "it made $archive"
        return 1
    fi
    why=""
    grep -Fq -- "$2" "$work/dist.err" || missed "it said $(cat "$work/dist.err")"
}

dist_is_the_same_twice() {
    checkout release && (cd "$repository" && as_somebody git tag "v$version") && dist "$repository" || return 1
    [ "${archive##*/}" = "gatepost-$version.tar.gz" ] || missed "it is called $archive" || return 1
    mv "$archive" "$work/first.tar.gz"
    (cd "$repository" && git config tar.umask 0077 && git config core.autocrlf true && touch Makefile)
    dist "$repository" && same "$work/first.tar.gz" "$archive" || return 1
    gzip -dc "$archive" | tar -t >"$work/listing"
    printf '%s\n' "gatepost-$version/" "gatepost-$version/CHANGES.md" "gatepost-$version/Makefile" "gatepost-$version/tests/" \
        "gatepost-$version/tests/run/" "gatepost-$version/tests/run/dist.sh" >"$work/wanted"
    same "$work/wanted" "$work/listing"
}

dist_of_no_release_says_which_commit() {
    checkout between && dist "$repository" && commit=$(cd "$repository" && git rev-parse --short=12 HEAD) || return 1
    [ "${archive##*/}" = "gatepost-$version+$commit.tar.gz" ] || missed "it is called $archive" || return 1
    grep -Fq "no tag v$version" "$work/dist.err" || missed "it said $(cat "$work/dist.err")"
}

dist_wants_tag_and_version_to_agree() {
    checkout tagged && (cd "$repository" && as_somebody git tag v99.1) && dist_refuses "$repository" "tagged v99.1" || return 1
    checkout unwritten && sed -i "s/^## $version/## something/" "$repository/CHANGES.md" &&
        (cd "$repository" && git add -A && as_somebody git commit -q -m two && as_somebody git tag "v$version") &&
        dist_refuses "$repository" "no heading"
}

# An unpacked archive, as it is and inside another repository.
dist_wants_a_checkout() {
    checkout outer && mkdir -p "$repository/inner/tests/run" && cp Makefile "$repository/inner" && cp tests/run/dist.sh "$repository/inner/tests/run" &&
        dist_refuses "$repository/inner" "part of the checkout" || return 1
    rm -rf "$repository/.git"
    GIT_CEILING_DIRECTORIES=$work
    export GIT_CEILING_DIRECTORIES
    dist_refuses "$repository" "no checkout of git"
}

check_dist() {
    if ! command -v git >/dev/null; then
        skip "make dist" "needs git"
        return
    fi
    check "make dist makes the same of the same" dist_is_the_same_twice
    check "make dist says which commit it is of, if that is no release" dist_of_no_release_says_which_commit
    check "make dist wants tag, version and CHANGES.md to agree" dist_wants_tag_and_version_to_agree
    check "make dist wants a checkout" dist_wants_a_checkout
}
