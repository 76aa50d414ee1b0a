#!/usr/bin/env bash
# Everything that a change has to pass beyond the tests. Runs all steps, then says which failed.
#
#   scripts/check.sh            every step
#   scripts/check.sh NAME...    these steps: format lints docs openapi api-lint api-fuzz client sandbox-schema dependencies
#
# The steps on the API need Node.js or Python; without it they are skipped, in CI (CI=true) it is installed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# What scripts/test.sh builds, so that nothing is built twice.
lean=(--workspace --no-default-features)
profile=${VEZA_TEST_PROFILE:-dev}
passed=0 failed=() skipped=()

format() { cargo fmt --all -- --check; }

lints() { cargo clippy --profile "$profile" "${lean[@]}" --all-targets --quiet -- -D warnings; }

docs() { RUSTDOCFLAGS="-D warnings" cargo doc --profile "$profile" "${lean[@]}" --no-deps --quiet; }

# Builds the program and says where it is. CI has built it with the tests: what they were built with is taken again.
program() {
    if [ "${CI:-}" = true ]; then
        cargo test --profile "$profile" "${lean[@]}" --no-run --quiet
    else
        cargo build --profile "$profile" --quiet -p veza
    fi || return 1
    local target
    target=$(cargo metadata --no-deps --offline --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    echo "$target/${profile/#dev/debug}/veza"
}

# openapi.yaml is what the code says; `make openapi` writes it anew.
openapi() {
    local made veza
    veza=$(program) && made=$(mktemp) || return 1
    if ! "$veza" openapi >"$made"; then
        rm -f "$made"
        return 1
    fi
    if ! diff -u openapi.yaml "$made"; then
        echo "openapi.yaml is not what the code says: run 'make openapi' and commit it."
        rm -f "$made"
        return 1
    fi
    rm -f "$made"
}

api-lint() { npm run --silent --prefix clients lint; }

# Every operation as openapi.yaml says, by Schemathesis, in short.
api-fuzz() { VEZA_BIN=$(program) scripts/api-fuzz.sh short; }

# The client is the one that openapi.yaml gives, passes the strict compiler, and sells and refunds something on a real server.
client() {
    local before
    before=$(mktemp -d) || return 1
    cp -r clients/src/generated/. "$before"
    npm run --silent --prefix clients generate || return 1
    if ! diff -rq "$before" clients/src/generated; then
        echo "clients/src/generated was not what openapi.yaml gives; it is now: commit it."
        rm -rf "$before"
        return 1
    fi
    rm -rf "$before"
    npm run --silent --prefix clients typecheck || return 1
    VEZA_BIN=$(program) npm run --silent --prefix clients test
}

# The sandbox's Stripe answers against Stripe's published schema, by Prism as a validating proxy.
sandbox-schema() { VEZA_REQUIRE_PRISM=1 cargo test --profile "$profile" --quiet "${lean[@]}" --test prism; }

dependencies() { cargo deny --offline check licenses bans sources; }

# Why a step can't run here, if it can't.
obstacle() {
    case $1 in
        api-fuzz)
            [ "${CI:-}" = true ] || python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
                echo "Python 3.10 with venv is not installed"
            ;;
        api-lint | client) [ -n "$node" ] || echo "Node.js is not installed" ;;
        sandbox-schema)
            [ -n "$node" ] || echo "Node.js is not installed"
            [ -f "${VEZA_CONTRACTS:-../shared/contracts}/stripe-openapi.json" ] ||
                echo "Stripe's OpenAPI document is not here: name its folder in VEZA_CONTRACTS"
            ;;
        dependencies) command -v cargo-deny >/dev/null || echo "cargo-deny is not installed" ;;
    esac
}

# Makes Node.js and the packages of clients/ ready; `node` says whether they are.
prepare_node() {
    node=
    if [ "${CI:-}" = true ]; then
        scripts/setup.sh node || return
    elif ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        return
    fi
    # Installed anew only when the lock file has changed since.
    local stamp=clients/node_modules/.package-lock.sum
    if ! sha256sum --check --status "$stamp" 2>/dev/null; then
        npm ci --prefix clients --ignore-scripts --no-audit --no-fund --loglevel=error || return
        sha256sum clients/package-lock.json >"$stamp"
    fi
    node=ready
}

step() {
    local name=$1 why
    why=$(obstacle "$name")
    echo "== $name"
    if [ -n "$why" ] && [ "${CI:-}" = true ] && [ -z "$node" ] && [ "$name" != dependencies ]; then
        echo "can't run: $why"
        failed+=("$name")
    elif [ -n "$why" ]; then
        echo "skipped: $why"
        skipped+=("$name")
    elif "$name"; then
        passed=$((passed + 1))
    else
        failed+=("$name")
    fi
}

steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(format lints docs openapi api-lint api-fuzz client sandbox-schema dependencies)
for name in "${steps[@]}"; do
    declare -F "$name" >/dev/null || { echo "no such step: $name" && exit 2; }
done
node=
case " ${steps[*]} " in *" api-lint "* | *" client "* | *" sandbox-schema "*) prepare_node ;; esac
for name in "${steps[@]}"; do
    step "$name"
done
echo
[ ${#skipped[@]} = 0 ] || echo "skipped: ${skipped[*]}"
[ ${#failed[@]} = 0 ] || echo "failed: ${failed[*]}"
echo "checks: $passed passed, ${#failed[@]} failed, ${#skipped[@]} skipped"
[ ${#failed[@]} = 0 ]
