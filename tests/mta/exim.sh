# shellcheck shell=sh
# exim.sh: functions to run one unpacked Exim, for scripts that netns.sh started; sourced, not run, from the top of the source
# tree.
#
#   exim_setup FOLDER heavy|light MODULE   lays out what Exim writes under FOLDER and mounts root and folder together
#   exim_start, exim_stop                  the daemon, on ports 25, 465 and 587 of every address, and a name server; to clients
#                                          in the namespace it is mail.example.com, over IPv4 and IPv6
#   exim_run ARGUMENT...                   another Exim in the same place: -bh, -be, -bV
#   exim_options WORDS                     the options that the next connections pass to the module
#   exim_names FILE...                     makes the names in the dialogues' connect lines resolve both ways
#
# In FOLDER: etc (configuration), rules, state, spool, log, run, lib (the module); Exim sees them as /etc/exim4,
# /etc/gatepost, /var/lib/gatepost, /var/spool/exim4, /var/log/exim4, /run, /usr/local/lib/gatepost.

mta=$PWD/tests/mta
sources=$PWD
exim_pid="" names_pid=""

# Root runs Exim as Debian's packages do. An ordinary user has only one user id, and runs Exim as the Exim user, with owner.c.
exim_uid=102
exim_gid=105
if [ "$(wc -l </proc/self/uid_map)" -eq 1 ] && [ "$(awk '{ print $3 }' /proc/self/uid_map)" -eq 1 ]; then
    exim_alone="unshare --map-user=$exim_uid --map-group=$exim_gid --keep-caps --"
    exim_preload="/usr/bin/env LD_PRELOAD=/usr/local/lib/gatepost/owner.so"
else
    exim_alone=""
    exim_preload=""
fi

# exim_mount SOURCE PLACE-IN-ROOT
exim_mount() {
    mount --bind "$1" "$exim_folder/root$2"
}

exim_setup() {
    exim_folder=$1
    exim_kind=$2
    exim_root=$("$mta/root.sh" exim)
    for folder in etc rules state spool log run lib root; do
        mkdir -p "$exim_folder/$folder"
    done
    cp "$sources/exim/conf/gatepost.include" "$sources/exim/conf/conf.d/main/00_gatepost_local_scan" "$exim_folder/etc"
    {
        if [ "$exim_kind" = heavy ]; then echo "HARNESS_HEAVY = yes"; else echo "HARNESS_LIGHT = yes"; fi
        cat "$mta/exim.conf"
    } >"$exim_folder/etc/exim4.conf"
    cp "$3" "$exim_folder/lib/gatepost-exim.so"
    [ -z "$exim_alone" ] || "$mta/release.sh" cc -shared -fPIC -o "$exim_folder/lib/owner.so" "$mta/owner.c"
    : >"$exim_folder/run/options"
    printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n' >"$exim_folder/resolv.conf"
    : >"$exim_folder/names"
    printf '127.0.0.1 localhost mail.example.com\n::1 localhost mail.example.com\n' >"$exim_folder/hosts"
    # A bare container has none to mount over.
    [ -e /etc/hosts ] || : >/etc/hosts
    mount --bind "$exim_folder/hosts" /etc/hosts
    for folder in state spool log run; do
        [ -n "$exim_alone" ] || chown "$exim_uid:$exim_gid" "$exim_folder/$folder"
        chmod 750 "$exim_folder/$folder"
    done
    mount --bind "$exim_root" "$exim_folder/root"
    mount -o remount,bind,ro "$exim_folder/root"
    exim_mount "$exim_root/usr/sbin/exim4-$exim_kind" /usr/sbin/exim4
    exim_mount "$exim_folder/etc" /etc/exim4
    exim_mount "$exim_folder/rules" /etc/gatepost
    exim_mount "$exim_folder/state" /var/lib/gatepost
    exim_mount "$exim_folder/spool" /var/spool/exim4
    exim_mount "$exim_folder/log" /var/log/exim4
    exim_mount "$exim_folder/run" /run
    exim_mount "$exim_folder/lib" /usr/local/lib/gatepost
    exim_mount "$exim_folder/resolv.conf" /etc/resolv.conf
    mount -t tmpfs tmpfs "$exim_folder/root/tmp"
    mount --rbind /dev "$exim_folder/root/dev"
    mount --rbind /proc "$exim_folder/root/proc"
}

# exim_become ARGUMENT...: replaces this shell by Exim.
exim_become() {
    # shellcheck disable=SC2086 # empty is no command
    exec $exim_alone chroot "$exim_folder/root" $exim_preload /usr/sbin/exim4 "$@"
}

exim_run() {
    (exim_become "$@")
}

exim_start() {
    "$mta/names.py" "$exim_folder/names" 2>"$exim_folder/names.log" &
    names_pid=$!
    (exim_become -bdf) >"$exim_folder/daemon.out" 2>&1 &
    exim_pid=$!
    tries=0
    until "$mta/smtp.py" 127.0.0.1 127.0.0.1 25 QUIT >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -ge 100 ] || ! kill -0 "$exim_pid" 2>/dev/null; then
            echo "exim.sh: Exim does not answer: $(cat "$exim_folder/daemon.out" "$exim_folder/log/paniclog" 2>/dev/null)" >&2
            return 1
        fi
        sleep 0.05
    done
}

exim_stop() {
    for pid in $exim_pid $names_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    exim_pid="" names_pid=""
}

exim_options() {
    printf '%s' "$1" >"$exim_folder/run/options.new"
    chmod 644 "$exim_folder/run/options.new"
    mv "$exim_folder/run/options.new" "$exim_folder/run/options"
}

exim_names() {
    awk '{ sub(/\r$/, "") } $1 == "connect" && NF >= 3 && $3 != "unknown" { print $2, $3 }' "$@" | sort -u >"$exim_folder/names.new"
    mv "$exim_folder/names.new" "$exim_folder/names"
}
