# make run    set everything up and run a synthetic operator's newest month through Airflow
# make test   set everything up, check, and run every test that fits 30 minutes; make test-all runs the long ones too
#             (installs what they need beside Python where it may: deploy/need_packages.sh)
# make check  what CI and pre-commit check: ruff, ruff format, mypy, the compose file against its schema
# make bench  re-measure what the README claims (bench-quick: in ten minutes); make bench-faults plants every fault and tells what was caught;
# make torture  lives homes in orders of events that nobody thought of (LIVES=100); make fuzz  gives the console requests and readers bytes (SECONDS_EACH=100)
# make mutants  changes what decides, a line at a time, and names the changes that no test notices (FILE=pipelines/… or sql/kpi)
# make sbom   writes what the program is made of, with licences and hashes (build/sbom.cdx.json); make audit asks OSV what is known of it
# make wheel  builds the wheel twice and compares it (build/wheel)
# make bench-league  sets this project, a rule list and churnkit side by side (docs/league.md)
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup run test test-all check bench bench-quick bench-faults bench-league torture fuzz mutants sbom audit wheel spark packages clean

# The first of those it is tested with that runs here.
PYTHON ?= $(or $(shell for one in python3.11 python3.12; do $$one -c '' 2>/dev/null && echo $$one && break; done),python3.11)
UV := build/uv/bin/uv
BIN := .venv/bin
# Files in the order that tests/conftest.py gives them: those with slow tests begin, so that all workers end together.
PYTEST := $(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

export UV_PYTHON_DOWNLOADS := never
# Behind a proxy that signs for itself only the system's certificates are right; a bare machine may have none.
export UV_SYSTEM_CERTS := $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),true,false)
export GX_ANALYTICS_ENABLED := false
# Where it is set every process compiles anew the two thousand modules that it imports.
unexport PYTHONDONTWRITEBYTECODE

help:
	@sed -n 's/^# make/make/p' Makefile

setup: .venv/.synced

# The version is pinned there: another one is fetched when it changes.
build/uv/bin/uv: deploy/fetch_uv.py
	@deploy/bootstrap.sh $(PYTHON) $(@D) && touch $@

# An environment that is already there and right is left as it is, to the byte.
.venv/.synced: uv.lock pyproject.toml | $(UV)
	@echo "setting up .venv from uv.lock"
	@$(UV) sync --frozen --python $(PYTHON) --quiet
	@touch $@

run: setup
	@deploy/first_run.sh

test: check spark packages
	@$(PYTEST) -m "not long"

test-all: check spark packages
	@$(PYTEST)

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

bench: setup
	@$(BIN)/python -m benchmarks.start_up
	@$(BIN)/python -m benchmarks.month --services 20000 300000 3000000 --months 13 --picture
	@$(BIN)/python -m benchmarks.month --held 12 60
	@$(BIN)/python -m benchmarks.month --scores
	@$(BIN)/python -m benchmarks.month --profile 3000000

bench-quick: setup
	@$(BIN)/python -m benchmarks.start_up
	@$(BIN)/python -m benchmarks.month --services 20000 --months 13
	@$(BIN)/python -m benchmarks.month --services 100000

bench-faults: setup
	@$(BIN)/python -m tests.proof.faults

bench-league: setup
	@$(BIN)/python -m benchmarks.league

torture: setup
	@RETENTION_TORTURE=$(or $(LIVES),100) $(BIN)/pytest tests/machine -s

fuzz: setup
	@RETENTION_FUZZ=$(or $(SECONDS_EACH),100) $(BIN)/pytest -q tests/console/safety/test_any_request.py
	@for reader in $$($(BIN)/python -m tests.fuzz --list); do \
	  $(UV) run --no-sync --with atheris python -m tests.fuzz $$reader --seconds $(or $(SECONDS_EACH),100) || exit 1; \
	done

mutants: setup
ifneq ($(filter sql sql/%,$(FILE)),)
	@$(BIN)/python -m tests.mutation.sql_files $(patsubst %.sql,%,$(patsubst sql/%,%,$(FILE)))
else
	@$(UV) run --no-sync --with mutmut python -m tests.mutation $(FILE)
endif

BILL := $(UV) export --frozen --quiet --no-dev --all-extras --preview-features sbom-export --format cyclonedx1.5

sbom: setup
	@mkdir -p build && $(BILL) | $(BIN)/python -m deploy.dependencies > build/sbom.cdx.json && echo build/sbom.cdx.json

audit: $(UV)
	@deploy/audit.sh $(UV)

wheel: $(UV)
	@deploy/build_wheel.sh $(abspath $(UV)) $(PYTHON) build/wheel

# PySpark is the second engine's, 455 MB: only who tests it or runs on it needs it.
spark: .venv/.spark

.venv/.spark: .venv/.synced
	@echo "adding PySpark"
	@$(UV) sync --frozen --python $(PYTHON) --extra spark --quiet && touch $@ || echo "PySpark cannot be had: its tests are skipped"

packages:
	@deploy/need_packages.sh

clean:
	rm -rf build airflow .mypy_cache .ruff_cache .pytest_cache
