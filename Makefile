PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
COMMA := ,
# Recordings and their converter for the benchmarks: named, or beside the clone.
DATA := $(or $(COBOT_AI_DATA),$(wildcard ../shared/data))
TO_BAG := $(or $(COBOT_AI_TO_BAG),$(wildcard ../shared/tools/to_bag.py))

.PHONY: setup web demo test test-faults bench bench-learning bench-ingest bench-page check clean

setup: $(STAMP)

$(STAMP): setup.py pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[ros,sim,test,dev]'
	touch $@

web: $(STAMP)
	$(BIN)/python web/build.py

demo: web
	$(BIN)/cobot_ai demo $(ARGS)

test: web
	test/run.sh $(BIN)/python $(ARGS)

test-faults: web
	$(BIN)/python -m pytest test/faults $(ARGS)
	$(BIN)/python -m pytest -m long --ignore test/faults $(ARGS)

bench: bench-learning bench-ingest bench-page

bench-learning: $(STAMP)
	$(BIN)/python -m pip install --quiet -e '.[bench$(if $(filter-out 0,$(QUICK)),,$(COMMA)quant)]'
	COBOT_AI_DATA="$(DATA)" COBOT_AI_TO_BAG="$(TO_BAG)" \
		$(BIN)/python benchmarks/learning.py $(if $(JSON),--json $(JSON)) $(ARGS)

bench-ingest: $(STAMP)
	$(BIN)/python benchmarks/ingest.py $(if $(JSON),--json $(JSON)) $(ARGS)

bench-page: web
	$(BIN)/python benchmarks/page.py $(if $(JSON),--json $(JSON)) $(ARGS)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -r cobot_ai -c pyproject.toml

clean:
	rm -rf $(VENV) build dist *.egg-info
