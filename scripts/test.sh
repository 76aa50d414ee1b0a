#!/usr/bin/env bash
# All tests: those in documentation first, then everything else, by cargo-nextest where it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== documentation examples"
cargo test --workspace --doc --quiet
echo "== tests"
if command -v cargo-nextest >/dev/null; then
    exec cargo nextest run --workspace --no-fail-fast "$@"
fi
exec cargo test --workspace --lib --bins --tests --no-fail-fast "$@"
