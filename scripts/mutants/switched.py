#!/usr/bin/env python3
"""Mutation of the use cases around a settlement, or of the rules (docs/proof/net.md).

One change at a time would cost a build each. So all of cargo-mutants' list goes into one copy of the sources, each change behind a switch: a
function begins with `if crate::mutated(7) { return <its body with change 7>; }`. Built once; then the simulation plays some hundred histories
for each change of a use case, and what it lets pass goes through the tests (all of it, or so many by lot). All tests run once without any
change and write down which switches they pass: a change is tried with those tests alone that come by it. Rules have their own tests only.

Prints a line a change and a table at the end; the list is in target/mutants/<what>.json, and what stands there is not tried again.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "target" / "mutants"
# The use cases that are looked at.
FILES = [
    "settle", "psp_reads", "commit", "effects", "effects/*", "transfers", "reversals", "refunds", "reconcile", "reconcile/*", "webhooks", "delivery", "calls", "attention",
    "subscriptions/*", "idempotency", "checkout", "connect_events",
]
# `cases` are the simulation's histories that once broke something.
SUITES = [
    "cases", "sale", "refund", "retries", "reconcile", "debts", "disputes", "trouble", "subscriptions", "oncall", "metrics", "operators",
    "audits", "instances", "crash", "demo", "edge", "authorisation", "several", "seller_and_admin", "doctor", "year",
    "stalls", "effects", "messages", "shares", "looks", "checkout", "renewals",
]
# Those that are likely to notice go first.
NEAR = {
    "effects": ["effects", "retries"], "psp_reads": ["effects", "messages"], "settle": ["messages", "effects"], "commit": ["trouble", "refund"],
    "webhooks": ["messages"], "connect_events": ["messages", "disputes", "debts"], "transfers": ["shares"], "reversals": ["shares", "debts"],
    "reconcile": ["looks", "shares", "reconcile", "metrics"], "checkout": ["checkout", "retries"], "idempotency": ["checkout", "retries"],
    "refunds": ["checkout", "refund"], "subscriptions": ["renewals", "subscriptions"],
}
SURVIVES = "nobody yet"
NOBODY = "nobody, of"
HANGS = 124  # what `timeout` ends with
SWITCH = '''
#[doc(hidden)]
pub fn mutated(change: u32) -> bool {
    static WANTED: std::sync::LazyLock<u32> =
        std::sync::LazyLock::new(|| std::env::var("VEZA_MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0));
    if let Some(tests) = &*TRACE
        && !SEEN[change as usize].swap(true, std::sync::atomic::Ordering::Relaxed)
        && let Ok(mut test) = std::fs::File::options().create(true).append(true).open(tests)
    {
        let _ = std::io::Write::write_all(&mut test, format!("{change}\n").as_bytes());
    }
    *WANTED == change
}

/// Which tests come by: a file for each in this folder.
static TRACE: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(|| {
    let [folder, binary, test] = ["VEZA_MUTANT_TRACE", "NEXTEST_BINARY_ID", "NEXTEST_TEST_NAME"].map(|name| std::env::var(name).ok());
    Some(format!("{}/{}@{}", folder?, binary?.replace("::", "="), test?.replace("::", "=")))
});
static SEEN: [std::sync::atomic::AtomicBool; 4096] = [const { std::sync::atomic::AtomicBool::new(false) }; 4096];
'''


def run(*command, **options):
    return subprocess.run([str(part) for part in command], text=True, capture_output=True, **options)


def copy_sources():
    """The tracked files; what is the same keeps its time, so that nothing of it is built again."""
    for name in run("git", "ls-files", "-z", cwd=ROOT).stdout.split("\0"):
        source, target = ROOT / name, IS.copy / name
        if name and source.is_file() and not (target.is_file() and target.read_bytes() == source.read_bytes()):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    # A changed body need not be pretty.
    manifest = IS.copy / "Cargo.toml"
    manifest.write_text(re.sub(r"(?ms)^\[workspace\.lints.*?(?=^\[(?!workspace\.lints))", "[workspace.lints]\n", manifest.read_text(), count=1))


def place_of(change):
    """The use case, or the file of rules."""
    return change["file"].removeprefix("app/src/usecases/").removeprefix("domain/src/").removesuffix(".rs")


def listed():
    """cargo-mutants' changes in the order of FILES, numbered from 1."""
    files = [part for name in FILES for part in ("--file", f"app/src/usecases/{name}.rs")] if IS.simulated else []
    found = json.loads(run("cargo", "mutants", "--list", "--json", "--package", IS.package, *files, cwd=ROOT).stdout)
    # What is in no function has no place for a switch: constants. What returns an `impl Iterator` returns one kind of it only.
    found = [change for change in found if change["function"] and "impl " not in (change["function"]["return_type"] or "")]
    rank = {name: at for at, name in enumerate(FILES)}
    found.sort(key=lambda change: rank.get(place_of(change), rank.get(place_of(change).split("/")[0] + "/*", len(rank))))
    seen = Counter()
    for number, change in enumerate(found, 1):
        # Known by this from run to run: lines and columns move.
        plain = change["file"] + re.sub(r"^.*?:\d+:\d+", "", change["name"])
        seen[plain] += 1
        change |= {"number": number, "key": plain if seen[plain] == 1 else f"{plain} ({seen[plain]})"}
    return found


def offset(lines, place):
    """cargo-mutants counts lines and columns from 1, columns in characters."""
    return sum(len(line) for line in lines[: place["line"] - 1]) + place["column"] - 1


def body_at(text, start):
    """Where the body of the function at `start` begins."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[at], 0)
        if text[at] == "{" and depth == 0:
            return at
    raise ValueError("a function without a body")


def switched(text, changes):
    """The file with all of `changes` behind switches."""
    lines = text.splitlines(keepends=True)
    functions = {}
    for change in changes:
        span = change["function"]["span"]
        functions.setdefault((offset(lines, span["start"]), offset(lines, span["end"])), []).append(change)
    for (start, end), its in sorted(functions.items(), reverse=True):
        body = body_at(text, start)
        ways = []
        for change in its:
            first, last = (offset(lines, change["span"][side]) for side in ("start", "end"))
            changed = text[body:first] + change["replacement"] + text[last:end]
            if not changed.startswith("{"):
                changed = "{ " + changed + " }"
            ways.append(f"\nif crate::mutated({change['number']}) {{ return {changed}; }} /* to {change['number']} */\n")
        text = text[: body + 1] + "".join(ways) + text[body + 1 :]
    return text


@cache
def original(name):
    """As it was when it was first read: somebody may go on writing."""
    return (ROOT / name).read_text()


def write(changes):
    """Writes the files with these changes."""
    by_file = {}
    for change in changes:
        by_file.setdefault(change["file"], []).append(change)
    for name, its in by_file.items():
        (IS.copy / name).write_text(switched(original(name), its))
    (IS.copy / IS.lib).write_text(original(IS.lib) + SWITCH)


def numbers_at(path, line):
    """The change in whose switch this line is, if it is in one."""
    text = (IS.copy / path).read_text().splitlines()
    for at in range(line - 1, -1, -1):
        if re.search(r"/\* to \d+ \*/", text[at]) and at != line - 1:
            return None
        if found := re.match(r"if crate::mutated\((\d+)\)", text[at]):
            return int(found[1])
    return None


def viable(changes):
    """Those that compile together."""
    left = list(changes)
    originals = {change["file"] for change in changes}
    while True:
        for name in originals:
            (IS.copy / name).write_text(original(name))
        write(left)
        said = run("cargo", "build", "--profile", IS.profile, "--package", IS.package, "--lib", "--message-format=json", cwd=IS.copy, env=environment())
        wrong = set()
        for line in said.stdout.splitlines():
            message = json.loads(line).get("message") or {}
            if message.get("level") == "error":
                for span in message.get("spans", []):
                    if (number := numbers_at(span["file_name"], span["line_start"])) is not None:
                        wrong.add(number)
        if said.returncode == 0:
            return left
        if not wrong:
            sys.exit("the copy does not compile, and no change is to blame:\n" + said.stderr[-4000:])
        left = [change for change in left if change["number"] not in wrong]
        print(f"{len(wrong)} do not compile, {len(left)} left", flush=True)


def environment(**more):
    return {**os.environ, "CARGO_INCREMENTAL": "0", "CARGO_TARGET_DIR": str(ROOT / "target"), **more}


def build():
    """The simulation, optimized, and the tests, whose programs are then run without cargo."""
    built = []
    chosen = ["--package", IS.package, "--lib", "--tests"]
    if IS.simulated:
        built.append(run("cargo", "build", "--profile", "sim", "--package", "veza-sim", cwd=IS.copy, env=environment()))
        chosen = ["--workspace", "--no-default-features", "--lib", *(part for suite in SUITES for part in ("--test", suite))]
    listed_as = ["--list-type", "binaries-only", "--message-format", "json"]
    built.append(run("cargo", "nextest", "list", "--cargo-profile", "ci", *chosen, *listed_as, cwd=IS.copy, env=environment()))
    for each in built:
        if each.returncode:
            sys.exit(each.stderr[-4000:])
    IS.binaries.write_text(built[-1].stdout)
    IS.metadata.write_text(run("cargo", "metadata", "--format-version", "1", cwd=IS.copy, env=environment()).stdout)


def simulation_notices(change):
    """Who notices in the simulation."""
    command = [ROOT / "target/sim/veza-sim", "run", "--as-they-are", "--threads", "1", "--histories", ARGUMENTS.histories]
    try:
        ran = run(*command, env={**os.environ, "VEZA_MUTANT": str(change["number"])}, timeout=180)
    except subprocess.TimeoutExpired:
        return "the simulation, which hangs"
    return "the simulation" if ran.returncode else SURVIVES


def nextest(chosen, *options, **more):
    """Runs the chosen ones of the built tests."""
    # Told to end, nextest ends its tests too.
    command = ["timeout", "1200" if IS.simulated else "120", "cargo", "nextest", "run", "--binaries-metadata", IS.binaries, "--cargo-metadata", IS.metadata]
    # Most of a test is waiting. A function that holds its body a dozen times wants a large stack.
    more = environment(RUST_MIN_STACK=str(64 << 20), NEXTEST_TEST_THREADS=str(2 * os.cpu_count()), VEZA_SIM_HISTORIES="20000", PROPTEST_CASES="24", **more)
    return run(*command, "--workspace-remap", IS.copy, "-E", chosen, *options, cwd=IS.copy, env=more)


def who_comes_by():
    """The tests by the number of the change whose switch they pass. They all have to pass."""
    shutil.rmtree(IS.traces, ignore_errors=True)
    IS.traces.mkdir(parents=True)
    if (ran := nextest("all()", VEZA_MUTANT_TRACE=str(IS.traces))).returncode:
        sys.exit("the tests fail without any change:\n" + ran.stderr[-4000:])
    comers = {}
    for trace in IS.traces.iterdir():
        binary, test = (part.replace("=", "::") for part in trace.name.split("@"))
        for number in set(map(int, trace.read_text().split())):
            comers.setdefault(number, []).append((binary, test))
    return comers


def suites_notice(change, comers):
    """Which test fails, twice, if one does; those that are likely to go first."""
    place = place_of(change)
    near = NEAR.get(place.split("/")[0], [])
    tests = comers.get(change["number"], [])
    # The pauses take both processors for half a minute. Tests of rules are named after their files.
    near_by_name = lambda test: not IS.simulated and test[1].split("::")[0].startswith(place.split("/")[0][:8])
    turn = lambda test: 0 if (suite := test[0].split("::")[-1]) in near or near_by_name(test) else 2 if suite == "stalls" else 1
    for chosen in ([test for test in tests if turn(test) == now] for now in range(3)):
        if not chosen:
            continue
        expression = " + ".join(f"(binary_id({binary}) & test(={test}))" for binary, test in chosen)
        ran = nextest(expression, "--fail-fast", "--retries", "1", VEZA_MUTANT=str(change["number"]))
        if ran.returncode == HANGS:
            return "a suite, which hangs"
        if ran.returncode:
            failed = re.search(r"(?:FAIL|SIGABRT|TIMEOUT) \[.*?\] (?:\([ 0-9/─]+\) )?(.*)", ran.stderr)
            return failed[1] if failed else "a suite"
    return f"{NOBODY} {len(tests)} tests that come by"


def main():
    copy_sources()
    changes = listed()
    kept = viable(changes)
    print(f"{len(changes)} changes, {len(changes) - len(kept)} do not compile", flush=True)
    build()
    if IS.simulated and simulation_notices({"number": 0}) != SURVIVES:
        sys.exit("the simulation fails without any change")
    comers = who_comes_by()
    print(f"{len(list(IS.traces.iterdir()))} tests come by at all, {sum(one['number'] not in comers for one in kept)} changes see none", flush=True)
    known = OUT / f"{ARGUMENTS.what}.json"
    verdicts = json.loads(known.read_text()) if known.is_file() else {}
    if not IS.simulated:
        verdicts = {one["key"]: SURVIVES for one in kept} | verdicts
    lock = Lock()

    def ask(who, change):
        began = time.time()
        verdict = who(change)
        with lock:
            verdicts[change["key"]] = verdict
            known.write_text(json.dumps(verdicts, indent=1))
            print(f"{time.time() - began:5.0f} s  {change['name']}: {verdict}", flush=True)

    # Most of a test is waiting, so that there are as many changes at a time as processors.
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for who, open_ones in ((simulation_notices, None), (partial(suites_notice, comers=comers), SURVIVES)):
            is_open = lambda verdict: verdict == open_ones or ARGUMENTS.again and open_ones and verdict.startswith(NOBODY)
            todo = [one for one in kept if is_open(verdicts.get(one["key"])) and re.search(ARGUMENTS.only, one["name"])]
            if open_ones == SURVIVES and ARGUMENTS.sample:
                todo = random.Random(ARGUMENTS.sample).sample(todo, min(ARGUMENTS.sample, len(todo)))
            list(pool.map(lambda change: ask(who, change), todo))
    kept = [change for change in kept if verdicts.get(change["key"], SURVIVES) != SURVIVES]
    missed = [change["name"] for change in kept if verdicts[change["key"]].startswith(NOBODY)]
    simulation = sum(verdicts[change["key"]].startswith("the simulation") for change in kept)
    print(f"{len(kept)} tried, {len(kept) - len(missed)} caught, {simulation} of them by the simulation; missed:")
    print("\n".join(f"  {name}" for name in missed))


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("what", choices=["usecases", "rules"], nargs="?", default="usecases")
parser.add_argument("--histories", default="400", help="histories for each change")
parser.add_argument("--only", default="", help="changes whose line matches this regular expression")
parser.add_argument("--again", action="store_true", help="what nobody noticed is tried again, after new tests")
parser.add_argument("--sample", type=int, default=0, help="so many of what the simulation lets pass go through the suites; 0 = all")
ARGUMENTS = parser.parse_args()


class IS:
    """What is changed, and where that is kept."""

    simulated = ARGUMENTS.what == "usecases"
    package, lib, profile = ("veza", "app/src/lib.rs", "sim") if simulated else ("veza-domain", "domain/src/lib.rs", "ci")
    copy = OUT / ARGUMENTS.what  # built in the folder of all builds, so that no dependency is built twice
    traces, binaries, metadata = (OUT / f"{ARGUMENTS.what}-{kept}" for kept in ("traces", "binaries.json", "metadata.json"))


main()
