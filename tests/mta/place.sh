# shellcheck shell=sh
# place.sh: functions to lay out the place where one unpacked server runs, for scripts that netns.sh started; sourced, not run,
# before postfix.sh or sendmail.sh.
#
#   place_setup FOLDER NAME      mounts the root NAME and what changes in it together under FOLDER/root
#   place_mount SOURCE PLACE     lays SOURCE over PLACE in that root
#   place_run COMMAND...         runs COMMAND in it; place_become COMMAND... turns this shell into it
#   place_start, place_stop      a name server and a syslog: names in FOLDER/names, the log in FOLDER/syslog
#   place_names FILE...          makes the names in the dialogues' connect lines resolve both ways
#   place_test_account FILE      a password file for AUTH: user test, password test
#
# In FOLDER: rules, state, run, log; as a server sees them: /etc/gatepost, /var/lib/gatepost, /run/gatepost. To clients in the
# namespace the server is mail.example.com, over IPv4 and IPv6.

mta=$(cd "$(dirname "$0")" && pwd)
[ -e "$mta/root.sh" ] || mta=${mta%/bench}/mta
place_pids=""

place_mount() {
    mount --bind "$1" "$place/root$2"
}

# place_devices: a /dev of its own, as the log's socket stands in it.
place_devices() {
    mount -t tmpfs -o mode=755 tmpfs "$place/root/dev"
    for device in null zero full random urandom; do
        : >"$place/root/dev/$device"
        place_mount "/dev/$device" "/dev/$device"
    done
}

place_setup() {
    place=$1
    place_root=$("$mta/root.sh" "$2")
    for folder in rules state run root; do
        mkdir -p "$place/$folder"
    done
    chmod 755 "$place" "$place/run"
    printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n' >"$place/resolv.conf"
    : >"$place/names"
    : >"$place/syslog"
    printf '127.0.0.1 localhost mail.example.com\n::1 localhost mail.example.com\n' >"$place/hosts"
    # A bare container has none to mount over.
    [ -e /etc/hosts ] || : >/etc/hosts
    mount --bind "$place/hosts" /etc/hosts
    mount --bind "$place_root" "$place/root"
    mount -o remount,bind,ro "$place/root"
    place_mount "$place/hosts" /etc/hosts
    place_mount "$place/resolv.conf" /etc/resolv.conf
    for folder in tmp run var/spool var/lib; do
        mount -t tmpfs -o mode=755 tmpfs "$place/root/$folder"
    done
    mkdir -p "$place/root/run/gatepost" "$place/root/var/lib/gatepost"
    place_mount "$place/run" /run/gatepost
    place_mount "$place/state" /var/lib/gatepost
    place_mount "$place/rules" /etc/gatepost
    place_devices
    mount --rbind /proc "$place/root/proc"
}

place_become() {
    exec chroot "$place/root" "$@"
}

place_run() {
    (place_become "$@")
}

place_start() {
    "$mta/names.py" "$place/names" 2>"$place/names.log" &
    place_pids=$!
    "$mta/syslog.py" "$place/root/dev/log" "$place/syslog" &
    place_pids="$place_pids $!"
    tries=0
    until [ -S "$place/root/dev/log" ] || [ "$tries" -ge 100 ]; do
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
    awk '{ sub(/\r$/, "") } $1 == "connect" && NF >= 3 && $3 != "unknown" { print $2, $3 }' "$@" | sort -u >"$place/names.new"
    mv "$place/names.new" "$place/names"
}

place_test_account() {
    printf 'test' | place_run saslpasswd2 -p -c -f "$1" -u mail.example.com test
}

# place_await PID: until something answers on port 25, or the process PID ends.
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
