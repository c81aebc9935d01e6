# shellcheck shell=sh
# shellcheck disable=SC2034 # root.sh reads them
# Wine for programs of 64-bit Windows, for machines whose kernel runs no 32-bit program: no Mono, no Gecko.

architecture=""
packages="wine64"
extras=""

# Wine's own libraries say so in their header, which Debian's script does for the zlib that comes from another package.
finish() {
    zlib=$1/usr/x86_64-w64-mingw32/lib/zlib1.dll
    {
        head -c 64 "$zlib"
        printf 'Wine builtin DLL'
        head -c 16 /dev/zero
        tail -c +97 "$zlib"
    } >"$1/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll"
    rm -rf "$1/usr/lib/x86_64-linux-gnu/wine/i386-windows" "$1/usr/i686-w64-mingw32"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
    echo 'root:x:0:' >"$1/etc/group"
}
