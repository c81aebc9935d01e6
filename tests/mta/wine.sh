# shellcheck shell=sh
# wine.sh: functions to run programs of Windows in the unpacked Wine, for scripts that netns.sh started; sourced, not run.
#
#   WINE_BITS                      for which Windows, 32 or 64; the caller may set it before. Else it is 32 where this machine's kernel
#                                  runs 32-bit programs (runs32.sh), and 64 where it does not
#   wine_root_name                 prints the name of the root (root.sh) that is needed for it; wine_compiler, that of the compiler
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
wine_server=""

if [ -z "${WINE_BITS-}" ]; then
    WINE_BITS=64
    ! "$wine_mta/runs32.sh" >/dev/null || WINE_BITS=32
fi
export WINE_BITS WINEARCH="win$WINE_BITS" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe=' WINESERVER="/usr/lib/wine/wineserver$WINE_BITS"
unset DISPLAY WAYLAND_DISPLAY

wine_root_name() {
    echo "wine${WINE_BITS#32}"
}

# The compiler for that Windows.
wine_compiler() {
    if [ "$WINE_BITS" = 32 ]; then echo i686-w64-mingw32-gcc; else echo x86_64-w64-mingw32-gcc; fi
}

wine_loader() {
    echo "/usr/lib/wine/wine${WINE_BITS#32}"
}

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

# wine_is_whole FOLDER: whether it is a complete prefix.
wine_is_whole() {
    [ -e "$1/whole" ] && [ -e "$1/system.reg" ] && [ -e "$1/drive_c/windows/system32/kernel32.dll" ]
}

# wine_make_prefix FOLDER: makes the one in the cache, and replaces an incomplete one.
wine_make_prefix() {
    WINEPREFIX=$1.making
    rm -rf "$1" "$WINEPREFIX"
    if wine_inside "$(wine_loader)" wineboot -i >"$wine_folder/wineboot.log" 2>&1 </dev/null && wine_inside "$WINESERVER" -w &&
        : >"$WINEPREFIX/whole" && wine_is_whole "$WINEPREFIX"; then
        mv -T "$WINEPREFIX" "$1"
    else
        echo "wine.sh: Wine for $WINE_BITS bits has made no prefix; its last words: '$(tail -n 1 "$wine_folder/wineboot.log")'" >&2
        rm -rf "$WINEPREFIX"
        return 1
    fi
}

wine_setup() {
    [ -z "$wine_shared" ] || return 0
    wine_root=$("$wine_mta/wine_root.sh" "$(wine_root_name)") && [ -n "$wine_root" ] || return 1
    mkdir -p "$1"
    wine_folder=$(cd "$1" && pwd)
    export WINEPREFIX WINE_FOLDER="$wine_folder"
    rm -rf "$wine_folder/run"
    mkdir "$wine_folder/run"
    wine_mount
    # Names of files are UTF-8 here; the root has no locale of its own that says so.
    mkdir -p "$wine_folder/locale"
    if cp -r /usr/lib/locale/C.utf8 "$wine_folder/locale/" 2>/dev/null; then
        export LOCPATH="$wine_folder/locale" LC_ALL=C.UTF-8
    fi
    wine_kept=$wine_root.prefix
    (
        flock 9
        wine_is_whole "$wine_kept" || wine_make_prefix "$wine_kept"
    ) 9>"$wine_kept.lock" || return 1
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
    # It ends when this script ends, however that happens, and takes all programs with it.
    TMPDIR=$wine_folder/run setpriv --pdeathsig TERM unshare --root="$wine_folder/root" --wd=/ -- "$WINESERVER" -f -p >/dev/null 2>&1 </dev/null &
    wine_server=$!
    # A program that starts before the server's socket exists would start a server of its own, and one of the two would fail.
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
    wine_inside "$(wine_loader)" "$@"
}

wine_wrap() {
    cat >"$1" <<EOF
#!/bin/sh
export WINEPREFIX='$WINEPREFIX' TMPDIR='$wine_folder/run'
exec unshare --root='$wine_folder/root' --wd="\$PWD" -- $(wine_loader) '$2' "\$@"
EOF
    chmod +x "$1"
}

wine_stop() {
    [ -z "$wine_shared" ] && [ -n "$wine_folder" ] || return 0
    if [ -n "$wine_server" ]; then
        wine_inside "$WINESERVER" -k >/dev/null 2>&1 </dev/null || true
        wait "$wine_server" 2>/dev/null || true
    fi
    wine_server=""
    wine_folder=""
    unset WINE_FOLDER
}
