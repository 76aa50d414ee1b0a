#!/usr/bin/env bash
# Writes openapi.yaml from the code, and the TypeScript client from openapi.yaml where Node.js is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

made=$(mktemp)
trap 'rm -f "$made"' EXIT
cargo run --quiet -p veza -- openapi >"$made"
cat "$made" >openapi.yaml
if command -v npm >/dev/null; then
    [ -d clients/node_modules ] || npm ci --prefix clients --ignore-scripts --no-audit --no-fund --loglevel=error
    npm run --silent --prefix clients generate
else
    echo "Node.js is not installed: clients/src/generated is as it was." >&2
fi
