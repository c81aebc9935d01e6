#!/bin/sh
# sendmail.sh: gatepost-milter in a real Sendmail; see server.sh.
exec "$(dirname "$0")/server.sh" sendmail
