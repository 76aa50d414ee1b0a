#!/usr/bin/env bash
# Installs what Veza needs, or says what is missing and how to get it. What is there is left alone, so it is safe to repeat.
#
#   scripts/setup.sh build    what building and testing takes: cargo, a C compiler, make
#   scripts/setup.sh tests    what the tests take beside that: Postgres and PgBouncer to start and throw away, openssl
#   scripts/setup.sh node     what checking the API takes: Node.js 18.17 or newer, npm
#   scripts/setup.sh api-fuzz what fuzzing the API takes: Python 3.10 or newer, and Schemathesis in target/api-fuzz-venv
#   scripts/setup.sh fuzz     what the fuzzers take: cargo-fuzz
#   scripts/setup.sh race     what the race takes: Node.js 20 or newer, and Vendure in bench/compare/vendure, built
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }

# The packages that bring the commands which are missing; one line each.
missing_packages() {
    case $1 in
        build) command -v cc >/dev/null && command -v make >/dev/null || echo build-essential ;;
        tests)
            ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || echo postgresql
            command -v openssl >/dev/null || echo openssl
            [ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null || echo pgbouncer
            ;;
        api-fuzz) command -v python3 >/dev/null && python3 -c 'import ensurepip' 2>/dev/null || printf 'python3\npython3-venv\n' ;;
        fuzz) command -v c++ >/dev/null || echo build-essential ;;
        node | race) command -v node >/dev/null && command -v npm >/dev/null || printf 'nodejs\nnpm\n' ;;
    esac
}

# Installs Debian packages as root or with sudo; without either it prints the one command and fails.
install() {
    local packages=("$@")
    if ! command -v apt-get >/dev/null; then
        say "Missing: ${packages[*]} (Debian's names). Install them with this system's package manager and try again."
        return 1
    fi
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null || ! { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
            say "Missing: ${packages[*]}. Run this as root, then try again:"
            say "    apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
            return 1
        fi
        as_root=(sudo)
    fi
    say "Installing Debian packages: ${packages[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2
}

need_cargo() {
    if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
        say "Rust is installed, but its folder is not in PATH. Run: export PATH=\"\$HOME/.cargo/bin:\$PATH\""
        return 1
    elif ! command -v cargo >/dev/null; then
        say "Missing: Rust 1.95 or newer, with cargo. https://rustup.rs installs it."
        return 1
    fi
}

need_node_version() {
    if ! node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 18 || (a == 18 && b >= 17) ? 0 : 1)'; then
        say "Node.js $(node --version) is too old: 18.17 or newer is needed."
        return 1
    fi
}

# Installed anew only when the list of its packages has changed since.
make_venv() {
    local venv=target/api-fuzz-venv list=scripts/api-fuzz/requirements.txt
    if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
        say "$(python3 --version) is too old: 3.10 or newer is needed."
        return 1
    fi
    if ! sha256sum --check --status "$venv/installed.sum" 2>/dev/null; then
        say "Installing Schemathesis in $venv"
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$list" >&2
        sha256sum "$list" >"$venv/installed.sum"
    fi
}

need_cargo_fuzz() {
    if ! command -v cargo-fuzz >/dev/null && ! [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo-fuzz" ]; then
        say "Installing cargo-fuzz by cargo install"
        cargo install cargo-fuzz --locked --version 0.13.2 --quiet
    fi
}

# Installs Vendure when its lock file has changed since, and builds the plugin when that has.
vendure() {
    local project stamp
    project=$(cd "$(dirname "$0")/../bench/compare/vendure" && pwd)
    stamp=$project/node_modules/.package-lock.sum
    if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
        say "Node.js $(node --version) is too old for Vendure: 20 or newer is needed."
        return 1
    fi
    if ! sha256sum --check --status "$stamp" 2>/dev/null; then
        say "Installing Vendure; SQLite for Node.js may have to be compiled."
        # node-gyp looks for Node's headers on the net, unless they are here.
        local headers
        headers=$(node -p 'require("path").resolve(process.execPath, "../..")')
        [ ! -f "$headers/include/node/node.h" ] || export npm_config_nodedir=$headers
        npm ci --prefix "$project" --no-audit --no-fund --loglevel=error || return 1
        if ! node -e 'new (require(process.argv[1]))(":memory:")' "$project/node_modules/better-sqlite3"; then
            say "better-sqlite3 does not work: it has to be compiled, with a C++ compiler, Python and Node's headers (libnode-dev)."
            return 1
        fi
        sha256sum "$project/package-lock.json" >"$stamp"
    fi
    npm run --silent --prefix "$project" build
}

what=${1:-build}
case $what in
    build | tests | node | api-fuzz | fuzz | race) ;;
    *) say "usage: scripts/setup.sh build|tests|node|api-fuzz|fuzz|race" && exit 2 ;;
esac
[ "$what" != build ] || need_cargo
mapfile -t packages < <(missing_packages "$what")
[ ${#packages[@]} = 0 ] || install "${packages[@]}"
[ "$what" != node ] || need_node_version
[ "$what" != api-fuzz ] || make_venv
[ "$what" != fuzz ] || need_cargo_fuzz
[ "$what" != race ] || vendure
