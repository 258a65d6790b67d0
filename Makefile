# Ringfence. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/ringfence
DENY_VERSION := 0.20.2
DENY := $(CACHE)/cargo-deny-$(DENY_VERSION)/bin/cargo-deny

.PHONY: help demo bench faults test unit mutants mutants-check worlds e2e lint deny generate generated tools clean
help: ## List what there is
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: tools ## Flip a tenant on real servers, narrated; EXIT=1 ends by itself
	cargo build --quiet --bin ringfence
	cargo run --quiet -p ringfence-e2e --bin demo -- $(if $(EXIT),--exit)

bench: tools ## What a thousand tenants cost, against a raw client; ARGS="--tenants 100 -o json"
	cargo build --quiet --release --bin ringfence
	RINGFENCE_BIN=$${RINGFENCE_BIN:-$(or $(CARGO_TARGET_DIR),target)/release/ringfence} cargo run --quiet --release -p ringfence-e2e --bin bench -- $(ARGS)

faults: tools ## Every crash and fault plan, every interleaving of two leaders (about half an hour); writes docs/faults.md
	cargo build --bin ringfence
	RINGFENCE_FAULTS=all cargo test -p ringfence-e2e --test faults --test leaders -- --nocapture

test: lint deny generated mutants-check unit e2e ## Everything that must hold

unit: tools ## Unit tests and the sample platform's
	cargo test --lib --bins
	PYTHONPATH=examples/platform $$(e2e/tools/build.sh 2>/dev/null | tail -1)/python -m unittest discover -q -s examples/platform

mutants: ## Wrong versions on purpose, each caught by a named unit test; FILTER= chooses
	python3 mutants/run.py $(FILTER)

worlds: ## A million random worlds of agreements, a sixth of them for each property (some minutes)
	RINGFENCE_WORLDS=$${RINGFENCE_WORLDS:-170000} cargo test --profile worlds --lib agreement::property_tests

mutants-check: ## The list of wrong versions fits the sources
	@python3 mutants/run.py --check

e2e: tools ## Promises on real servers; FILTER= chooses tests by name
	cargo build --bin ringfence
	cargo test -p ringfence-e2e --no-run
	e2e/run.sh $(FILTER)

lint: ## Format and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

deny: $(DENY) ## Licences, sources and banned crates of all dependencies
	$(DENY) --log-level error check bans licenses sources

$(DENY):
	@echo "building cargo-deny $(DENY_VERSION), once (about 6 minutes)"
	cargo install --quiet --locked cargo-deny@$(DENY_VERSION) --root $(CACHE)/cargo-deny-$(DENY_VERSION)

generate: ## Write generated files anew
	cargo run --quiet -- crds --out crds
	cargo run --quiet -- preview --differences > docs/differences.md
	python3 mutants/run.py --write

generated: ## Fail when generated files are not up to date
	@dir=$$(mktemp -d) && cargo run --quiet -- crds --out $$dir && diff -ru crds $$dir && rm -r $$dir || { echo "crds/ is not what the code says: run make generate"; exit 1; }
	@cargo run --quiet -- preview --differences | diff -u docs/differences.md - || { echo "docs/differences.md is not what the code says: run make generate"; exit 1; }

tools: ## Build the real servers into your cache, once
	@e2e/tools/build.sh

clean: ## Remove build output; the cache of tools stays
	cargo clean
