# The commands of this repository; `make help` lists them. Everything happens in .venv, nothing is installed elsewhere.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
NAME ?= payments
PYTEST_ARGS ?= -n auto
QUOTED_NAME = '$(subst ','\'',$(value NAME))'

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z][a-z\/%-]*:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with make PYTHON=python3.11 …" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "This Python has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(READY) ## make the virtual environment from the lock

demo: $(READY) ## run the service-onboarding pipeline on the embedded sandbox (NAME=payments)
	@$(BIN)/idp-steps run examples/service-onboarding/pipeline.yaml --sandbox --set project_name=$(QUOTED_NAME)

test: $(READY) ## run all tests but those of the images and of other servers
	$(BIN)/python -m pytest -m "not images and not integration" $(PYTEST_ARGS)

integration: $(READY) ## the tests against a real Backstage, which npm installs into .cache (Node 20 or newer)
	$(BIN)/python -m pytest -n 0 tests/integration $(INTEGRATION_PYTEST_ARGS)

lint: $(READY) ## ruff, format and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY) ## make the generated pages from --describe
	$(BIN)/python docs/generate.py
	$(BIN)/python -m images.build lists

bench: $(READY) ## measure start-up and the pipeline, as ratios
	$(BIN)/python tests/bench.py

lock: $(READY) ## make requirements/ anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --all-extras --group dev pyproject.toml -o requirements/dev.txt

clean: ## remove what the other commands made here
	rm -rf $(VENV) .idp-steps .mypy_cache .pytest_cache .ruff_cache .hypothesis

-include images/images.mk

.PHONY: help setup demo test integration lint docs bench lock clean
