#!/bin/sh
# wine_root.sh ARGUMENT...: root.sh for the roots with Wine. They come from Debian 12 on every machine: the Wine of Debian 13, unpacked like
# this, ends with "Aborted" when it makes its prefix.
set -eu

GATEPOST_RELEASE=bookworm exec "$(dirname "$0")/root.sh" "$@"
