# Everything a person or CI does here. `make demo` and `make test` need nothing before them
# but Python 3.11 or newer; each sets up the virtual environment by itself.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# tests wait for servers and processes as long as they compute, so two cores serve four of them
JOBS ?= 4
MAJORS := 14 15 16 17 18
PURE := parse schema recipes operations rules planning serialize compat backfill model config
# tests that cover these packages
PURE_TESTS := $(wildcard $(addprefix tests/unit/,$(PURE))) tests/reading tests/rules tests/test_cases.py

# these only compute, so more than one a core costs the collecting of another one
CORES ?= $(shell nproc)
COMMA := ,
SPACE := $(subst x,,x x)
COVERED := $(subst $(SPACE),$(COMMA),$(addprefix zdm/,$(PURE)))
COVERAGE := build/coverage.json

# tests that need the same fixtures go to one worker, in the order of tests/conftest.py
TOGETHER = $(BIN)/pytest -q -n $(JOBS) --dist loadgroup --no-loadscope-reorder $(addprefix --ignore=,$(PURE_TESTS))
LATER := pairs and not schemas and not thorough

# tests start hundreds of Python processes, which would each compile zdm
unexport PYTHONDONTWRITEBYTECODE

.PHONY: adversary adversary-long bench faults gate cluster-down cluster-up controlplane deadlocks demo kill-matrix loads widening pairs new-driver new-operation new-rule schemas test test-all test-live test-more thorough servers lint coverage bless docs docs-check wheel-check quick-checks check clean

# a tenth of what is installed is ever imported, and compiled then
$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile --editable '.[dev]'
	touch $(READY)

demo: $(READY)  ## the main job on embedded defaults
	$(BIN)/zdm demo

# of the tests with servers and processes `make test` runs one in ten, others each day
TURN ?= $(shell expr $$(date +%s) / 86400 % 10)
test: $(READY)  ## what a fresh machine can run in minutes; TURN=0 to 9 for another part of the tests with servers
	$(BIN)/pytest -q -n $(JOBS) --dist worksteal -m 'not more' --turn $(TURN)

test-live: $(READY)  ## all of `make test` that `make coverage` does not run, without turns: embedded PostgreSQL or one that is found
	$(TOGETHER) -m 'not more'

servers: $(READY)  ## server programs of every supported major version, into the cache
	$(BIN)/python -m tests.servers $(MAJORS)

controlplane: $(READY)  ## Kubernetes' programs, into the cache; without Go their tests are left out
	-$(BIN)/python -m tests.cluster.controlplane.programs

test-more: $(READY) servers controlplane  ## PostgreSQL 14, 18 and those between in turn, real Kubernetes, other people's histories, long runs
	$(TOGETHER) -m 'more and not $(LATER)' --durations=15

test-all: $(READY) servers controlplane  ## `make test-live` and `make test-more` in one run, which collects once and shares servers
	$(TOGETHER) -m 'not $(LATER)' --durations=15

pairs: $(READY) servers  ## each ordered pair of operations as a train of its own, planned and run on PostgreSQL 18
	$(BIN)/pytest -q -n $(JOBS) --dist worksteal tests/pairs

thorough: $(READY) servers controlplane  ## what `make test-more` leaves out: each test on every PostgreSQL version, every kill, every phase
	$(BIN)/pytest -q -n $(JOBS) --dist loadgroup -m thorough

faults: $(READY) servers  ## each input with which a fault was found, on PostgreSQL 14 and 18
	$(BIN)/python -m tests.faults -q -n $(JOBS) --dist loadgroup

schemas: $(READY) servers  ## schemas of published packages, rebuilt on PostgreSQL 14 and 18
	$(BIN)/pytest -q -n $(JOBS) --dist worksteal tests/histories/test_published.py

cluster-up: $(READY)  ## a real Kubernetes control plane whose pods are processes; prints its kubeconfig
	@$(BIN)/python -m tests.cluster up

cluster-down: $(READY)
	@$(BIN)/python -m tests.cluster down

coverage: $(READY)  ## the pure core's own tests cover it
	mkdir -p build
	$(BIN)/python -m slipcover --branch --source $(COVERED) --json --out $(COVERAGE) \
	  -m pytest -q -n $(CORES) --dist worksteal -W ignore::pytest.PytestAssertRewriteWarning -m 'not more' $(PURE_TESTS)
	$(BIN)/python -m slipcover --branch --skip-covered --merge $(COVERAGE) --out $(COVERAGE) --fail-under 95

lint: $(READY)
	$(BIN)/ruff check zdm tests examples benchmarks
	$(BIN)/ruff format --check zdm tests examples benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

# the words after `new-operation` and its like are its arguments, not targets
ifneq ($(filter new-operation new-rule new-driver,$(firstword $(MAKECMDGOALS))),)
WORDS := $(wordlist 2,9,$(MAKECMDGOALS))
.PHONY: $(WORDS)
$(WORDS): ; @:
endif

new-operation: $(READY)  ## the skeleton of an operation: make new-operation rename_table table
	@$(BIN)/python -m tests.skeletons operation $(WORDS)

new-rule: $(READY)  ## the skeleton of a rule: make new-rule drop_column_in_use compatibility
	@$(BIN)/python -m tests.skeletons rule $(WORDS)

new-driver: $(READY)  ## the skeleton of a rollout driver: make new-driver nomad
	@$(BIN)/python -m tests.skeletons driver $(WORDS)

bless: $(READY)  ## accept the present output as golden
	$(BIN)/pytest -q --bless tests/postgres/cases -k schema_on_file
	$(BIN)/pytest -q --bless -m 'not more'
	git diff --stat

docs: $(READY)  ## regenerate reference pages
	$(BIN)/python -m tests.docs.generate
	$(BIN)/pytest -q --bless tests/remedies -k page_lists

docs-check: $(READY)
	$(BIN)/python -m tests.docs.generate --check

gate: $(READY)  ## this repository's own migrations
	$(BIN)/zdm check migrations

wheel-check: $(READY)  ## the built wheel runs the demo without the source tree
	tests/wheel_check.sh $(BIN)/python

# lint keeps one core busy, wheel-check none while it downloads and its demo waits
quick-checks: $(READY)  ## all that needs minutes at most, three at a time
	$(MAKE) --jobs=3 --output-sync=target lint wheel-check gate docs-check coverage

check: quick-checks test-all  ## all that CI runs

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

kill-matrix: $(READY)  ## executors killed, cut off and crashed at 600 points under load, rollbacks at 90
	$(BIN)/python -m tests.kill_matrix --points 600 --back 90 --jobs $(JOBS) --json benchmarks/kill_matrix.json

deadlocks: $(READY)  ## 200,000 transactions of 16 writers beside whole runs, for each pacing
	$(BIN)/python -m tests.deadlocks --transactions 200000

ROWS ?= 1000000
widening: $(READY)  ## a key becomes bigint with three referencing tables of 1,000,000 rows beside 16 writers
	$(BIN)/python -m tests.widening --rows $(ROWS)

loads: $(READY)  ## migrations of tables of 1,000,000 rows beside 16 writers: make loads LOAD=foreign_key MAJOR=14
	$(BIN)/python -m tests.loads $(LOAD) --rows $(ROWS) $(addprefix --major=,$(MAJOR))

WORLDS ?= 150
WITHIN ?= 500
RECORDS := build/adversary-14.jsonl build/adversary-18.jsonl
adversary: $(READY) servers  ## random worlds and trains under writers: make adversary WORLDS=2000 MAJOR=14 SEED=1; PLANTED=1: six faults are found
ifdef PLANTED
	$(BIN)/python -m tests.adversary.planted --within $(WITHIN) --jobs $(JOBS) $(addprefix --seed=,$(SEED)) $(addprefix --major=,$(MAJOR))
else
	$(BIN)/python -m tests.adversary --worlds $(WORLDS) --jobs $(JOBS) $(addprefix --seed=,$(SEED)) $(addprefix --major=,$(MAJOR)) $(addprefix --record=,$(RECORD))
endif

adversary-long: $(READY) servers  ## 2,000 worlds on 14 and on 18 into docs/reference/adversary.md; run again, it continues
	for major in 14 18; do $(BIN)/python -m tests.adversary --worlds 2000 --seed 60000 --major $$major --jobs $(JOBS) --record build/adversary-$$major.jsonl; done
	$(BIN)/python -m tests.adversary.summary $(RECORDS)

bench: $(READY)  ## start-up of the command line, then backfills side by side; BENCH="--quick" for less
	$(BIN)/python benchmarks/startup.py | tee benchmarks/startup.json
	$(BIN)/python -m benchmarks.backfill --page docs/benchmarks.md $(BENCH)
