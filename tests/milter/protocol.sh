#!/bin/sh
# protocol.sh: gatepost-milter spoken to in its own protocol, for what no mail server sends when it is asked to.
set -eu

cd "$(dirname "$0")/../.."
exec python3 tests/milter/protocol.py
