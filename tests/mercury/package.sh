#!/bin/sh
# package.sh [--inside]: the zip for Windows (make dist-windows): made twice it has the same bytes; unpacked into an empty drive C: of Wine,
# its command and its daemon work from there (host.sh).
set -eu
export LC_ALL=C

cd "$(dirname "$0")/../.."
script=package
. tests/mercury/host.sh

version=$(sed -n 's/^VERSION := //p' Makefile)
title=gatepost-$version-win32
zip=$BUILD/$title.zip

made_twice() {
    [ "$WINE_BITS" = 32 ] || return 0
    VERSION=$version mercury/dist.sh >"$work/made" 2>&1 || missed "$(tail -n 2 "$work/made")" || return 1
    cp "$zip" "$work/first.zip"
    # Linked anew, at another time.
    rm "$BUILD/mercury/gatepost.exe" "$BUILD/mercury/gatepost.dll"
    env -u MAKEFLAGS make -s BUILD="$BUILD" DEPS=no mercury >"$work/made" 2>&1 || missed "$(tail -n 2 "$work/made")" || return 1
    VERSION=$version mercury/dist.sh >"$work/made" 2>&1 || missed "$(tail -n 2 "$work/made")" || return 1
    cmp -s "$zip" "$work/first.zip" || missed "the second zip has other bytes"
}

# What a Windows user finds in it, and nothing else.
holds() {
    unzip -Z1 "$zip" | sort >"$work/names"
    for file in CHANGES.html LICENSE.txt README.html daemon.ini gatepost.1.html gatepost.conf gatepost.conf.5.html gatepost.dll gatepost.exe state/README.txt; do
        echo "$title/$file"
    done | sort | cmp -s - "$work/names" || missed "it holds $(tr '\n' ' ' <"$work/names")" || return 1
    unzip -p "$zip" "$title/LICENSE.txt" >"$work/license"
    for work_inside in "ISC License" tinycdb zlib MinGW-w64 libgcc; do
        grep -q "$work_inside" "$work/license" || missed "no notice of $work_inside" || return 1
    done
    # No page needs the network, and each link within leads to a file that is there.
    for page in README CHANGES gatepost.1 gatepost.conf.5; do
        unzip -p "$zip" "$title/$page.html" >"$work/page"
        ! grep -oE '(src|<link[^>]*href)="[^"]*"' "$work/page" || missed "$page.html fetches something" || return 1
        grep -oE 'href="[^"#]+' "$work/page" | sed 's/href="//' | grep -v '^https\?:' | sort -u >"$work/links" || true
        while read -r link; do
            grep -qx "$title/$link" "$work/names" || missed "$page.html: there is no $link" || return 1
        done <"$work/links"
    done
}

# The programs of the zip have 32 bits.
works_on_drive_c() {
    [ "$WINE_BITS" = 32 ] || return 0
    mercury=$WINEPREFIX/drive_c/MERCURY
    rm -rf "$mercury"
    mkdir -p "$mercury"
    (cd "$mercury" && unzip -q "$zip" && mv "$title" GATEPOST) || missed "it cannot be unpacked" || return 1
    printf 'H, "*mail.example.com*", RS, "554 Format of command not acceptable here"\r\nR, "*sugar@example.com*" BS, "554 Spam is not welcome here - go away."\r\n' >"$mercury/TRANSFLT.MER"
    sed -i -e '/^mode /d' -e '/^own-networks/d' "$mercury/GATEPOST/gatepost.conf"
    printf 'connect 203.0.113.7 unknown\r\nC: EHLO mail.example.net\r\nC: MAIL FROM:<a@example.net>\r\nC: RCPT TO:<sugar@example.com>\r\nS: 554 Spam is not welcome here - go away.\r\nS: closed\r\n' >"$mercury/GATEPOST/spam.smtp"
    cd "$mercury/GATEPOST"
    command_works
    status=$?
    cd "$top"
    return "$status"
}

command_works() {
    wine_run gatepost.exe check >"$work/said" 2>&1 || missed "check: $(tail -n 3 "$work/said")" || return 1
    wine_run gatepost.exe replay spam.smtp >"$work/said" 2>&1 || missed "replay: $(tail -n 3 "$work/said")" || return 1
    {
        printf 'load C:\\MERCURY\\GATEPOST\\gatepost.dll\nstart\nplay spam.smtp\nstop\nunload\n'
    } >"$work/orders"
    wine_run "$host" <"$work/orders" >"$work/out" 2>&1 || missed "the host ended with status $?: $(tail -n 3 "$work/out")" || return 1
    heard_counts && heard 'rules in force: C:' && heard "is running" && heard_not FAILED || return 1
    wine_run gatepost.exe blocks list >"$work/said" 2>&1 || missed "blocks list: $(tail -n 3 "$work/said")" || return 1
    grep -q '^203.0.113.7 ' "$work/said" || missed "the list is $(cat "$work/said")"
}

check "made twice, it has the same bytes" made_twice
check "it holds what a Windows user wants" holds
check "unpacked, its command and its daemon work" works_on_drive_c
host_finish
