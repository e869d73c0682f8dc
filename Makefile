# make demo    reads an ECG end to end with the shipped bundle (installs the edge dependencies only)
# make setup   everything to train, export and test, in $(VENV)
# make test    setup, then quality and every tier of tests
# make quality checks only; make style repairs; make wheel builds dist/*.whl
# make docs    the pages of docs/ as a site, in site/; make docs-serve shows them while they are written
#
# PYTHON chooses the interpreter that creates $(VENV); VENV the folder. Tests run in JOBS processes (0: in one, as
# plain pytest does); PYTEST_ARGS are added to their options.

PYTHON ?= python3.11
VENV ?= .venv
EXTRAS ?= train,peers,onnx,executorch,runner,tensorrt-check,openvino,dev
DEMO_OUT ?= demo
JOBS ?= logical

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip
BASE_STAMP := $(VENV)/.stamp-base
SETUP_STAMP := $(VENV)/.stamp-setup
SOURCES := vizecg export edge_runtime benchmarks docs tests setup.py
# Material for MkDocs tells of its successor at every build.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs

.DEFAULT_GOAL := help
.PHONY: help setup demo test suite quality types lint style docs docs-serve wheel clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

# bin/pip, not bin/python: a Python without ensurepip leaves a bin/python in a folder that is of no use.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "make: $(PYTHON) does not run or is older than Python 3.10; name another: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The edge's dependencies: enough for the demo.
$(BASE_STAMP): pyproject.toml setup.py constraints.txt | $(BIN)/pip
	$(PIP) install --quiet -c constraints.txt -e .
	@touch $@

# The same environment with the extras added; it satisfies the lighter stamp too.
$(SETUP_STAMP): pyproject.toml setup.py constraints.txt | $(BIN)/pip
	$(PIP) install --quiet -c constraints.txt -e ".[$(EXTRAS)]"
	@touch $(BASE_STAMP) $@

setup: $(SETUP_STAMP)

demo: $(BASE_STAMP)
	$(BIN)/vizecg-bench demo --out $(DEMO_OUT)

# mypy works beside the tests, which cannot always keep every processor busy.
test: setup lint
	$(PIP) check
	@$(MAKE) --no-print-directory --jobs=2 types suite

suite: setup
	$(BIN)/python -m pytest -n $(JOBS) --maxprocesses 8 --dist worksteal $(PYTEST_ARGS)

quality: setup
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target types lint

types: setup
	$(BIN)/mypy

lint: setup
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports
	$(MKDOCS) build --strict --quiet

style: setup
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

docs: setup
	$(MKDOCS) build --strict

docs-serve: setup
	$(MKDOCS) serve

# setuptools puts what an earlier build left in build/ into the wheel.
wheel: setup
	rm -rf build
	$(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
