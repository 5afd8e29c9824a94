# Everything a newcomer or a build machine needs: `make demo`, `make test`. Nothing is
# installed outside this folder, except the programs that `make test` talks to (it asks).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell tools/find-python)
BIN := .venv/bin
SOURCES := $(shell find src/forewarn -name '*.py' 2>/dev/null)
FRONT := $(shell find frontend -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
LOCKING := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	--no-annotate -q
WORKERS := -n 2 --dist loadscope --no-loadscope-reorder
COUNT ?=
ARGS ?=

.PHONY: help setup demo test check bench fuzz kill power full jumps clutter liars sirens endurance api operators lock clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: setup  ## a simulated raid, live on a map in the browser (ARGS="--raid NAME --speed 2")
	$(BIN)/forewarn demo $(ARGS)

setup: .make/kernels .make/front  ## environment, front end, compiled kernels

test: .make/environment .make/front .make/servers  ## everything that is checked; pytest comes last
	$(MAKE) --no-print-directory -j 2 .make/kernels check
	$(BIN)/pytest $(WORKERS) $(ARGS)

check: .make/environment .make/front  ## what is checked without running any of it
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	npm --prefix frontend run --silent check

bench: setup  ## the published figures, on record in bench/results and docs/figures.md
	$(BIN)/forewarn bench start
	$(BIN)/forewarn bench chain
	$(BIN)/forewarn bench tracking
	$(BIN)/forewarn bench impact
	$(BIN)/forewarn bench accuracy
	$(BIN)/forewarn bench sensing
	$(BIN)/forewarn bench forecast
	$(BIN)/forewarn bench coverage
	! $(BIN)/python -c "import rocketpy" 2>/dev/null || $(BIN)/forewarn bench sixdof
	$(BIN)/forewarn bench manoeuvring
	$(BIN)/forewarn bench study
	$(BIN)/forewarn bench levels
	$(BIN)/forewarn bench page
	$(BIN)/forewarn bench console
	$(BIN)/forewarn bench subscribers
	$(BIN)/forewarn bench push
	$(BIN)/forewarn bench quiet --seeds $(or $(COUNT),24)
	for raid in rockets barrage volley ten_missiles evening; do \
		$(BIN)/forewarn bench raid --raid $$raid --seeds $(or $(COUNT),10); done
	for raid in barrage volley ten_missiles evening; do \
		$(BIN)/forewarn bench raid --raid $$raid --seeds $(or $(COUNT),10) --errors 1.5; done
	for raid in volley ten_missiles evening; do \
		$(BIN)/forewarn bench limits --raid $$raid --seeds $(or $(COUNT),5); done
	test ! -d ../shared/data || $(BIN)/forewarn bench descents
	test ! -d ../shared/data || $(BIN)/forewarn bench traffic
	$(BIN)/forewarn bench docs

fuzz: .make/environment  ## mutated radar frames, COUNT=1000000 of them, another seed each time
	FOREWARN_FUZZ=$(or $(COUNT),200000) FOREWARN_FUZZ_SEED=$${SEED:-$$RANDOM} \
		$(BIN)/pytest -s tests/test_asterix_fuzz.py

sirens: .make/environment  ## COUNT=1000000 recorded and as many altered frames, of which a siren obeys none
	FOREWARN_SIREN_FRAMES=$(or $(COUNT),1000000) FOREWARN_SIREN_SEED=$${SEED:-$$RANDOM} \
		$(BIN)/pytest -s tests/test_siren_guard.py

kill: setup  ## kill writer and core in mid-raid, COUNT=1000 times each, and check that nothing is lost
	FOREWARN_KILLS=$(or $(COUNT),1000) $(BIN)/pytest -s tests/test_store_kill.py tests/test_restart.py

power: .make/environment  ## COUNT=10000 simulated power cuts, another seed each time
	FOREWARN_CUTS=$(or $(COUNT),10000) FOREWARN_CUTS_SEED=$${SEED:-$$RANDOM} \
		$(BIN)/pytest -s tests/test_power.py tests/test_storage_errors.py

full: setup  ## fill the disk in COUNT=200 raids, and check that all is told and the gap marked
	FOREWARN_FULL=$(or $(COUNT),200) FOREWARN_FULL_SEED=$${SEED:-$$RANDOM} \
		$(BIN)/pytest -s tests/test_disk_full.py

jumps: setup  ## COUNT=100000 jumps of the machine's clock
	FOREWARN_JUMPS=$(or $(COUNT),100000) FOREWARN_JUMPS_SEED=$${SEED:-$$RANDOM} \
		$(BIN)/pytest -s tests/test_clock.py

clutter: setup  ## COUNT=24 hours of tenfold clutter, and no track of nothing that could raise a warning
	FOREWARN_CLUTTER_HOURS=$(or $(COUNT),24) FOREWARN_CLUTTER_SEED=$${SEED:-$$RANDOM} \
		$(BIN)/pytest -s tests/test_clutter_campaign.py

liars: setup  ## COUNT=1000 seeded lies of each kind by one radar with a valid key
	FOREWARN_LIARS=$(or $(COUNT),1000) $(BIN)/pytest -q tests/test_liar.py

api: .make/environment  ## COUNT=10000 hostile strings in every field, and every operation of both APIs
	FOREWARN_API=$(or $(COUNT),1000) FOREWARN_API_SEED=$${SEED:-$$RANDOM} \
		$(BIN)/pytest -s tests/test_hostile.py tests/browser/test_console_hostile.py

operators: .make/environment  ## COUNT=1000 random scripts of tired operators, and a checker of what got out
	FOREWARN_OPERATORS=$(or $(COUNT),1000) FOREWARN_OPERATORS_SEED=$${SEED:-$$RANDOM} \
		$(BIN)/pytest -s tests/test_operator_scripts.py

endurance: setup  ## COUNT=1000 simulated years of 20,000 rockets and 10,000 drones, books exact
	FOREWARN_YEARS=$(or $(COUNT),1000) $(BIN)/pytest -s tests/test_study_year.py

lock: .make/environment  ## write the locks anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev -o requirements.lock $(LOCKING)
	uv pip compile pyproject.toml --extra dev --extra peers -c requirements.lock \
		-o requirements-peers.lock $(LOCKING)

clean:  ## remove all that these targets made
	rm -rf .venv .make frontend/node_modules frontend/dist src/forewarn/web/static \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Stamps: a second run has nothing to do.

.make/environment: requirements.lock pyproject.toml
	@mkdir -p .make
	@echo "setting up Python in .venv"
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -qq -j 0 .venv/lib || true  # for quick starts; not needed to run
	@touch $@

.make/kernels: .make/environment $(SOURCES)
	$(BIN)/python -m compileall -qq src
	$(BIN)/forewarn prepare
	@touch $@

.make/node: frontend/package.json frontend/package-lock.json
	@mkdir -p .make
	@echo "setting up the front end"
	npm --prefix frontend ci --no-audit --no-fund --loglevel=error
	@touch $@

.make/front: .make/node $(FRONT)
	npm --prefix frontend run --silent build
	@touch $@

.make/servers: tools/find-servers
	@mkdir -p .make
	tools/find-servers
	@touch $@
