#!/usr/bin/env bash
# Ask OSV what is known of the locked dependencies: audit.sh UV [OPTION …]
# Ends with 0 where nothing is, with 1 where something is, and with 3 where nobody could be asked: never green by silence.
set -euo pipefail

uv=$1
shift
code=0
"$uv" audit --frozen --preview-features audit-command "$@" || code=$?
case $code in
  0 | 1) exit "$code" ;;
  *) echo "NOT AUDITED: what is known of the dependencies could not be asked for (uv ended with $code)" >&2 && exit 3 ;;
esac
