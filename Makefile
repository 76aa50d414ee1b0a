# `make run` and `make test` are all that a newcomer needs. ARGS go to the program: make run ARGS="--help"
.DEFAULT_GOAL := help
.PHONY: help run demo test check crash bench openapi

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

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

crash: ## kill the program at every point of every flow, take the power from its file, and say what came of it
	@scripts/setup.sh build
	@scripts/setup.sh tests
	@scripts/crash.sh $(ARGS)

bench: ## measure, and print a table
	@scripts/setup.sh build
	@cargo run --release --quiet -p veza-bench -- $(ARGS)

openapi: ## write openapi.yaml from the code, and the TypeScript client from it
	@scripts/openapi.sh
