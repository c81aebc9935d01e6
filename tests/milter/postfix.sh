#!/bin/sh
# postfix.sh: gatepost-milter in a real Postfix; see server.sh.
exec "$(dirname "$0")/server.sh" postfix
