#!/usr/bin/env bash
# Mutation: changes the rules of the domain one expression at a time and lists the changes that no test notices (docs/proof/net.md).
# Arguments go to cargo-mutants: --shard 0/8 for a part, --file domain/src/refund.rs for a file, -j 2 for two at a time. The list is in
# target/mutants. Changes that make no difference are left out: .cargo/mutants.toml.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v cargo-mutants >/dev/null || cargo install cargo-mutants --locked
# A few cases of each property are enough to see a rule that is wrong; the suite's own run has more.
export PROPTEST_CASES=24 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
# The domain needs none of the other crates, so it is copied without them: each change then costs a third less.
alone=target/mutants/alone
rm -rf "$alone"
mkdir -p "$alone"
cp -r domain .cargo Cargo.lock "$alone"
sed 's/^members = .*/members = ["domain"]/; /^default-members = /d' Cargo.toml >"$alone/Cargo.toml"
exec cargo mutants --dir "$alone" --package veza-domain --output target/mutants --shuffle --minimum-test-timeout 60 "$@" -- --tests
