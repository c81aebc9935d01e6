#!/bin/sh
# check-build.sh: what stands between a checkout and its tests: which packages are fetched and when, what make prints and how many jobs it
# runs, where no mail server can be run, roots that were made half, and how cases are counted. apt is a stand-in that writes down what it
# is asked.
#
# Prints one line per case and, last, "check-build: N passed, N failed".
set -eu

cd "$(dirname "$0")/../.."
. tests/run/stage.sh
. tests/run/cases.sh
case $BUILD in /*) work=$BUILD/check-build ;; *) work=$PWD/$BUILD/check-build ;; esac
[ "${1-}" = --inside ] || exec tests/mta/netns.sh "$PWD/tests/stages/check-build.sh" --inside
top=$PWD

# says FILE TEXT, says_not FILE TEXT
says() {
    grep -Fq -- "$2" "$work/$1" || missed "$1 has no '$2', but: $(head -n 5 "$work/$1" | tr '\n' '|')"
}

says_not() {
    ! grep -Fq -- "$2" "$work/$1" || missed "$1 has: $(grep -F -m 1 -- "$2" "$work/$1")"
}

# nothing FILE
nothing() {
    [ ! -s "$work/$1" ] || missed "$1 has: $(head -n 5 "$work/$1" | tr '\n' '|')"
}

# gives STATUS COMMAND...: its outputs are in out and err.
gives() {
    wanted=$1
    shift
    got=0
    "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
    [ "$got" -eq "$wanted" ] || missed "status $got, not $wanted: $(tail -n 3 "$work/err")"
}

# ---- apt ----

# apt_knows PACKAGE...: what the stand-in has; apt_brings COMMAND: what happens when it installs.
apt_knows() {
    printf '%s\n' '' "$@" >"$work/known"
}

apt_brings() {
    printf '%s\n' "$1" >"$work/brings"
}

lay_apt() {
    rm -rf "${work:?}/bin" "$work/apt"
    mkdir -p "$work/bin" "$work/apt"
    cat >"$work/bin/apt-get" <<END
#!/bin/sh
case " \$* " in *" --print-uris "* | *" indextargets "*) exit 0 ;; esac
echo "\$*" >>"$work/asked"
case " \$* " in *" install "*) . "$work/brings" ;; esac
END
    cat >"$work/bin/apt-cache" <<END
#!/bin/sh
for package; do :; done
grep -Fxq "\$package" "$work/known" && echo "Package: \$package"
END
    printf '#!/bin/sh\necho sudo >>"%s"\nexec "$@"\n' "$work/asked" >"$work/bin/sudo"
    chmod 755 "$work/bin"/*
    : >"$work/asked"
    apt_knows
    apt_brings true
    mkdir -p /var/lib/apt/lists
    mount -t tmpfs tmpfs /var/lib/apt/lists
}

# need SET...: on a machine whose compiler is called no-such-compiler, and whose apt is the stand-in.
need() {
    : >"$work/asked"
    env PATH="$work/bin:$PATH" BUILD="$work/apt" CC=no-such-compiler "$top/tests/run/need.sh" "$@"
}

unknown_package_is_asked_for_once() {
    lay_apt
    gives 1 need build && says asked update && says err "apt does not know gcc" && says err "make DEPS=no" || return 1
    for _ in 1 2; do
        gives 1 need build && says err gcc && nothing asked || return 1
    done
    echo new >/var/lib/apt/lists/deb.example_Packages
    gives 1 need build && says asked update
}

other_packages_are_asked_for_at_once() {
    lay_apt
    gives 1 need build && gives 1 need build || return 1
    apt_knows gcc
    gives 1 need build bench || return 1
    echo new >/var/lib/apt/lists/deb.example_Packages
    gives 1 need build && says asked "install gcc" && says_not asked libcdb-dev && says err libcdb-dev
}

installed_and_still_missing_is_asked_for_once() {
    lay_apt
    apt_knows gcc libcdb-dev
    gives 1 need build && says asked "install gcc libcdb-dev" && says err "apt has installed them" || return 1
    gives 1 need build && nothing asked
}

found_packages_are_installed_and_used() {
    lay_apt
    apt_knows gcc libcdb-dev
    apt_brings "printf '#!/bin/sh\nexec cc \"\$@\"\n' >'$work/bin/no-such-compiler' && chmod 755 '$work/bin/no-such-compiler'"
    gives 0 need build && says asked "install gcc libcdb-dev" && says_not asked update &&
        gives 0 need build && nothing asked
}

# A network that is away now may be there the next time.
failed_fetch_is_tried_again() {
    lay_apt
    apt_knows gcc libcdb-dev
    apt_brings 'echo "E: no network here"; exit 100'
    for _ in 1 2; do
        gives 1 need build && says asked install && says err "E: no network here" || return 1
    done
}

deps_no_never_asks() {
    lay_apt
    DEPS=no
    export DEPS
    gives 0 need build
    status=$?
    unset DEPS
    [ $status -eq 0 ] && says err gcc && nothing asked || return 1
    # As make hands it down.
    gives 0 env PATH="$work/bin:$PATH" make -s BUILD="$work/apt" CC=no-such-compiler DEPS=no deps && nothing asked || return 1
    # Neither for roots and sources.
    rm -rf "$work/cache"
    gives 1 env DEPS=no PATH="$work/bin:$PATH" GATEPOST_CACHE="$work/cache" tests/mta/root.sh build && says err "with DEPS=no nothing is fetched" &&
        gives 1 env DEPS=no PATH="$work/bin:$PATH" GATEPOST_CACHE="$work/cache" tests/mta/source.sh tinycdb && says err "with DEPS=no nothing is fetched" &&
        nothing asked
}

# A package is built by somebody who only looks like root.
fakeroot_never_asks() {
    lay_apt
    gives 1 env FAKEROOTKEY=1 PATH="$work/bin:$PATH" BUILD="$work/apt" CC=no-such-compiler "$top/tests/run/need.sh" build && nothing asked &&
        says err "fakeroot installs nothing"
}

# few COMMAND...: with hardly a tool in PATH, and apt not among them.
few() {
    mkdir -p "$work/few"
    for tool in sh cat dirname env grep id mkdir mktemp rm tr; do
        ln -sf "$(command -v "$tool")" "$work/few/$tool"
    done
    env PATH="$work/few" BUILD="$work/apt" CC=no-such-compiler "$@"
}

without_apt_it_says_what_to_install() {
    gives 1 few "$top/tests/run/need.sh" build && says err "gcc" && says err "no apt-get here"
}

# The tree may lie where an ordinary user cannot look.
ordinary_user_asks_sudo() {
    tree_work=$work
    work=$(mktemp -d)
    lay_apt
    apt_knows gcc libcdb-dev
    cp -r tests/run "$work"
    chmod -R a+rwX "$work"
    asked=yes
    gives 1 env PATH="$work/bin:$PATH" BUILD="$work/apt" CC=no-such-compiler setpriv --reuid=65534 --clear-groups "$work/run/need.sh" build &&
        says asked sudo && says asked "install gcc" || asked=no
    rm -rf "$work"
    work=$tree_work
    [ "$asked" = yes ]
}

demo_wants_little() {
    lay_apt
    gives 1 few "$top/tests/run/need.sh" build demo || return 1
    for package in clang valgrind libcmocka-dev mandoc; do
        says_not err "$package" || return 1
    done
    says err python3-minimal && says err iproute2
}

libcdb_is_found_by_linking() {
    gives 0 tests/run/libcdb.sh && library=$(cat "$work/out") &&
        gives 0 env CDB="$library" tests/run/libcdb.sh && says out "$library" &&
        gives 1 env CDB="-l:libnothere.a" tests/run/libcdb.sh && says err libnothere.a &&
        gives 1 env CC=no-such-compiler tests/run/libcdb.sh || return 1
    # An archive whose code is not position independent, as Debian 12's libcdb.a.
    echo 'int number = 1; int *place(void); int *place(void) { return &number; }' >"$work/fixed.c"
    gives 0 cc -O1 -fno-pic -mcmodel=large -c -o "$work/fixed.o" "$work/fixed.c" || return 1
    rm -f "$work/libfixed.a"
    ar rcs "$work/libfixed.a" "$work/fixed.o"
    gives 1 env CDB="-L$work -l:libfixed.a -Wl,-z,text" tests/run/libcdb.sh
}

check_packages() {
    check "a package that apt does not know is asked for once, and again when its lists change" unknown_package_is_asked_for_once
    check "what apt knows is fetched, and what it does not is named" other_packages_are_asked_for_at_once
    check "a package that does not bring what is wanted is asked for once" installed_and_still_missing_is_asked_for_once
    check "what is fetched is used" found_packages_are_installed_and_used
    check "a package that could not be fetched is asked for again" failed_fetch_is_tried_again
    check "DEPS=no never runs apt" deps_no_never_asks
    check "under fakeroot apt is not run" fakeroot_never_asks
    check "without apt it is said what to install" without_apt_it_says_what_to_install
    if setpriv --reuid=65534 --clear-groups true 2>/dev/null; then
        check "an ordinary user asks sudo" ordinary_user_asks_sudo
    else
        skip "an ordinary user asks sudo" "needs root"
    fi
    check "the demo wants no test tools" demo_wants_little
    check "the static tinycdb is found by linking it" libcdb_is_found_by_linking
}

# ---- make ----

# made ARGUMENT...: make in a folder of its own, as somebody types it.
made() {
    env -u MAKEFLAGS -u MAKELEVEL make DEPS=no BUILD="$work/make" "$@"
}

compiling_is_quiet() {
    rm -rf "$work/make"
    gives 0 made "$work/make/checks/regex.so" || return 1
    echo "  $work/make/checks/regex.so" >"$work/wanted"
    cmp -s "$work/wanted" "$work/out" || missed "it printed $(head -n 5 "$work/out" | tr '\n' '|')"
}

commands_are_shown_on_demand() {
    rm -rf "$work/make"
    gives 0 made V=1 "$work/make/checks/regex.so" && says out "-c -o $work/make/obj/plugins/checks/regex.o" && says out "-shared"
}

silence_is_silence() {
    rm -rf "$work/make"
    gives 0 made -s "$work/make/checks/regex.so" && nothing out
}

# jobs_are WANTED COMMAND...: what make makes of its -j.
jobs_are() {
    wanted_jobs=$1
    shift
    # shellcheck disable=SC2016 # make expands it
    printf 'jobs: ; @echo "$(filter -j%%,$(MAKEFLAGS))"\n' >"$work/jobs.mk"
    gives 0 "$@" -s -f Makefile -f "$work/jobs.mk" jobs || return 1
    [ "$(cat "$work/out")" = "$wanted_jobs" ] || missed "'$(cat "$work/out")', not '$wanted_jobs'"
}

processors_are_used() {
    jobs_are "-j$(nproc)" made && jobs_are -j1 made -j1 && jobs_are -j7 made -j7 && jobs_are -j7 made --jobs=7 && jobs_are -j made -j &&
        jobs_are -j5 env -u MAKELEVEL MAKEFLAGS=-j5 make DEPS=no BUILD="$work/make" && jobs_are "" env -u MAKEFLAGS MAKELEVEL=1 make DEPS=no BUILD="$work/make"
}

check_make() {
    check "a line for what is linked and none for what is compiled" compiling_is_quiet
    check "V=1 shows the commands" commands_are_shown_on_demand
    check "make -s says nothing" silence_is_silence
    check "all processors are used where no -j was given" processors_are_used
}

# ---- where no mail server can be run ----

able_here() {
    gives 0 tests/mta/able.sh && nothing err
}

# one_line TEXT: that is all there is in err.
one_line() {
    says err "$1" || return 1
    [ "$(wc -l <"$work/err")" -eq 1 ] || missed "it said $(cat "$work/err")"
}

not_without_namespaces() {
    gives 1 setpriv --bounding-set=-sys_admin tests/mta/able.sh && one_line "namespaces and mounts are not allowed" && says err "--privileged"
}

# in_plain_chroot COMMAND...: the root is a folder like any other.
in_plain_chroot() {
    mkdir -p "$work/chroot"
    mount -t tmpfs tmpfs "$work/chroot"
    mkdir "$work/chroot/top" "$work/chroot/top/tmp" "$work/chroot/top/proc"
    for folder in /usr /bin /sbin /lib*; do
        if [ -L "$folder" ]; then
            cp -a "$folder" "$work/chroot/top"
        elif [ -d "$folder" ]; then
            mkdir "$work/chroot/top$folder"
            mount --rbind "$folder" "$work/chroot/top$folder"
        fi
    done
    cp -r tests "$work/chroot/top"
    [ "$1" = --no-proc ] || mount --rbind /proc "$work/chroot/top/proc"
    [ "$1" != --no-proc ] || shift
    in_status=0
    chroot "$work/chroot/top" "$@" || in_status=$?
    umount -R -l "$work/chroot"
    return "$in_status"
}

not_in_a_plain_chroot() {
    gives 1 in_plain_chroot /tests/mta/able.sh && one_line "/ is no mount point" && says err "unshare --mount"
}

not_without_proc() {
    gives 1 in_plain_chroot --no-proc /tests/mta/able.sh && one_line "/proc is not mounted"
}

demo_says_so_before_it_builds() {
    rm -rf "$work/make"
    gives 2 env -u MAKEFLAGS -u MAKELEVEL setpriv --bounding-set=-sys_admin make BUILD="$work/make" demo && says err "no mail server can be run here" || return 1
    nothing out || return 1
    [ ! -e "$work/make" ] || missed "it made $work/make"
}

check_says_so_before_it_builds() {
    gives 1 env BUILD="$work/make" setpriv --bounding-set=-sys_admin tests/run/check.sh manuals exim && one_line "no mail server can be run here"
}

check_places() {
    check "here mail servers can be run" able_here
    check "not where namespaces are forbidden, and it says so" not_without_namespaces
    check "not where / is no mount point, and it says so" not_in_a_plain_chroot
    check "not where /proc is missing, and it says so" not_without_proc
    check "make demo says so before it builds" demo_says_so_before_it_builds
    check "make check says so before it builds" check_says_so_before_it_builds
}

# ---- roots ----

# root ARGUMENT...: root.sh, by an apt that brings nothing.
root() {
    env PATH="$work/bin:$PATH" GATEPOST_CACHE="$work/cache" tests/mta/root.sh "$@"
}

root_is_made_once() {
    lay_apt
    rm -rf "$work/cache"
    gives 0 root build && path=$(cat "$work/out") || return 1
    [ -L "$path/usr/bin/cc" ] || missed "there is none in '$path'" || return 1
    : >"$work/asked"
    gives 0 root build && says out "$path" && nothing asked
}

half_root_is_made_anew() {
    lay_apt
    rm -rf "$work/cache"
    gives 0 root build && path=$(cat "$work/out") || return 1
    rm -rf "$path"
    mkdir -p "$path/usr/bin"
    : >"$path/usr/bin/half"
    gives 0 root build && says out "$path" || return 1
    [ "$(ls "$path/usr/bin")" = cc ] || missed "there is $(ls "$path/usr/bin")"
}

# Its last step wants what the packages would have brought.
failed_root_is_none() {
    lay_apt
    rm -rf "$work/cache"
    for _ in 1 2; do
        gives 1 root exim && nothing out || return 1
    done
    left=$(find "$work/cache" -mindepth 1 -maxdepth 1 ! -name '*.lock' ! -name 'apt-*')
    [ -z "$left" ] || missed "there is $left"
}

other_release_has_a_root_of_its_own() {
    lay_apt
    rm -rf "$work/cache"
    for release in bookworm trixie; do
        gives 0 env GATEPOST_RELEASE=$release PATH="$work/bin:$PATH" GATEPOST_CACHE="$work/cache" tests/mta/root.sh build || return 1
        cat "$work/out" >>"$work/paths"
    done
    [ "$(sort -u "$work/paths" | wc -l)" -eq 2 ] || missed "there is $(cat "$work/paths")" || return 1
    grep -qs '^deb .* \(bookworm\|trixie\) main$' "$work/cache"/apt-*/sources.list || missed "no list of the other release" || return 1
    gives 1 env GATEPOST_RELEASE=woody tests/mta/root.sh build && says err "no release of Debian that is known here: woody"
}

# Without a root nothing is locked, or made, in the folder where it was tried.
failed_root_leaves_nothing_here() {
    lay_apt
    rm -rf "$work/cache" "$work/wine"
    # shellcheck disable=SC2016 # the inner shell expands it
    gives 0 env PATH="$work/bin:$PATH" GATEPOST_CACHE="$work/cache" sh -c '. tests/mta/wine.sh && ! wine_setup "$1"' tests/stages/x "$work/wine" || return 1
    [ ! -e .prefix.lock ] || missed "there is .prefix.lock"
}

# A mirror that lacks the source of this machine's release.
source_of_another_release_will_do() {
    lay_apt
    rm -rf "$work/cache"
    cat >"$work/bin/apt-get" <<END
#!/bin/sh
case " \$* " in
*/apt-source/*" source "*) exit 100 ;;
*-source/*" source "*) : >tinycdb.dsc ;;
esac
END
    cat >"$work/bin/dpkg-source" <<'END'
#!/bin/sh
[ $# -eq 4 ] && [ "$3" = ./tinycdb.dsc ] && mkdir "$4"
END
    chmod 755 "$work/bin"/*
    gives 0 env PATH="$work/bin:$PATH" GATEPOST_CACHE="$work/cache" tests/mta/source.sh tinycdb || return 1
    [ -d "$(cat "$work/out")" ] || missed "there is none"
}

failed_source_is_none() {
    lay_apt
    rm -rf "$work/cache"
    gives 1 env PATH="$work/bin:$PATH" GATEPOST_CACHE="$work/cache" tests/mta/source.sh tinycdb && nothing out
}

check_roots() {
    check "a root is made once" root_is_made_once
    check "a root that was made half is made anew" half_root_is_made_anew
    check "a root whose making failed is none" failed_root_is_none
    check "another release of Debian has roots of its own" other_release_has_a_root_of_its_own
    check "where a root cannot be made, nothing is left lying" failed_root_leaves_nothing_here
    check "a source of another release will do" source_of_another_release_will_do
    check "a source that cannot be fetched is none" failed_source_is_none
}

# ---- counts ----

# counted STATUS LAST-LINE STAGE...: check.sh in a tree with stages of its own.
counted() {
    wanted_last=$2
    rm -rf "$work/tree"
    mkdir -p "$work/tree/tests/stages"
    cp -r tests/run tests/mta "$work/tree/tests"
    printf '#!/bin/sh\necho "check-good: 3 passed, 0 failed"\n' >"$work/tree/tests/stages/check-good.sh"
    printf '#!/bin/sh\necho "check-bad: 1 passed, 2 failed"\nexit 1\n' >"$work/tree/tests/stages/check-bad.sh"
    printf '#!/bin/sh\necho dying\nexit 3\n' >"$work/tree/tests/stages/check-dead.sh"
    printf '#!/bin/sh\necho "check-liar: 5 passed, 0 failed"\nexit 1\n' >"$work/tree/tests/stages/check-liar.sh"
    cat >"$work/tree/tests/stages/check-some.sh" <<'END'
#!/bin/sh
. tests/run/cases.sh
check "one" true
skip "two: of many" "this machine has no wings"
skip "three" "this machine has no wings"
part "$BUILD/part.log" tests/stages/check-part.sh
finish check-some
END
    cat >"$work/tree/tests/stages/check-part.sh" <<'END'
#!/bin/sh
. tests/run/cases.sh
check "four" true
skip "five" "it rains"
finish check-part
END
    chmod 755 "$work/tree/tests/stages"/*
    wanted_status=$1
    shift 2
    gives "$wanted_status" env DEPS=no BUILD="$work/tree/build" "$work/tree/tests/run/check.sh" "$@" || return 1
    [ "$(tail -n 1 "$work/out")" = "$wanted_last" ] || missed "it ends with $(tail -n 1 "$work/out")"
}

stages_are_summed() {
    counted 0 "3 passed, 0 failed" good && counted 1 "4 passed, 2 failed" good bad && counted 1 "3 passed, 1 failed" dead good &&
        says out "check-dead: died with status 3" && counted 1 "5 passed, 1 failed" liar
}

# With -j, make starts both.
stages_run_one_after_the_other() {
    counted 0 "3 passed, 0 failed" good || return 1
    for name in one two; do
        # shellcheck disable=SC2016 # the stage expands it
        printf '#!/bin/sh\nmkdir "$BUILD/here" || exit 1\nsleep 0.3\nrmdir "$BUILD/here"\necho "check-%s: 1 passed, 0 failed"\n' $name \
            >"$work/tree/tests/stages/check-$name.sh"
        chmod 755 "$work/tree/tests/stages/check-$name.sh"
        DEPS=no BUILD="$work/tree/build" "$work/tree/tests/run/check.sh" $name >"$work/$name.out" 2>&1 &
    done
    wait
    says one.out "1 passed, 0 failed" && says two.out "1 passed, 0 failed"
}

what_was_skipped_is_told() {
    counted 0 "5 passed, 0 failed, 3 skipped" some good || return 1
    sed -n '/^skipped:/,$s/^ *//p' "$work/out" >"$work/said"
    printf '%s\n' "skipped:" "1 check-some: it rains" "2 check-some: this machine has no wings" "5 passed, 0 failed, 3 skipped" >"$work/wanted"
    cmp -s "$work/wanted" "$work/said" || missed "it said $(tr '\n' '|' <"$work/said")"
}

check_counts() {
    check "stages are summed, and one that dies has failed" stages_are_summed
    check "two stages run one after the other" stages_run_one_after_the_other
    check "what was skipped is counted, and told with its reasons" what_was_skipped_is_told
}

rm -rf "$work"
mkdir -p "$work"
check_packages
check_make
check_places
check_roots
check_counts
finish check-build
