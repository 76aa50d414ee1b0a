#!/usr/bin/env bash
# The crash matrix and the loss of power, all of it; the figures stand at the end. Arguments choose tests: sqlite, postgres, sync.
# VEZA_CRASH=some takes what CI takes.
set -uo pipefail
cd "$(dirname "$0")/.."

said=$(mktemp) || exit 1
trap 'rm -f "$said"' EXIT
VEZA_CRASH=${VEZA_CRASH:-all} cargo test -p veza-crash --tests --no-fail-fast -- --nocapture --test-threads=1 "$@" | tee "$said"
status=${PIPESTATUS[0]}
echo
grep -oE '(crash matrix on|power loss:) .*' "$said" || status=1
[ "$status" = 0 ] && echo "crash: all well" || echo "crash: something is wrong, see above"
exit "$status"
