#!/usr/bin/env bash
# Lets libFuzzer look for an input that breaks a property of one target (fuzz/src), beginning with the committed corpus.
#
#   scripts/fuzz.sh TARGET [SECONDS]     without a target: says which there are; 60 seconds
#
# Works with the stable toolchain: Veza has no unsafe code of its own, so coverage is what is needed and a sanitizer, which wants
# nightly, is not. What it finds is in fuzz/artifacts/TARGET: add it to fuzz/corpus/TARGET with the correction. Inputs that reach new
# code gather in fuzz/found/TARGET. Ends with 0: nothing found, 2: called wrongly, anything else: found something, or can't run.
set -euo pipefail
cd "$(dirname "$0")/.."

target=${1:-} seconds=${2:-60}
targets=(fuzz/targets/*.rs)
targets=("${targets[@]##*/}")
if [ -z "$target" ] || ! [ -f "fuzz/targets/$target.rs" ] || ! [[ $seconds =~ ^[0-9]+$ ]]; then
    echo "make fuzz T=target S=seconds; targets: ${targets[*]%.rs}" >&2
    exit 2
fi
PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
mkdir -p "fuzz/found/$target"
# Link-time optimisation costs minutes and finds nothing.
export CARGO_PROFILE_RELEASE_LTO=false
cargo fuzz run --sanitizer none --features libfuzzer "$target" "fuzz/found/$target" "fuzz/corpus/$target" -- \
    -max_total_time="$seconds" -dict=fuzz/tokens.dict -max_len=8192 -timeout=10 -print_final_stats=1
