#!/usr/bin/env bash
# All tests: those in documentation first, then the sales and refunds on Postgres, then everything, by cargo-nextest where it
# is installed. Arguments go to the last of the three, and leave out the first two.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# = 0 ]; then
    echo "== documentation examples"
    cargo test --workspace --doc --quiet
    # Built with the whole workspace, so that nothing is built twice.
    echo "== sales and refunds on Postgres"
    if command -v cargo-nextest >/dev/null; then
        VEZA_TEST_STORE=postgres cargo nextest run --workspace --no-fail-fast -E 'binary(sale) | binary(refund)'
    else
        VEZA_TEST_STORE=postgres cargo test --workspace --no-fail-fast --test sale --test refund
    fi
fi
echo "== tests"
if command -v cargo-nextest >/dev/null; then
    exec cargo nextest run --workspace --no-fail-fast "$@"
fi
exec cargo test --workspace --lib --bins --tests --no-fail-fast "$@"
