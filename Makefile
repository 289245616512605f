# make help says what there is. Needs Python 3.11 or later and make.
.DEFAULT_GOAL := run
.PHONY: help run test check pure bench lint tests coverage chaos hostile format generate stale context lock format-check ruff mypy pyright imports maven chromium

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --require-virtualenv
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header pyproject.toml

export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1
# Without compiled modules, loading the tests alone takes longer than running them.
unexport PYTHONDONTWRITEBYTECODE

run: $(RUN_STAMP) ## the product on this machine, with servers of its own and two demo companies
	@exec $(BIN)/headwater run

test: $(DEV_STAMP) maven chromium ## everything that CI runs: lint, and all tests on real servers
	@$(MAKE) --no-print-directory --keep-going --output-sync=target -j2 lint
	@$(MAKE) --no-print-directory tests

# A minute on two cores, once mypy has its cache. Pyright, which keeps none, would take another: `make lint` has it.
check: $(DEV_STAMP) ## format, lint, types by mypy, import contracts, and the quick tests that start no process
	@$(MAKE) --no-print-directory --keep-going --output-sync=target format-check ruff mypy imports stale pure

pure: $(DEV_STAMP)
	$(BIN)/pytest --quiet --numprocesses=2 --dist=loadfile -m "not servers and not slow" --hypothesis-profile=quick

help: ## what these lines say
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Takes a quarter of an hour on two cores, best with nothing else running; one alone: python -m bench.NAME.
bench: $(DEV_STAMP) maven ## how fast it is, each figure beside a peer in the same run
	$(BIN)/python -m bench

lint: format-check ruff mypy pyright imports ## format, lint, types, import contracts

format-check: $(DEV_STAMP)
	$(BIN)/ruff format --check --quiet .

ruff: $(DEV_STAMP)
	$(BIN)/ruff check --quiet .

mypy: $(DEV_STAMP)
	$(BIN)/mypy

pyright: $(DEV_STAMP)
	$(BIN)/pyright

imports: $(DEV_STAMP)
	$(BIN)/lint-imports

# Twice as many as two cores, for each waits half of its time; all but OpenSearch are servers of their own.
PROCESSES ?= 4
IN_PROCESSES := --numprocesses=$(PROCESSES) --dist=loadfile --no-loadscope-reorder

# Processes share the files with tests; plain `pytest` runs all in one.
tests: $(DEV_STAMP) ## all tests
	$(BIN)/pytest $(IN_PROCESSES)

# Measuring costs 14 to 41 percent of the processor on Python 3.11, so `make test` does without.
coverage: $(DEV_STAMP) maven chromium ## all tests, and how much of the code they run
	$(BIN)/pytest $(IN_PROCESSES) --cov --cov-report=
	@$(BIN)/python -m tests.kit.coverage

# Faults under load, by hand: make chaos ROUNDS=100, or again with SEED=...; OPTIONS="--search opensearch".
chaos: $(DEV_STAMP) ## faults under load
	@$(BIN)/python -m tests.faults --rounds $(or $(ROUNDS),10) $(if $(SEED),--seed "$(SEED)") $(OPTIONS)

# Generated operations against the product, by hand: make hostile COUNT=100000, or again with SEED=...
hostile: $(DEV_STAMP) maven ## thousands of hostile operations
	@seed="$(or $(SEED),$$(date +%s))"; echo "seed $$seed"; HEADWATER_HOSTILE_SEED="$$seed" \
		HEADWATER_HOSTILE_COUNT=$(or $(COUNT),10000) $(BIN)/pytest --quiet tests/hostile

format: $(DEV_STAMP) ## format the code and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Everything that is made from the code and committed: the schema, pages of docs, the stored names.
generate: $(DEV_STAMP) ## write everything that is made from the code
	$(BIN)/python -m tests.docs.generated $(OPTIONS)

stale: $(DEV_STAMP) ## what is made from the code and out of date
	$(BIN)/python -m tests.docs.generated --check

# Writes the folders and the one line that knows them; docs/contexts.md goes on from there.
context: $(DEV_STAMP) ## lay out a new context: make context NAME=suppliers
	$(BIN)/python -m tests.docs.new_context $(NAME)

# The versions and hashes of everything, without any address; `make lock UPGRADE=--upgrade` takes newer ones.
lock: $(DEV_STAMP) ## work out the versions of all libraries anew
	$(COMPILE) $(UPGRADE) --extra embedded --extra build --extra dev --extra bench --extra aws --extra parquet \
		--output-file requirements/dev.lock
	$(COMPILE) --extra embedded --extra build --constraint requirements/dev.lock \
		--output-file requirements/run.lock
	$(COMPILE) --extra build --extra aws --extra parquet --constraint requirements/dev.lock --output-file requirements/server.lock

# Maven fetches the real OpenSearch. Without it search tests are skipped, and in CI they fail.
maven:
	@command -v mvn >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
				apt-get install -y -qq --no-install-recommends maven >/dev/null; \
		fi; } || true
	@command -v mvn >/dev/null || echo "Maven is missing: the tests on the real OpenSearch cannot run."

# Chromium opens the pages that mailed links lead to. Without it their tests are skipped, and in CI they fail.
chromium:
	@command -v chromedriver >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
				apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; \
		fi; } || true
	@command -v chromedriver >/dev/null || echo "Chromium is missing: the tests of pages in a browser cannot run."

$(RUN_STAMP): requirements/run.lock pyproject.toml | $(BIN)/python
	@echo "Installing what Headwater needs; this takes a minute the first time."
	@$(PIP) install --quiet --require-hashes --requirement requirements/run.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_STAMP): requirements/dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the checks need; this takes minutes the first time."
	@$(PIP) install --quiet --require-hashes --requirement requirements/dev.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Debian keeps the part of Python that makes virtual environments in a package of its own.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or later is needed, and there is no $(PYTHON)."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed, and $(PYTHON) is older; try make PYTHON=python3.12."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null; \
		fi; } || true
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		echo "Python's venv module is missing; as root: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
