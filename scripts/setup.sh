#!/usr/bin/env bash
# Installs what Veza needs, or says what is missing and how to get it. What is there is left alone, so it is safe to repeat.
#
#   scripts/setup.sh build    what building and testing takes: cargo, a C compiler, make
#   scripts/setup.sh tests    what the tests take beside that: Postgres and PgBouncer to start and throw away, openssl
#   scripts/setup.sh node     what checking the API takes: Node.js 18.17 or newer, npm
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
        node) command -v node >/dev/null && command -v npm >/dev/null || printf 'nodejs\nnpm\n' ;;
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

what=${1:-build}
case $what in
    build | tests | node) ;;
    *) say "usage: scripts/setup.sh build|tests|node" && exit 2 ;;
esac
[ "$what" != build ] || need_cargo
mapfile -t packages < <(missing_packages "$what")
[ ${#packages[@]} = 0 ] || install "${packages[@]}"
[ "$what" != node ] || need_node_version
