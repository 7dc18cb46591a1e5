# Everything a person, a hook or CI runs. `make help` explains.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ENGINES := .venvs
TYPESCRIPT := tests/clients/typescript
SOURCES := src tests scripts benchmarks

# The tests of a file share what it takes long to start, so they stay in one process. Files that take long come first.
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder
PROCESSORS := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
AS_MANY := --numprocesses $(PROCESSORS)
# Much of the time of all tests is waiting for processes and timers; still more at once make each other late.
MORE := --numprocesses $(shell echo $$(((3 * $(PROCESSORS) + 1) / 2)))
LONGEST_FIRST := tests/e2e tests/browser tests/clients tests/contract tests/api tests/unit

# Their files are in memory where there is room: a store waits for the disk with each write.
export PYTEST_DEBUG_TEMPROOT := $(shell df -Pk /dev/shm 2>/dev/null | awk '$$4 > 2000000 {print "/dev/shm"}' | tail -1)

# What one of them has compiled is there for the others.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check lint fast format lock engines proof proof-dynamodb bench audit assets screenshots settings data metrics cli clean

help: ## Show what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## Set everything up and start the bridge (with its sandbox when there are no credentials)
	$(BIN)/withings-bridge serve

test: $(VENV)/.dev ## Set everything up and run all tests
	$(PYTEST) $(MORE) $(LONGEST_FIRST)

check: lint audit fast ## All that is quick: what the hooks run

lint: $(VENV)/.dev $(ENGINES)/lint/.ready ## Format, lint, types, import contracts, generated tables, container, tables as code
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/settings_table.py --check
	$(BIN)/python scripts/data_table.py --check
	$(BIN)/python scripts/metrics_table.py --check
	$(BIN)/python scripts/cli_page.py --check
	$(ENGINES)/lint/bin/hadolint Dockerfile
	$(ENGINES)/lint/bin/cfn-lint infrastructure/tables.yaml

# Whoever is done takes over tests of the other: to be even counts for more here than to share.
fast: $(VENV)/.dev ## The fast tests alone: no process, no engine, nothing that takes long
	$(BIN)/python -m pytest --dist worksteal $(AS_MANY) tests/unit -m "not e2e and not engine and not proof and not slow" --hypothesis-profile fast

format: $(VENV)/.dev ## Format the code and mend what the linter can mend
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

engines: $(ENGINES)/ministack/.ready $(ENGINES)/withings-api/.ready $(ENGINES)/openapi-python-client/.ready $(TYPESCRIPT)/node_modules/.ready ## Set up what some tests use beside: a DynamoDB engine, a foreign client, makers of clients (needs npm)

proof: $(VENV)/.dev $(ENGINES)/ministack/.ready ## Kill, starve and cut off bridges and live random histories at length, on both engines (PROOF=--record writes the outcome down)
	scripts/with_ministack $(BIN)/python scripts/proof.py --dynamodb ministack $(PROOF)

proof-dynamodb: $(VENV)/.dev $(ENGINES)/ministack/.ready ## Run the storage contract and the e2e tests on an engine that keeps DynamoDB's limits
	scripts/with_ministack $(PYTEST) $(AS_MANY) tests/e2e tests/contract/storage -m engine

bench: $(VENV)/.dev $(ENGINES)/ministack/.ready ## Measure speed and cost as ratios, each within one run (BENCH="decoding starting" measures those alone)
	scripts/with_ministack $(BIN)/python benchmarks $(BENCH)

audit: $(VENV)/.dev ## Ask the advisory service for known vulnerabilities in requirements.lock; skipped where it cannot be reached
	$(BIN)/python scripts/audit.py

lock: $(VENV)/.dev ## Resolve the dependencies and pin them with hashes (LOCK=--upgrade moves to the newest)
	scripts/lock $(LOCK)

assets: $(VENV)/.dev ## Put the browser assets in place, unmodified release files
	$(BIN)/python scripts/vendor_assets.py

screenshots: $(VENV)/.dev ## Take the README's pictures of a running bridge (needs Chromium)
	$(BIN)/python scripts/screenshots.py

settings: $(VENV)/.dev ## Write the settings into docs/configuration.md, .env.example and render.yaml
	$(BIN)/python scripts/settings_table.py

data: $(VENV)/.dev ## Write the tables of docs/data.md
	$(BIN)/python scripts/data_table.py

metrics: $(VENV)/.dev ## Write docs/metrics.md
	$(BIN)/python scripts/metrics_table.py

cli: $(VENV)/.dev ## Write the commands into docs/cli.md
	$(BIN)/python scripts/cli_page.py

clean: ## Remove what the targets made; your data/ stays
	rm -rf $(VENV) $(ENGINES) $(TYPESCRIPT)/node_modules .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	scripts/make_venv $(VENV)

$(VENV)/.runtime: requirements.lock requirements-build.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-build.lock
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.runtime

$(ENGINES)/%/.ready: requirements-%.lock
	scripts/make_venv $(ENGINES)/$*
	$(ENGINES)/$*/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

$(TYPESCRIPT)/node_modules/.ready: $(TYPESCRIPT)/package-lock.json
	cd $(TYPESCRIPT) && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch $@
