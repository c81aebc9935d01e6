#!/bin/sh
# dist.sh: writes the source of the last commit to $BUILD/gatepost-$VERSION.tar.gz, and prints its path. The same commit
# always gives the same bytes. A tagged commit must be tagged v$VERSION, and CHANGES.md must have that version. A commit
# without a tag is not a release, and the file's name says which commit it is.
set -eu

cd "$(dirname "$0")/../.."
BUILD=${BUILD:-build}

refuse() {
    echo "make dist: $*" >&2
    exit 1
}

command -v git >/dev/null || refuse "git is not installed; the archive is made of a commit"
top=$(git rev-parse --show-toplevel 2>&1) || refuse "this folder is no checkout of git; the archive is made of a commit ($(echo "$top" | head -n 1))"
[ "$top" = "$(pwd -P)" ] || refuse "this folder is part of the checkout $top, and not the top of one of its own"
git rev-parse --quiet --verify HEAD >/dev/null || refuse "there is no commit yet"

version=${VERSION:?}
tags=$(git tag --points-at HEAD 'v[0-9]*')
if [ -z "$tags" ]; then
    version=$VERSION+$(git rev-parse --short=12 HEAD)
    echo "make dist: the commit has no tag v$VERSION, so this is no release" >&2
elif ! echo "$tags" | grep -Fqx "v$VERSION"; then
    refuse "the commit is tagged $(echo "$tags" | tr '\n' ' ')and VERSION in the Makefile is $VERSION"
elif ! git show HEAD:CHANGES.md | grep -Fqx "## $VERSION"; then
    refuse "CHANGES.md has no heading '## $VERSION'"
fi
git diff --quiet HEAD || echo "make dist: what is not committed is not in it" >&2

# No configuration of the user changes the result.
archive() {
    git -c core.autocrlf=false -c core.eol=lf -c core.attributesFile=/dev/null -c tar.umask=0022 archive --format=tar "--prefix=gatepost-$version/" HEAD
}

mkdir -p "$BUILD"
file=$BUILD/gatepost-$version.tar.gz
archive >"$file.tar" || refuse "git archive failed"
gzip -n9 <"$file.tar" >"$file.new"
rm "$file.tar"
mv "$file.new" "$file"
echo "$file"
