# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test format screenshots

demo: .venv/app.installed
	$(BIN)/python build_index.py --sample --out release
	$(BIN)/python app.py

test: .venv/dev.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile

format: .venv/dev.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

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
