#!/usr/bin/env bash
# The simulation (docs/proof.md): so many histories on memory, and one in fifty on SQLite. Further arguments go to `veza-sim run`.
set -euo pipefail
cd "$(dirname "$0")/.."

histories=${1:-20000}
shift || true
cargo build --profile sim --quiet -p veza-sim
target/sim/veza-sim run --histories "$histories" "$@"
target/sim/veza-sim run --histories $(((histories + 49) / 50)) --base sqlite "$@"
