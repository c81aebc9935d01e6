#!/bin/bash
# check-pictures.sh [--docs FOLDER]: makes `gatepost report` pages of tests/logs, of a month of made-up traffic and of hostile
# traffic, and opens them in a headless Chromium: are charts drawn, is anything wider than the window, at 1280 and 390 pixels,
# dark, light and in print, with and without scripts? Without Chromium the cases are skipped. With --docs the pictures of the month are
# kept in FOLDER. Run from the top of the source tree.
set -u

BUILD=${BUILD:-build}
gatepost=$BUILD/gatepost
work=$BUILD/pictures
# shellcheck source=tests/run/counts.sh
. tests/run/counts.sh
docs=
[ "${1-}" = --docs ] && docs=$2

browser=
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && browser=$name && break
done

rm -rf "$work"
mkdir -p "$work/profile" || exit 1
folder=$(cd "$work" && pwd)

# open PAGE OPTION...: a headless browser, which has 90 seconds.
open() {
    page=$1
    shift
    timeout 90 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$folder/profile" --no-first-run \
        --force-device-scale-factor=1 "$@" "file://$folder/$page" 2>"$folder/browser.log"
}

ok() {
    what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "check-pictures: $what"
    fi
}

# What a page says about itself when it is laid out. It goes to a copy: the page has no such script.
cat >"$work/probe.html" <<'END'
<script>
addEventListener("load", function () {
    var wide = document.documentElement.clientWidth, out = [], charts = 0, bars = 0;
    document.querySelectorAll("body *").forEach(function (e) {
        var box = e.getBoundingClientRect();
        if (!e.closest(".scroll") && box.width && box.right > wide + 1)
            out.push(e.tagName + "." + e.getAttribute("class") + " " + Math.round(box.right));
    });
    document.querySelectorAll("svg.wide, svg.narrow").forEach(function (e) {
        if (!e.getBoundingClientRect().width)
            return;
        charts++;
        e.querySelectorAll("rect, path").forEach(function (r) {
            var box = r.getBBox();
            bars += box.width > 0 && box.height > 0 && getComputedStyle(r).fill !== "none";
        });
    });
    var head = document.querySelector("#clients th:nth-child(5)");
    if (head)
        head.click();
    setTimeout(function () {
        parent.postMessage("width=" + wide + " page=" + document.documentElement.scrollWidth + " charts=" +
            charts + " bars=" + bars + " sorted=" + !!(head && head.getAttribute("aria-sort")) + " title=" + document.title +
            " beyond=" + out.slice(0, 3).join(";"), "*");
    }, 100);
});
</script>
END

# probe PAGE WIDTH: sets $probe to what the page says of itself at that width: in a frame, for a window has a least width.
probe() {
    cat "$work/$1" "$work/probe.html" >"$work/probed.html"
    echo '<body style="margin:0"><script>addEventListener("message", function (e) { document.body.setAttribute("data-probe", e.data); });' \
        "</script><iframe src=\"probed.html\" style=\"border:0;height:900px;width:$2px\"></iframe>" >"$work/frame.html"
    probe=$(open frame.html --window-size=1400,900 --virtual-time-budget=4000 --dump-dom | sed -n 's/.*data-probe="\([^"]*\)".*/\1/p')
}

value() {
    echo "$probe" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

awk -v days=30 -v clients=4000 -v lines=40000 -f tests/report/traffic.awk >"$work/month.log"
awk -v days=3 -v clients=400 -v lines=4000 -v hostile=1 -f tests/report/traffic.awk >"$work/hostile.log"
cp tests/report/gatepost.conf "$work/gatepost.conf"
ok "a page of tests/logs" "$gatepost" report --year 2003 -o "$work/logs.html" tests/logs/exim-main.log tests/logs/exim-reject.log \
    tests/logs/postfix.log tests/logs/sendmail.log tests/logs/wolfskill-2003.log
ok "a page of a month" "$gatepost" report --config "$work/gatepost.conf" -o "$work/month.html" "$work/month.log"
ok "a page of hostile traffic" "$gatepost" report -o "$work/hostile.html" "$work/hostile.log"
: >"$work/empty.log"
ok "a page of an empty log" "$gatepost" report -o "$work/empty.html" "$work/empty.log"

if [ -z "$browser" ]; then
    for page in logs month hostile empty; do skip "$page.html in a browser" "there is no Chromium"; done
    finish check-pictures
    exit
fi

for page in logs month hostile empty; do
    for width in 1280 390; do
        probe "$page.html" "$width"
        ok "$page at $width: '$probe' is wider than its window" test "$(value page)" = "$width" -a "$(value width)" = "$width"
        ok "$page at $width: something sticks out: '$probe'" test -z "$(value beyond)"
        ok "$page at $width: what others wrote ran as a script" test "$(value title)" = Refused
        [ "$page" = empty ] && continue
        ok "$page at $width: no chart is drawn: '$probe'" test "$(value charts)" -ge 1 -a "$(value bars)" -ge 3
        ok "$page at $width: the table is not sorted" test "$(value sorted)" = true
    done
done
probe month.html 1280
ok "the month: three charts, each with many bars: '$probe'" test "$(value charts)" -eq 3 -a "$(value bars)" -ge 300

# The pictures: they differ between dark and light, and without scripts nothing does.
light=--blink-settings=preferredColorScheme=1
dark=--blink-settings=preferredColorScheme=0
open month.html $light --window-size=1280,2100 --screenshot="$folder/desktop.png"
open month.html $dark --window-size=1280,2100 --screenshot="$folder/dark.png"
open month.html $light --window-size=390,2100 --screenshot="$folder/phone.png"
sed 's|<script>.*||' "$work/month.html" >"$work/noscript.html"
open noscript.html $light --window-size=1280,2100 --screenshot="$folder/noscript.png"
open month.html $light --no-pdf-header-footer --print-to-pdf="$folder/print.pdf"
for picture in desktop dark phone noscript; do
    ok "$picture.png is not there" test -s "$work/$picture.png"
done
ok "dark is as light" test "$(cksum <"$work/desktop.png")" != "$(cksum <"$work/dark.png")"
ok "without scripts the page is another" cmp -s "$work/desktop.png" "$work/noscript.png"
ok "the print is not there" grep -q '^%PDF' "$work/print.pdf"

if [ -n "$docs" ]; then
    for picture in desktop dark phone; do cp "$work/$picture.png" "$docs/report-$picture.png"; done
    # What goes to paper, as wide as a sheet of A4.
    sed 's/@media print/@media all/' "$work/month.html" >"$work/paper.html"
    open paper.html $light --window-size=760,1700 --screenshot="$folder/print.png"
    cp "$work/print.png" "$docs/report-print.png"
fi
finish check-pictures
