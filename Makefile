# Wardlight: the commands a new user, a developer and CI use. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DBT_VENV := .venv-dbt
SPARK_VENV := .venv-spark
CITY ?= cities/nyc
WARDLIGHT_HOME ?= .wardlight
# State folder of the simulated district, for its pictures: WARDLIGHT_HOME=… make nightly CITY=cities/heting
SIMULATED_HOME ?= .wardlight-heting
export WARDLIGHT_HOME
export DAGSTER_DISABLE_TELEMETRY := 1
export GX_ANALYTICS_ENABLED := false

.PHONY: help setup demo nightly serve simulate test test-dbt test-spark check lint types unit fuzz stress bench lock schema screenshots clean
.DEFAULT_GOAL := help

help:  ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.ready  ## Create .venv from the hashed lock file

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] <= (3,13))' \
	  || { echo "Wardlight needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version). Set PYTHON=python3.11."; exit 1; }
	@echo "Setting up $(VENV) (a minute or two, once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

demo: setup  ## Run the nightly job on New York's records, then serve dashboard and Dagster UI
	@$(BIN)/wardlight demo --city $(CITY)

nightly: setup  ## Run the nightly job alone: make nightly CITY=cities/seattle
	@test $(CITY) != cities/heting -o -d cities/heting/data || $(BIN)/wardlight simulate
	@$(BIN)/wardlight nightly --city $(CITY)

serve: setup  ## Serve the dashboard on the current release
	@$(BIN)/wardlight serve

simulate: setup  ## Write the records of the simulated district into cities/heting
	@$(BIN)/wardlight simulate

test: setup  ## All tests, but for those in real dbt and on Spark
	@$(BIN)/python -m tests.browser_hint
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=40

test-dbt: setup $(DBT_VENV)/.ready  ## The SQL models in real dbt: all its tests, and the same tables as ours
	$(BIN)/pytest -m dbt tests/dbt_like_sql

$(DBT_VENV)/.ready: requirements-dbt.lock
	@echo "Setting up dbt in $(DBT_VENV) (half a minute, once) …"
	@test -x $(DBT_VENV)/bin/python || $(BIN)/python -m venv $(DBT_VENV)
	@$(DBT_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dbt.lock
	@touch $@

test-spark: $(SPARK_VENV)/.ready  ## The SQL models on Apache Spark: the same tables as DuckDB's, and the same release
	@java -version 2>/dev/null || { echo "Spark needs Java 17 or newer: apt-get install openjdk-17-jre-headless"; exit 1; }
	$(SPARK_VENV)/bin/python -m pytest -m spark tests/dbt_like_sql tests/pipelines

$(SPARK_VENV)/.ready: requirements-spark.lock pyproject.toml
	@echo "Setting up Spark in $(SPARK_VENV) (a minute or two, once) …"
	@test -x $(SPARK_VENV)/bin/python || $(PYTHON) -m venv $(SPARK_VENV)
	@$(SPARK_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	@$(SPARK_VENV)/bin/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

check: lint types unit  ## Lint, types and fast tests

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: setup
	@$(BIN)/mypy

unit: setup
	@$(BIN)/pytest -q -n 2 --dist loadfile -m "not slow and not dbt and not spark" --hypothesis-profile quick

fuzz: setup  ## 10 000 mutated files through pulling and loading (make test takes a sample)
	@WARDLIGHT_FUZZ_FILES=10000 $(BIN)/pytest -q -n 2 --dist load tests/pipelines/test_mutated_files.py

stress: setup  ## 1 000 releases published while readers query without pause (make test publishes a sample)
	@WARDLIGHT_STRESS_RELEASES=1000 $(BIN)/pytest -q -n 0 \
		tests/pipelines/publishing/test_release.py::test_readers_see_whole_releases_only_while_many_are_published

bench: setup $(DBT_VENV)/.ready  ## Benchmarks, as JSON: simulating, loading, models against dbt, the whole job, answers of the dashboard, figures, intervals, near repeats, index, nowcasts, alarms, changes, silence, anomalies, quality
	@$(BIN)/python -m benchmarks.simulating
	@$(BIN)/python -m benchmarks.loading
	@$(BIN)/python -m benchmarks.models
	@$(BIN)/python -m benchmarks.load
	@$(BIN)/python -m benchmarks.answers
	@$(BIN)/python -m benchmarks.figures
	@$(BIN)/python -m benchmarks.intervals --cells 1000
	@$(BIN)/python -m benchmarks.near_repeat
	@$(BIN)/python -m benchmarks.index
	@$(BIN)/python -m benchmarks.nowcasts
	@$(BIN)/python -m benchmarks.alarms
	@$(BIN)/python -m benchmarks.changes
	@$(BIN)/python -m benchmarks.silence
	@$(BIN)/python -m benchmarks.anomalies
	@$(BIN)/python -m benchmarks.quality

schema: setup  ## Write docs/city.schema.json
	@$(BIN)/wardlight schema --out docs/city.schema.json

screenshots: setup  ## Redraw docs/screenshots from a real Chromium, and the demonstrations' pictures
	@$(BIN)/python docs/take_screenshots.py --simulated $(SIMULATED_HOME)
	@$(BIN)/python -m docs.draw_demonstrations

LOCK = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-strip-extras --no-header --quiet
EXTRA_DBT = import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["dbt"], sep="\n")

# dbt's environment has nothing but dbt, with the DuckDB that writes the warehouses; Spark's has all that ours has.
lock: setup  ## Compile the hashed lock files from pyproject.toml
	@$(LOCK) pyproject.toml --extra dev -o requirements.lock
	@$(LOCK) pyproject.toml --extra dev --extra spark -c requirements.lock -o requirements-spark.lock
	@{ $(BIN)/python -c '$(EXTRA_DBT)'; grep -o '^duckdb==[^ ]*' requirements.lock; } \
	  | $(LOCK) - -o requirements-dbt.lock

clean:  ## Remove the state folder (warehouse, releases, Dagster history)
	rm -rf $(WARDLIGHT_HOME)
