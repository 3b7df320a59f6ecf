# Everything a person does here, one word each. Needs only Python 3.11 or newer, git and make.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
RUN := .venv/.stamp-run
DEV := .venv/.stamp-dev
PEERS := .venv/.stamp-peers
CLAIMS ?=
WITH ?=

.PHONY: help demo test quick lint format bench lock clean

help:  ## Say what there is
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1 \t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: $(RUN)  ## Plan Almaty and write out/almaty/report.html
	$(BIN)/ainalym plan almaty -o out/almaty

test: lint  ## Run every check and every test
	$(BIN)/python -m pytest -n auto

quick: lint  ## Run the checks and the tests that take no time
	$(BIN)/python -m pytest -n auto -m "not slow"

lint: $(DEV)  ## Check style and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet
	$(BIN)/lint-imports --no-logo

format: $(DEV)  ## Mend what a machine can mend of the style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(DEV) $(if $(findstring --peers,$(WITH)),$(PEERS))  ## Measure every claim anew (CLAIMS=facility for one, WITH=--peers for other solvers too); results go to bench/results
	@$(BIN)/ainalym bench $(CLAIMS) $(WITH)

# Under the oldest Python we support: what a newer one leaves out, such as a backport, an older one
# may need, and the surplus does no harm.
lock:  ## Lock the newest allowed versions of everything we depend on, with hashes
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "make lock needs a .venv of Python 3.11: make clean lock PYTHON=python3.11" >&2; exit 1; }
	$(BIN)/python -m venv --clear build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	rm -f requirements.lock requirements-dev.lock requirements-peers.lock
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	$(COMPILE) --extra peers --constraint requirements-dev.lock --output-file requirements-peers.lock pyproject.toml
	sed -i '/considered to be unsafe/d' requirements.lock requirements-dev.lock requirements-peers.lock

COMPILE := build/lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --all-build-deps \
  --strip-extras --no-header --no-annotate --no-emit-options --no-emit-index-url \
  --no-emit-trusted-host --no-emit-find-links

clean:  ## Remove everything the other words made
	rm -rf .venv out build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	rm -rf src/*.egg-info

.venv/bin/python:
	@for python in $(PYTHONS); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    $$python -m venv .venv && exit 0; rm -rf .venv; exit 2; \
	  fi; \
	done; \
	echo "Ainalym needs Python 3.11 or newer, and found none as: $(PYTHONS)." >&2; \
	echo "Install one, or say where it is: make $(or $(MAKECMDGOALS),demo) PYTHON=/path/to/python3" >&2; \
	exit 2

$(RUN): requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing what Ainalym needs into .venv (once) ..."
	@$(PIP) --require-hashes --only-binary :all: --requirement requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.lock $(RUN)
	@echo "Installing what the tests need into .venv (once) ..."
	@$(PIP) --require-hashes --only-binary :all: --requirement requirements-dev.lock
	@touch $@

$(PEERS): requirements-peers.lock $(DEV)
	@echo "Installing the solvers we compare with into .venv (once) ..."
	@$(PIP) --require-hashes --only-binary :all: --requirement requirements-peers.lock
	@touch $@
