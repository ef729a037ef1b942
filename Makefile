# `make run` and `make test` set everything up: .venv, from the pinned requirements.txt.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
READY := .venv/ready
LOWEST := .venv-lowest
LOWEST_READY := $(LOWEST)/ready
# AWS SAM in an environment of its own: it pins an older click than tradegen needs.
SAM := .venv-sam
STACK ?= tradegen
ARCHITECTURE ?= arm64
# What tests skip for a user who has not got it must be there in CI.
NEEDED := $(if $(CI),browser $(SAM)/ready)
# Where Python is told to write no bytecode, as in many containers, each of the processes that tests start would compile
# pandas and all else anew, and take three times as long to start; pytest would rewrite every test in each process.
unexport PYTHONDONTWRITEBYTECODE
# What the benchmark compares with, beside what the tests need already.
PEERS := faker==40.54.0 mimesis==22.2.0
# Two processes more than there are cores: many tests wait for processes and the disk. Who is done takes over from others.
PARALLEL := -n $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 2))) --dist worksteal
SITE := docs/_build/html
LARGE := TRADEGEN_TESTS=$(or $(SIZE),large)
# What Docker and Podman put into the containers that they start.
IN_CONTAINER ?= $(wildcard /.dockerenv /run/.containerenv)
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help run test test-slow test-all test-large test-cpu test-lowest test-exhaustive lint types bench bench-verify bench-score bench-inject leaderboard audit notebooks docs browser deploy undeploy lambda-local requirements clean

help:
	@echo 'make run           30 trade records, with ids from the ledger trade_ids.db'
	@echo 'make test          what tests say in minutes: all but a few hundred of them'
	@echo 'make test-slow     these few hundred: whole pages of the manual, browsers, kills, clusters (minutes)'
	@echo 'make test-all      all tests, with large draws, many kills and whole notebooks many times (a quarter of an hour)'
	@echo 'make test-large    of these, the ones that make test does not run, or that find more when they are large (SIZE=full: a few'
	@echo '                   as large as can be; with ARGS=PATH, for it may take an hour)'
	@echo 'make test-cpu      the tests of what decides values, as on a processor with fewer features'
	@echo 'make notebooks     open the notebooks in JupyterLab'
	@echo 'make docs          the documentation site, docs/_build/html/index.html, and what a browser finds wrong with it (a minute)'
	@echo 'make lambda-local  the Lambda under AWS'\''s emulator, invoked with a few events (ARGS=EVENT.json: with yours)'
	@echo 'make deploy        build the image, and deploy the Lambda to AWS; asks for everything (docs/deploy.md; needs Docker)'
	@echo 'make undeploy      take it away again, all but the ledger'
	@echo 'make bench         speed: medians of alternating runs'
	@echo 'make bench-verify  10,000,000 pairs generated and verified: time, memory (minutes, 4 GB of disk)'
	@echo 'make bench-score   10,000,000 pairs scored: time, memory (a minute, 0.6 GB of disk)'
	@echo 'make bench-inject  10,000,000 trades of a user'\''s own broken, beside DuckDB copying them (minutes, 4 GB of disk)'
	@echo 'make leaderboard   what common matchers find, in four packs: docs/leaderboard.md (minutes)'
	@echo 'make audit         does a leg give away that it is altered? a classifier tries (minutes)'
	@echo 'make lint types    ruff, import-linter and mypy'
	@echo 'make test-lowest   the tests on the lowest versions that pyproject.toml allows (Python 3.11 or 3.12)'
	@echo 'make test-exhaustive  every two mechanisms on 100,000 pairs (half an hour; ARGS=--all: nine times that)'
	@echo 'make browser       install Chromium, which the tests of pages need (Debian and Ubuntu; as root)'
	@echo 'make requirements  pin requirements.txt anew from pyproject.toml'
	@echo 'make clean         remove what these commands made'

run: $(READY)
	@$(BIN)/tradegen generate

test: $(READY)
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-slow: $(READY) $(NEEDED)
	TRADEGEN_TESTS=slow $(BIN)/python -m pytest $(PARALLEL) -m slow $(ARGS)

test-all: $(READY) $(NEEDED)
	$(LARGE) $(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-large: $(READY) $(NEEDED)
	$(LARGE) $(BIN)/python -m pytest $(PARALLEL) -m 'large or sized' $(ARGS)

# NumPy says which of the processor's features it uses beyond those that it was built to need.
test-cpu: $(READY)
	@features=$$($(BIN)/python -c 'import numpy; \
		print(*numpy.show_config(mode="dicts")["SIMD Extensions"].get("found", []))'); \
	if [ -z "$$features" ]; then echo 'NumPy uses no CPU feature on this machine that it could do without'; exit; fi; \
	echo "Without $$features:"; \
	TRADEGEN_TESTS=slow NPY_DISABLE_CPU_FEATURES="$$features" $(BIN)/python -m pytest tests/core/test_streams.py tests/engine/test_selection.py \
		tests/formats/test_formats.py::test_the_golden_files_stay_as_they_are \
		tests/formats/test_formats.py::test_a_run_with_every_mechanism_keeps_its_bytes $(ARGS)

notebooks: $(READY)
	@# JupyterLab does not start as root unless it is told to: whoever reaches it then has the whole machine.
	@root=$$(test "$$(id -u)" != 0 || echo --allow-root); \
	if [ -n "$$root" ] && [ -z "$(IN_CONTAINER)" ]; then \
		echo 'JupyterLab would run as root here, and let who reaches it do anything on this machine.' \
			'Use another account, or in a container: make notebooks IN_CONTAINER=1' >&2; exit 2; fi; \
	$(BIN)/jupyter lab $$root notebooks

# Pages that tell of what is gone would otherwise stay in the site.
docs: $(READY)
	@rm -rf docs/_build
	$(BIN)/sphinx-build -W --keep-going -n -q -d docs/_build/doctrees docs $(SITE)
	TRADEGEN_SITE=$(SITE) $(BIN)/python -m pytest tests/browser/test_docs_site.py $(ARGS)

bench: $(READY)
	@$(BIN)/python -m pip install --quiet $(PEERS)
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/datasets.py $(ARGS)
	$(BIN)/python benchmarks/redrawing.py

bench-verify: $(READY)
	$(BIN)/python benchmarks/verifying.py $(ARGS)

bench-score: $(READY)
	$(BIN)/python benchmarks/scoring.py $(ARGS)

bench-inject: $(READY)
	$(BIN)/python benchmarks/injecting.py $(ARGS)

leaderboard: $(READY)
	$(BIN)/python benchmarks/leaderboard.py $(ARGS)

audit: $(READY)
	$(BIN)/python benchmarks/leaks.py $(ARGS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed; none was found on the PATH' >&2; exit 2; }
	@echo 'Setting up .venv, only this once. 1 of 3: a new Python environment' >&2
	@# Local runs hand out ids; that the ledger has moved on is nothing to commit.
	@git update-index --skip-worktree trade_ids.db 2>/dev/null || true
	@$(PYTHON) -m venv --clear .venv
	@# uv installs all of it in a quarter of pip's time. Standard output is for the records alone.
	@$(BIN)/python -m pip install --quiet $$(grep -o '^uv==[^ ;]*' requirements.txt) >&2
	@echo "2 of 3: the packages of requirements.txt, $$(grep -c '==' requirements.txt) of them (half a minute)" >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt >&2
	@echo '3 of 3: tradegen itself' >&2
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e . >&2
	@echo 'Done.' >&2
	@touch $@

$(LOWEST_READY): $(READY) pyproject.toml
	$(BIN)/uv venv --quiet --clear --python $(PYTHON) $(LOWEST)
	$(BIN)/uv pip install --quiet --python $(LOWEST) --resolution lowest-direct -e '.[dev]'
	@touch $@

test-lowest: $(LOWEST_READY)
	@# Old releases meet dependencies newer than themselves: what those announce to each other is not ours to mend.
	$(LOWEST)/bin/python -m pytest $(PARALLEL) -o filterwarnings=default $(ARGS)

test-exhaustive: $(READY)
	$(BIN)/python tests/helpers/exhaustive.py $(ARGS)

$(SAM)/ready: lambda/sam-requirements.txt $(READY)
	@echo 'Setting up $(SAM), only this once (220 MB)' >&2
	@$(BIN)/uv venv --quiet --clear --python $(PYTHON) $(SAM)
	@$(BIN)/uv pip install --quiet --python $(SAM) -r lambda/sam-requirements.txt
	@touch $@

lambda-local: $(READY) $(SAM)/ready
	@$(BIN)/python tests/helpers/emulator.py $(ARGS)

# The answers are kept in samconfig.toml, and offered the next time.
deploy: $(SAM)/ready
	$(SAM)/bin/sam build --template lambda/template.yaml --parameter-overrides Architecture=$(ARCHITECTURE)
	$(SAM)/bin/sam deploy --guided --stack-name $(STACK) --config-file $(CURDIR)/samconfig.toml
	@echo 'The schedule runs once the ledger is there (CreateLedger above) and Enabled is true: docs/deploy.md'

undeploy: $(SAM)/ready
	@echo 'This deletes the function, its schedule, log, queues, alarms and images.'
	@echo 'It keeps the ledger, so that no trade id is ever handed out again: the DynamoDB table'
	@echo '(or the file system), which costs what its storage does. How to delete it, too: docs/deploy.md'
	$(SAM)/bin/sam delete --stack-name $(STACK) --config-file $(CURDIR)/samconfig.toml

browser:
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; } >&2

requirements: $(READY)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --annotation-style line \
		--no-header pyproject.toml -o requirements.txt
	@# Of the same versions, what the image holds: one file for both processors, since it has the hashes of all wheels.
	$(BIN)/uv pip compile --quiet --generate-hashes --only-binary :all: --python-version 3.13 \
		--python-platform aarch64-manylinux_2_28 --constraints requirements.txt --annotation-style line --no-header \
		lambda/requirements.in -o lambda/requirements.txt
	echo aws-sam-cli | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --annotation-style line \
		--no-header - -o lambda/sam-requirements.txt

clean:
	rm -rf .venv $(LOWEST) $(SAM) .aws-sam docs/_build docs/generated docs/tutorial benchmarks/.peers-* .mypy_cache .pytest_cache .ruff_cache .hypothesis dist build out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
