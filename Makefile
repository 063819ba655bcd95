.DEFAULT_GOAL := help
.PHONY: help setup demo up status down test test-fast check azure faults hunt bench lock templates
ARGS ?=
CASE ?=
EXAMPLES ?= 2000
SCALE ?= 1
SEED ?= 1
PYTHON := .venv/bin/python

# Every part of a stack is a process of its own; without kept byte code each would compile its libraries again.
unexport PYTHONDONTWRITEBYTECODE

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## install everything into this folder (.tools, .venv, local/node_modules)
	@sh local/setup.sh

demo: setup ## the main job on one machine: 500 messages, posted and checked (options: ARGS="...")
	@$(PYTHON) -m local demo $(ARGS)

up: setup ## start the one-machine stack and leave it running until Ctrl-C (options: ARGS="...")
	@$(PYTHON) -m local up $(ARGS)

status: setup ## what of the stack runs
	@$(PYTHON) -m local status $(ARGS)

down: setup ## end the stack that runs elsewhere
	@$(PYTHON) -m local down $(ARGS)

test: setup ## every test, against Azurite, the local vault and the Caselle simulator
	@$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-fast: setup ## the quick tests, for the loop: under a minute, no service is started
	@$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

check: setup ## what CI runs: format, lint, types, layers, tests
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@.venv/bin/actionlint
	@.venv/bin/zizmor --offline --quiet --no-progress .github/workflows
	@$(MAKE) --no-print-directory test

azure: setup ## what takes Azure's own tools and minutes: deployments through the real command line, faults of the templates
	@sh local/setup_azure.sh
	@$(PYTHON) -m pytest -n 2 --dist worksteal --timeout 900 tests/azure tests/azure_infra

faults: setup ## the long fault runs: 200,000 simulated payments and 40 kills (half an hour; SCALE=5: a million, SEED=n)
	@$(PYTHON) -m tests.faults --scale $(SCALE) --seed $(SEED)

hunt: setup ## look for interleavings that break the ledger, new ones each time (a few minutes; EXAMPLES=n)
	@HYPOTHESIS_PROFILE=hunt MACHINE_EXAMPLES=$(EXAMPLES) $(PYTHON) -m pytest --timeout 3600 tests/ledger

bench: setup ## the benchmarks (one alone: CASE=transactions)
	@$(PYTHON) -m bench $(CASE)

templates: setup ## compile the Bicep templates anew: ARM's JSON, and the resources of each stamp (needs a Bicep compiler)
	@$(PYTHON) -m tests.infra.committed

lock: setup ## pin what the requirements-*.in files ask for
	@.tools/bin/uv pip compile -q --generate-hashes --universal --python-version 3.13 --no-header --no-annotate requirements.in -o requirements.txt
	@.tools/bin/uv pip compile -q --generate-hashes --universal --python-version 3.13 --no-header --no-annotate requirements-dev.in -o requirements-dev.txt
	@.tools/bin/uv pip compile -q --generate-hashes --universal --python-version 3.13 --no-header --no-annotate requirements-azure.in -o requirements-azure.txt
	@.tools/bin/uv pip compile -q --generate-hashes --universal --python-version 3.13 --no-header --no-annotate requirements-uv.in -o requirements-uv.txt
