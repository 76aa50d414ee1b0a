# `make run` and `make test` are all that a newcomer needs. ARGS go to the program: make run ARGS="--help"
.DEFAULT_GOAL := help
.PHONY: help run demo test check sim crash planted mutants fuzz-short fuzz api-fuzz bench soak race openapi

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: ## serve with nothing configured: SQLite, local files, the sandbox as payment provider
	@scripts/setup.sh build
	@test -x target/release/veza || echo "Building Veza; the first time takes five minutes or more."
	@cargo build --release -p veza
	@cargo run --release --quiet -p veza -- serve $(ARGS)

demo: ## walk through a sale, a refund and a lost webhook, and compare the books
	@scripts/setup.sh build
	@test -x target/release/veza || echo "Building Veza; the first time takes five minutes or more."
	@cargo build --release -p veza
	@cargo run --release --quiet -p veza -- demo $(ARGS)

test: ## set up and run all tests
	@scripts/setup.sh build
	@scripts/setup.sh tests
	@scripts/test.sh $(ARGS)

check: ## what CI does beyond the tests: format, lints, docs, API drift, the client (these want Node.js)
	@scripts/setup.sh build
	@scripts/check.sh $(ARGS)

sim: ## play N histories of the whole application with everything that can go wrong, and compare the books
	@scripts/setup.sh build
	@scripts/sim.sh $(or $(N),20000) $(ARGS)

crash: ## kill the program at every point of every flow, take the power from its file, and say what came of it
	@scripts/setup.sh build
	@scripts/setup.sh tests
	@scripts/crash.sh $(ARGS)

bench: ## measure, and print a table
	@scripts/setup.sh build
	@cargo run --release --quiet -p veza-bench -- $(ARGS)

soak: ## ten minutes of load with a fault every 400 ms; what memory and books say after it
	@scripts/setup.sh build
	@cargo run --release --quiet -p veza-bench -- --only soak $(ARGS)

planted: ## plant mistakes one at a time and see which test notices: half an hour
	@scripts/setup.sh build
	@cargo test -p veza-tests --test planted -- --ignored --nocapture

mutants: ## mutate the rules, statement by statement, and list what no test notices: hours; ARGS="--shard 0/8" for a part
	@scripts/setup.sh build
	@scripts/mutants.sh $(ARGS)

fuzz-short: ## every fuzz target over its corpus and some thousand mutations of it
	@scripts/setup.sh build
	@cargo test --package veza-fuzz --test short -- --nocapture

fuzz: ## let cargo-fuzz look for S seconds at the target T: make fuzz T=money S=60
	@scripts/setup.sh build
	@scripts/setup.sh fuzz
	@scripts/fuzz.sh "$(T)" "$(S)"

api-fuzz: ## call every operation of a running server in all ways that openapi.yaml allows and forbids
	@scripts/setup.sh build
	@scripts/api-fuzz.sh $(ARGS)

race: ## run against Vendure on this machine, and write docs/race.svg and its section in docs/performance.md
	@scripts/setup.sh build
	@scripts/setup.sh race
	@scripts/race.sh $(ARGS)

openapi: ## write openapi.yaml from the code, and the TypeScript client from it
	@scripts/openapi.sh
