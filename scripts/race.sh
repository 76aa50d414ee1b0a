#!/usr/bin/env bash
# Lets Veza and Vendure run against each other, after scripts/setup.sh race. Arguments go to the program: scripts/race.sh --runs 5
set -euo pipefail
cd "$(dirname "$0")/.."

test -x target/release/veza || echo "Building Veza; the first time takes five minutes or more." >&2
# By itself, so that it is what is released: together they would share the features of what they depend on.
cargo build --release --quiet -p veza
exec cargo run --release --quiet -p veza-compare -- "$@"
