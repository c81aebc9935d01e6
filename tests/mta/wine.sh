# shellcheck shell=sh
# wine.sh: functions to run programs of 32-bit Windows in the unpacked Wine, for scripts that netns.sh started; sourced, not run.
#
#   wine_setup FOLDER              lays out one Wine below FOLDER and starts its server, which all programs share; a script
#                                  that was started by one that has done so shares that one
#   wine_run PROGRAM ARGUMENT...   runs PROGRAM (a path of this machine) in the working directory and returns its status
#   wine_wrap FILE PROGRAM         makes FILE a command of this machine that runs PROGRAM, for scripts that want one
#   wine_stop                      stops whatever still runs in it, server included, and waits for that
#
# Every folder of this machine but those of its own programs has the same path in there, and drive Z: is the top of them all.
# The prefix (registry, drive C:) is copied from one that is kept in the cache beside the root, for making it takes a quarter of
# a minute; its libraries are only linked to. No window is ever shown.

wine_mta=$(cd "$(dirname "$0")" && pwd)
until [ -e "$wine_mta/mta/root.sh" ] || [ "$wine_mta" = / ]; do wine_mta=$(dirname "$wine_mta"); done
wine_mta=$wine_mta/mta
wine_folder=${WINE_FOLDER-}
wine_shared=$wine_folder

export WINEARCH=win32 WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe=' WINESERVER=/usr/lib/wine/wineserver32
unset DISPLAY WAYLAND_DISPLAY

# wine_inside PROGRAM ARGUMENT...: runs a program of the root. Wine's programs find their server below TMPDIR.
wine_inside() {
    TMPDIR=$wine_folder/run unshare --root="$wine_folder/root" --wd="$PWD" -- "$@"
}

# The root's programs, everything else from this machine.
wine_mount() {
    wine_top=$wine_folder/root
    mkdir -p "$wine_top"
    mount -t tmpfs tmpfs "$wine_top"
    for wine_place in /*; do
        case $wine_place in
        /usr | /bin | /sbin | /lib* | /etc) ;;
        *)
            if [ -d "$wine_place" ] && [ ! -L "$wine_place" ]; then
                mkdir "$wine_top$wine_place"
                mount --rbind "$wine_place" "$wine_top$wine_place"
            fi
            ;;
        esac
    done
    mkdir "$wine_top/usr"
    mount --bind "$wine_root/usr" "$wine_top/usr"
    mount -o remount,bind,ro "$wine_top/usr"
    cp -a "$wine_root/etc" "$wine_top/etc"
    for wine_place in bin sbin lib lib64; do
        ln -s "usr/$wine_place" "$wine_top/$wine_place"
    done
}

# wine_make_prefix FOLDER: makes the one in the cache.
wine_make_prefix() {
    WINEPREFIX=$1.making
    rm -rf "$WINEPREFIX"
    wine_inside /usr/lib/wine/wine wineboot -i >/dev/null 2>&1 </dev/null
    wine_inside "$WINESERVER" -w
    if [ ! -e "$WINEPREFIX/system.reg" ] || [ ! -e "$WINEPREFIX/drive_c/windows/system32/kernel32.dll" ]; then
        echo "wine.sh: Wine has made no prefix" >&2
        return 1
    fi
    mv -T "$WINEPREFIX" "$1"
}

wine_setup() {
    [ -z "$wine_shared" ] || return 0
    wine_folder=$1
    wine_root=$("$wine_mta/root.sh" wine)
    export WINEPREFIX
    mkdir -p "$wine_folder"
    wine_folder=$(cd "$wine_folder" && pwd)
    export WINE_FOLDER="$wine_folder"
    rm -rf "$wine_folder/run"
    mkdir "$wine_folder/run"
    wine_mount
    wine_kept=$wine_root.prefix
    (
        flock 9
        [ -d "$wine_kept" ] || wine_make_prefix "$wine_kept"
    ) 9>"$wine_root.prefix.lock"
    WINEPREFIX=$wine_folder/prefix
    rm -rf "$WINEPREFIX"
    mkdir -p "$WINEPREFIX/drive_c"
    cp -a "$wine_kept"/*.reg "$wine_kept/.update-timestamp" "$wine_kept/dosdevices" "$WINEPREFIX"
    for wine_place in "$wine_kept/drive_c"/*; do
        case $wine_place in
        */windows) cp -rs "$wine_place" "$WINEPREFIX/drive_c" ;;
        *) cp -a "$wine_place" "$WINEPREFIX/drive_c" ;;
        esac
    done
    # It goes when this script goes, however that ends, and takes all programs with it.
    TMPDIR=$wine_folder/run setpriv --pdeathsig TERM unshare --root="$wine_folder/root" --wd=/ -- "$WINESERVER" -f -p >/dev/null 2>&1 </dev/null &
    wine_server=$!
    # A program that comes before the server's socket would start a server of its own, and one of the two fails.
    wine_tries=0
    until [ -S "$(echo "$wine_folder"/run/wine-*/server-*/socket)" ]; do
        wine_tries=$((wine_tries + 1))
        if [ "$wine_tries" -ge 600 ] || ! kill -0 "$wine_server" 2>/dev/null; then
            echo "wine.sh: Wine's server does not start" >&2
            return 1
        fi
        sleep 0.05
    done
}

wine_run() {
    wine_inside /usr/lib/wine/wine "$@"
}

wine_wrap() {
    cat >"$1" <<EOF
#!/bin/sh
export WINEPREFIX='$WINEPREFIX' TMPDIR='$wine_folder/run'
exec unshare --root='$wine_folder/root' --wd="\$PWD" -- /usr/lib/wine/wine '$2' "\$@"
EOF
    chmod +x "$1"
}

wine_stop() {
    [ -z "$wine_shared" ] && [ -n "$wine_folder" ] || return 0
    wine_inside "$WINESERVER" -k >/dev/null 2>&1 </dev/null || true
    wait "$wine_server" 2>/dev/null || true
    wine_folder=""
    unset WINE_FOLDER
}
