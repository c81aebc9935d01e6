#!/bin/sh
# release.sh COMMAND...: runs COMMAND with the compiler and the libraries of Debian's release $GATEPOST_RELEASE
# (tests/mta/roots/build.sh). What a server of that release loads must not need a newer C library than the server has. All
# other folders are this machine's, under the same paths. To be started inside netns.sh. Without GATEPOST_RELEASE, COMMAND is simply
# run.
set -eu

if [ "${1-}" != --inside ]; then
    [ -n "${GATEPOST_RELEASE-}" ] || exec "$@"
    root=$("$(dirname "$0")/root.sh" build)
    exec unshare --mount -- "$0" --inside "$root" "$@"
fi
root=$2
shift 2

top=$(mktemp -d)
mount -t tmpfs tmpfs "$top"
for folder in /*; do
    case $folder in
    /usr | /bin | /sbin | /lib* | /etc) ;;
    *)
        if [ -d "$folder" ] && [ ! -L "$folder" ]; then
            mkdir "$top$folder"
            mount --rbind "$folder" "$top$folder"
        fi
        ;;
    esac
done
mkdir "$top/usr"
mount --bind "$root/usr" "$top/usr"
cp -a "$root/etc" "$top/etc"
for folder in bin sbin lib lib64; do
    ln -s "usr/$folder" "$top/$folder"
done
unset GATEPOST_RELEASE
status=0
unshare --root="$top" --wd="$PWD" -- "$@" || status=$?
umount -R -l "$top"
rmdir "$top"
exit "$status"
