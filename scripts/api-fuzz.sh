#!/usr/bin/env bash
# Schemathesis calls every operation of a running server in ways that openapi.yaml allows and forbids, as nobody, as somebody and as an
# admin, on real things: no answer is a 5xx, has a status, a content type or a shape that openapi.yaml does not name, or comes without
# the token that it wants. Then the log has no bug in it, and the books agree with the providers'.
#
#   scripts/api-fuzz.sh            100 cases an operation and caller
#   scripts/api-fuzz.sh short      few of them, as nobody and as an admin, in a minute or so: what `make check` does
#   N=1000 SEED=7 scripts/api-fuzz.sh
#
# VEZA_BIN names the program; without it, it is built. Ends with 0: nothing found, 1: something found (each with a curl command),
# 2: called wrongly, 3: it could not run.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 3

form=${1:-long} seed=${SEED:-1} callers=(nobody user admin)
case $form in
    long) cases=${N:-100} ;;
    short) cases=${N:-4} callers=(nobody admin) ;;
    *) echo "usage: scripts/api-fuzz.sh [short]" >&2 && exit 2 ;;
esac
case $cases$seed in *[!0-9]*) echo "N and SEED are numbers" >&2 && exit 2 ;; esac

unable() { echo "can't run: $*" >&2 && exit 3; }

scripts/setup.sh api-fuzz || unable "Schemathesis could not be installed"
if [ -z "${VEZA_BIN:-}" ]; then
    cargo build --quiet -p veza || unable "veza could not be built"
    VEZA_BIN=$(cargo metadata --no-deps --offline --format-version 1 | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug/veza
fi
venv=$PWD/target/api-fuzz-venv

ground=$(mktemp -d) || unable "no temporary folder"
server_pid=
clean_up() {
    [ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null
    rm -rf "$ground"
}
trap clean_up EXIT

read -r port sandbox_port < <("$venv/bin/python" -c '
import socket
sockets = [socket.socket() for _ in range(2)]
for each in sockets:
    each.bind(("127.0.0.1", 0))
print(*[each.getsockname()[1] for each in sockets])')
server=http://127.0.0.1:$port sandbox=http://127.0.0.1:$sandbox_port
export APP_ENV=development DATA_DIR=$ground/data DATABASE_URL=sqlite://$ground/veza.db BIND_ADDR=127.0.0.1:$port
export SANDBOX_BIND_ADDR=127.0.0.1:$sandbox_port RATE_LIMITS=off
"$VEZA_BIN" serve >"$ground/server.log" 2>&1 &
server_pid=$!
up() { "$venv/bin/python" -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)' "$server/health/ready" 2>/dev/null; }
for _ in $(seq 150); do
    up && break
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.2
done
up || { cat "$ground/server.log" >&2 && unable "the server does not start"; }

password=korrekt-pferd-batterie-42
"$VEZA_BIN" admin create --email admin@example.org --password "$password" >/dev/null || unable "no admin"
"$venv/bin/python" scripts/api-fuzz/stage.py "$server" "$sandbox" "$DATA_DIR/outbox" admin@example.org "$password" "$ground/stage.json" ||
    unable "the things to call operations on could not be made"
export SCHEMATHESIS_HOOKS=hooks PYTHONPATH=$PWD/scripts/api-fuzz API_FUZZ_STAGE=$ground/stage.json API_FUZZ_SEED=$seed
export API_FUZZ_SERVER=$server API_FUZZ_PASSWORD=$password
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance
checks+=,unsupported_method,ignored_auth
failed=()
for caller in "${callers[@]}"; do
    echo "== as $caller, $cases cases an operation"
    arguments=(run "$PWD/openapi.yaml" --url "$server" --phases examples,coverage,fuzzing --max-examples "$cases" --checks "$checks")
    arguments+=(--seed "$seed" --workers 1 --continue-on-failure --warnings off --request-timeout 30 --generation-database none)
    # One worker: CPython 3.11 fails in Hypothesis with more ("AST constructor recursion depth mismatch").
    # One's own logout would end the run.
    [ "$caller" = nobody ] || arguments+=(--exclude-operation-id logout)
    (cd "$ground" && API_FUZZ_CALLER=$caller "$venv/bin/schemathesis" "${arguments[@]}") >"$ground/$caller.log" 2>&1 # it keeps notes where it runs
    status=$?
    grep -E '^ +[0-9]+ generated|^[0-9]+ calls|^  [A-Z]+ /|^=+ .* in .*s =+$' "$ground/$caller.log"
    if grep '^too few' "$ground/$caller.log"; then failed+=("as $caller: too few operations succeeded"); fi
    if [ $status != 0 ]; then
        sed -n '/= FAILURES =\|= ERRORS =/,$p' "$ground/$caller.log" | cut -c1-500 | head -300
        failed+=("as $caller")
    fi
done

up || failed+=("the server is gone")
if grep -E 'this is a bug|panicked at' "$ground/server.log"; then failed+=("the server's log"); fi
echo "== plans without paying"
"$venv/bin/python" scripts/probes/plan-gate.py "$server" >/dev/null || failed+=("the probe of plans, looking")
"$venv/bin/python" scripts/probes/plan-gate.py "$server" --destructive --outbox "$DATA_DIR/outbox" || failed+=("a plan without paying")
echo "== the books"
"$VEZA_BIN" audit || failed+=("the books")
echo
if [ ${#failed[@]} != 0 ]; then
    printf 'something was found: %s\n' "${failed[@]}"
    exit 1
fi
echo "nothing was found"
