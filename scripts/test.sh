#!/usr/bin/env bash
# All tests: those in documentation first, then the end-to-end tests on Postgres, then everything (with SQLite end to end, and some
# histories of the simulation), by cargo-nextest where it is installed. Arguments go to the last of the three, and leave out the others.
set -euo pipefail
cd "$(dirname "$0")/.."

# Most of an end-to-end test is waiting: two of them a processor.
export NEXTEST_TEST_THREADS=${NEXTEST_TEST_THREADS:-$((2 * $(nproc)))}

# jemalloc, a default feature, takes three minutes of a processor to build.
lean=(--workspace --no-default-features)
# `ci` is what CI tests (Cargo.toml): slower to build, quicker to run.
profile=${VEZA_TEST_PROFILE:-dev}

if [ $# = 0 ]; then
    echo "== documentation examples"
    cargo test --profile "$profile" "${lean[@]}" --doc --quiet
    # Built with the whole workspace, so that nothing is built twice. A file there is a suite; tidy, a folder, wants no store.
    suites=()
    for suite in tests/tests/*.rs; do
        suites+=(--test "$(basename "$suite" .rs)")
    done
    echo "== end to end on Postgres"
    if command -v cargo-nextest >/dev/null; then
        VEZA_TEST_STORE=postgres cargo nextest run --cargo-profile "$profile" "${lean[@]}" --no-fail-fast "${suites[@]}"
    else
        VEZA_TEST_STORE=postgres cargo test --profile "$profile" "${lean[@]}" --no-fail-fast "${suites[@]}"
    fi
fi
echo "== tests"
if command -v cargo-nextest >/dev/null; then
    exec cargo nextest run --cargo-profile "$profile" "${lean[@]}" --no-fail-fast "$@"
fi
exec cargo test --profile "$profile" "${lean[@]}" --lib --bins --tests --no-fail-fast "$@"
