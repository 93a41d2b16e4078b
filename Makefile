# Two commands to start: `make demo` and `make test`. CONTRIBUTING.md explains the others.
PYTHON ?= python3
BIN := .venv/bin
# Tracked files only, so that a release or anything else built in the checkout is not linted.
# Where git is missing: the files and folders with our code.
CODE := app.py build_index.py benchmarks docs recsys tests
SOURCES := $$(git ls-files '*.py' 2>/dev/null || echo $(CODE))

.PHONY: demo test test-all attack lint format screenshots

demo: .venv/app.installed
	$(BIN)/python build_index.py --sample --out release
	$(BIN)/python app.py

test: lint
	$(BIN)/pytest -n 3 --dist worksteal -m "not exhaustive and not attack"

test-all: lint
	$(BIN)/pytest -n 3 --dist worksteal

attack: .venv/dev.installed
	$(BIN)/pytest -n 3 --dist worksteal -m attack

lint: .venv/dev.installed
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/dev.installed
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

screenshots: .venv/dev.installed
	$(BIN)/python build_index.py --sample --out release
	$(BIN)/python docs/screenshots.py

.venv/app.installed: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt
	touch $@

.venv/dev.installed: requirements.txt requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	touch $@
