# shellcheck shell=sh
# place.sh: functions to lay out the place where one unpacked server runs, for scripts that netns.sh started; sourced, not
# run, before postfix.sh or sendmail.sh, from the top of the source tree.
#
#   place_setup FOLDER NAME      mounts the root NAME and the folders that change together under FOLDER/root
#   place_mount SOURCE PLACE     mounts SOURCE over PLACE in that root
#   place_run COMMAND...         runs COMMAND in it; place_become COMMAND... replaces this shell by it
#   place_start, place_stop      a name server and a syslog: names in FOLDER/names, the log in FOLDER/syslog
#   place_names FILE...          makes the names in the dialogues' connect lines resolve both ways
#   place_test_account FILE      a password file for AUTH: user test, password test
#
# In FOLDER: rules, state, run, log; a server sees them as /etc/gatepost, /var/lib/gatepost, /run/gatepost. To clients in the
# namespace the server is mail.example.com, over IPv4 and IPv6.

mta=$PWD/tests/mta
place_pids=""

place_mount() {
    mount --bind "$1" "$place_folder/root$2"
}

# place_devices: makes a /dev for this root alone, because the socket of the log is in it.
place_devices() {
    mount -t tmpfs -o mode=755 tmpfs "$place_folder/root/dev"
    for device in null zero full random urandom; do
        : >"$place_folder/root/dev/$device"
        place_mount "/dev/$device" "/dev/$device"
    done
}

place_setup() {
    place_folder=$1
    place_root=$("$mta/root.sh" "$2")
    for folder in rules state run root; do
        mkdir -p "$place_folder/$folder"
    done
    chmod 755 "$place_folder" "$place_folder/run"
    printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n' >"$place_folder/resolv.conf"
    : >"$place_folder/names"
    : >"$place_folder/syslog"
    printf '127.0.0.1 localhost mail.example.com\n::1 localhost mail.example.com\n' >"$place_folder/hosts"
    # A bare container has none to mount over.
    [ -e /etc/hosts ] || : >/etc/hosts
    mount --bind "$place_folder/hosts" /etc/hosts
    mount --bind "$place_root" "$place_folder/root"
    mount -o remount,bind,ro "$place_folder/root"
    place_mount "$place_folder/hosts" /etc/hosts
    place_mount "$place_folder/resolv.conf" /etc/resolv.conf
    for folder in tmp run var/spool var/lib; do
        mount -t tmpfs -o mode=755 tmpfs "$place_folder/root/$folder"
    done
    mkdir -p "$place_folder/root/run/gatepost" "$place_folder/root/var/lib/gatepost"
    place_mount "$place_folder/run" /run/gatepost
    place_mount "$place_folder/state" /var/lib/gatepost
    place_mount "$place_folder/rules" /etc/gatepost
    place_devices
    mount --rbind /proc "$place_folder/root/proc"
}

place_become() {
    exec chroot "$place_folder/root" "$@"
}

place_run() {
    (place_become "$@")
}

place_start() {
    "$mta/names.py" "$place_folder/names" 2>"$place_folder/names.log" &
    place_pids=$!
    "$mta/syslog.py" "$place_folder/root/dev/log" "$place_folder/syslog" &
    place_pids="$place_pids $!"
    tries=0
    until [ -S "$place_folder/root/dev/log" ] || [ "$tries" -ge 100 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
}

place_stop() {
    for pid in $place_pids; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    place_pids=""
}

place_names() {
    awk '{ sub(/\r$/, "") } $1 == "connect" && NF >= 3 && $3 != "unknown" { print $2, $3 }' "$@" | sort -u >"$place_folder/names.new"
    mv "$place_folder/names.new" "$place_folder/names"
}

place_test_account() {
    printf 'test' | place_run saslpasswd2 -p -c -f "$1" -u mail.example.com test
}

# place_await PID: waits until something answers on port 25, or the process PID ends.
place_await() {
    tries=0
    until "$mta/smtp.py" 127.0.0.1 127.0.0.1 25 QUIT >/dev/null 2>&1; do
        tries=$((tries + 1))
        if [ "$tries" -ge 100 ] || ! kill -0 "$1" 2>/dev/null; then
            return 1
        fi
        sleep 0.05
    done
}
