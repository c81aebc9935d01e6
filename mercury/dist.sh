#!/bin/sh
# dist.sh: makes gatepost-VERSION-win32.zip in $BUILD from the programs in $BUILD/mercury; `make dist-windows` calls it with VERSION set.
# The same sources give the same bytes: no time of today is in it, and the files have one order and one time, that of the last
# commit or SOURCE_DATE_EPOCH.
set -eu

cd "$(dirname "$0")/.."
name=gatepost-$VERSION-win32
stage=$BUILD/dist-windows
folder=$stage/$name
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)}
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C

# page TITLE: standard input, as the body of a page that needs nothing else.
page() {
    cat <<END
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$1</title>
<style>
$(cat mercury/html.css)
</style></head><body>
<nav><a href="README.html">README</a> &middot; <a href="gatepost.1.html">gatepost(1)</a> &middot;
<a href="gatepost.conf.5.html">gatepost.conf(5)</a> &middot; <a href="CHANGES.html">CHANGES</a></nav>
END
    # Wide tables scroll by themselves, so that the page does not.
    sed -e 's|<table>|<div class="scroll"><table>|' -e 's|</table>|</table></div>|'
    echo '</body></html>'
}

markdown() {
    lowdown -Thtml --html-no-skiphtml "$1" | page "$2"
}

# Of the manuals that one names, only those that are in the zip are links.
manual() {
    mandoc -Thtml -O fragment,man=%N.%S.html "man/$1" |
        sed -E -e 's|<a class="Xr" href="(gatepost\.1\|gatepost\.conf\.5)\.html">|<a class="xr" href="\1.html">|g' \
            -e 's|<a class="Xr" href="[^"]*">([^<]*)</a>|\1|g' \
            -e 's|<table class="(head\|foot)">|<table  class="\1">|' | page "$2"
}

windows_text() {
    sed 's/\r*$/\r/' "$@"
}

rm -rf "$stage" "$BUILD/$name.zip"
mkdir -p "$folder/state"
for program in gatepost.exe gatepost.dll; do
    "${WIN_STRIP:-i686-w64-mingw32-strip}" -p -o "$folder/$program" "$BUILD/mercury/$program"
done
windows_text mercury/conf/gatepost.conf >"$folder/gatepost.conf"
windows_text mercury/conf/daemon.ini >"$folder/daemon.ini"
{
    cat LICENSE
    printf '\n\n%s\n\n\n' "----------------------------------------------------------------------"
    cat mercury/NOTICES
} | windows_text >"$folder/LICENSE.txt"
echo "gatepost keeps its blocklist and statistics here. Do not copy over these files while Mercury runs." | windows_text >"$folder/state/README.txt"
sed "s/gatepost-VERSION-win32/$name/" mercury/README.md >"$stage/README.md"
markdown "$stage/README.md" "gatepost in Mercury/32" >"$folder/README.html"
markdown CHANGES.md "gatepost: changes" >"$folder/CHANGES.html"
manual gatepost.1 "gatepost(1)" >"$folder/gatepost.1.html"
manual gatepost.conf.5 "gatepost.conf(5)" >"$folder/gatepost.conf.5.html"

find "$folder" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
find "$folder" -type f -exec chmod 644 {} +
(cd "$stage" && find "$name" -type f | sort | zip -q -X -9 -@ "../$name.zip")
echo "$BUILD/$name.zip"
