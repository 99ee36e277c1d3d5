# Thin lines over `python -m churnclv <command> key=value ...`. Variables given to make reach the recipes through the
# environment ($$DATA, not $(DATA)), so that paths with spaces, quotes, commas or equal signs arrive as they are.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup lock inspect train entry leaderboard ui report export rollback score customer campaign-table campaign-plan campaign-judge monitor retrain forget serve test test-all test-nightly lint bench clean

ROOT := $(CURDIR)
CALLER := $(or $(PWD),$(CURDIR))
PYTHON ?= python3
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps
RUN_PYTHON = cd "$(CALLER)" && "$(ROOT)/.venv/bin/python"
unexport MAKEFLAGS
export MLFLOW_DISABLE_TELEMETRY := true
export OMP_WAIT_POLICY ?= passive
export CHURNCLV_HOME := $(ROOT)/mlruns

help: ## this list
	@grep -E '^[a-z-]+:.*## ' "$(ROOT)/Makefile" | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: ## .venv with the locked dependencies, checked by their hashes (done once; other targets do it when missing)
	@if cmp -s requirements.lock .venv/installed.lock; then exit 0; fi; \
	"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with PYTHON=/path/to/python3" >&2; exit 2; }; \
	echo "Setting up .venv with the locked dependencies (once, a minute or two) ..."; \
	"$(PYTHON)" -m venv .venv; \
	awk '/^setuptools==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements.lock >.venv/build.lock; \
	$(PIP) --require-hashes -r .venv/build.lock; \
	$(PIP) --require-hashes --no-build-isolation -r requirements.lock; \
	$(PIP) --no-build-isolation -e .; \
	.venv/bin/python -m compileall -q src; \
	cp requirements.lock .venv/installed.lock

lock: ## write requirements.lock and docs/requirements.lock anew from pyproject.toml; ARGS="-U package" moves one up
	@.ci/lock $(ARGS)

inspect: setup ## what a file is, and the command that trains on it; DATA=orders.csv, SAVE=myshop for conf/data/myshop.yaml
	@$(RUN_PYTHON) -m churnclv inspect $${DATA:+"path=$$DATA"} $${SAVE:+"save=$$SAVE"} $(ARGS)

train: setup ## train both models; DATA=orders.csv for your own log, EXPERIMENT=entry, ARGS="key=value ..."
	@$(RUN_PYTHON) -m churnclv train $${EXPERIMENT:+"experiment=$$EXPERIMENT"} $${DATA:+data=transactions "data.path=$$DATA"} $(ARGS)

entry: setup ## start a hackathon entry in experiments/: NAME=your-idea
	@$(RUN_PYTHON) -m churnclv entry $${NAME:+"name=$$NAME"} $(ARGS)

leaderboard: setup ## rank the entries on the sealed leaderboard, train those without a CDNOW result
	@$(RUN_PYTHON) -m churnclv leaderboard $(ARGS)

ui: setup ## MLflow on loopback (PORT=5000)
	@$(RUN_PYTHON) -m churnclv ui $${PORT:+"port=$$PORT"} $(ARGS)

report: setup ## what the numbers mean, in one page; OUT=file.html, DATA=orders.csv
	@$(RUN_PYTHON) -m churnclv report $${DATA:+data=transactions "data.path=$$DATA"} $${OUT:+"out=$$OUT"} $(ARGS)

export: setup ## write the best run as a bundle; RUN=id, OUT=dir
	@$(RUN_PYTHON) -m churnclv export $${RUN:+"run=$$RUN"} $${OUT:+"out=$$OUT"} $(ARGS)

rollback: setup ## the champion before the present one serves again
	@$(RUN_PYTHON) -m churnclv rollback $(ARGS)

score: setup ## INPUT=orders.csv OUTPUT=scores.csv [AS_OF=2011-09-09] [HORIZON_DAYS=180] [MODEL=path-or-uri] [TARGETS=contact.csv BUDGET=500] [AUDIENCES=dir]
	@$(RUN_PYTHON) -m churnclv score $${TARGETS:+"targets=$$TARGETS"} $${AUDIENCES:+"audiences=$$AUDIENCES"} $${CONTACTS:+"contacts=$$CONTACTS"} $${BUDGET:+"budget=$$BUDGET"} $${INPUT:+"input=$$INPUT"} $${OUTPUT:+"output=$$OUTPUT"} $${AS_OF:+"as_of=$$AS_OF"} $${HORIZON_DAYS:+"horizon_days=$$HORIZON_DAYS"} $${MODEL:+"model=$$MODEL"} $(ARGS)

customer: setup ## one customer's score, reasons, history, what would change it: INPUT=orders.csv ID=ann [AS_OF=2011-09-09] [MODEL=path-or-uri]
	@$(RUN_PYTHON) -m churnclv customer $${INPUT:+"input=$$INPUT"} $${ID:+"id=$$ID"} $${AS_OF:+"as_of=$$AS_OF"} $${MODEL:+"model=$$MODEL"} $(ARGS)

monitor: setup ## what changed since the export, and whether past scores came true: INPUT=orders.csv [AS_OF=2011-09-09] [MODEL=path-or-uri]
	@$(RUN_PYTHON) -m churnclv monitor $${INPUT:+"input=$$INPUT"} $${AS_OF:+"as_of=$$AS_OF"} $${MODEL:+"model=$$MODEL"} $(ARGS)

retrain: setup ## a challenger where it is due, promoted where it is better: INPUT=orders.csv [MODEL=uri]
	@$(RUN_PYTHON) -m churnclv retrain $${INPUT:+"input=$$INPUT"} $${MODEL:+"model=$$MODEL"} $(ARGS)

forget: setup ## remove customers from every file of the runs that holds ids: CUSTOMERS=ids.csv
	@$(RUN_PYTHON) -m churnclv forget $${CUSTOMERS:+"customers=$$CUSTOMERS"} $(ARGS)

campaign-table: setup ## past contacts as a table to learn effects from: INPUT=orders.csv OUT=past.csv [AS_OF=2011-09-09: whom to score]
	@$(RUN_PYTHON) -m churnclv campaign-table $${INPUT:+"input=$$INPUT"} $${OUT:+"out=$$OUT"} $${AS_OF:+"as_of=$$AS_OF"} $(ARGS)

campaign-plan: setup ## whom to treat, whom to hold out at random: SCORES=scores.csv OUT=campaigns/spring [BUDGET=5000] [EFFECTS=effects.csv]
	@$(RUN_PYTHON) -m churnclv campaign-plan $${SCORES:+"scores=$$SCORES"} $${EFFECTS:+"effects=$$EFFECTS"} $${OUT:+"out=$$OUT"} $${BUDGET:+"budget=$$BUDGET"} $(ARGS)

campaign-judge: setup ## what a campaign brought: CAMPAIGN=campaigns/spring INPUT=orders_later.csv [CONTACTED=sent.csv COST=4100]
	@$(RUN_PYTHON) -m churnclv campaign-judge $${CAMPAIGN:+"campaign=$$CAMPAIGN"} $${INPUT:+"input=$$INPUT"} $${CONTACTED:+"contacted=$$CONTACTED"} $${COST:+"cost=$$COST"} $(ARGS)

serve: setup ## the same scores over HTTP on loopback (PORT=5001, MODEL=path-or-uri)
	@$(RUN_PYTHON) -m churnclv serve $${PORT:+"port=$$PORT"} $${MODEL:+"model=$$MODEL"} $(ARGS)

test: setup ## the suite without the tests marked slow
	@.venv/bin/python -m pytest -n 2 --dist loadgroup -m "not slow" $(ARGS)

test-all: setup ## the whole suite, with an eighth of the examples of each property: what .ci/run runs
	@.venv/bin/python -m pytest -n 2 --dist loadgroup $(ARGS)

test-nightly: setup ## the whole suite, with all examples
	@.venv/bin/python -m pytest -n 2 --dist loadgroup --hypothesis-profile=nightly $(ARGS)

lint: setup ## ruff, mypy strict, the order of the rooms
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy && .venv/bin/lint-imports

bench: setup ## the figures in experiments/benchmarks; PEERS=1 [DATA=folder]: the arena, beside peers, instead (hours)
	@if [ -n "$${PEERS:-}" ]; then $(RUN_PYTHON) "$(ROOT)/experiments/benchmarks/arena.py" $${DATA:+--data "$$DATA"} $(ARGS); exit; fi; \
	.venv/bin/python experiments/benchmarks/clv.py; \
	.venv/bin/python experiments/benchmarks/holdout.py cdnow_sample; \
	.venv/bin/python experiments/benchmarks/train.py $(ARGS)

.PHONY: docs docs-setup
docs-setup: ## .venv-docs with the locked packages of the documentation (make docs does it when missing)
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with PYTHON=/path/to/python3" >&2; exit 2; }; \
	if ! cmp -s docs/requirements.lock .venv-docs/installed.lock; then \
	  "$(PYTHON)" -m venv .venv-docs; \
	  .venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r docs/requirements.lock; \
	  cp docs/requirements.lock .venv-docs/installed.lock; \
	fi

docs: docs-setup ## the documentation as a static site in site/; a broken link is an error
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --strict --config-file - <docs/mkdocs.yml; \
	echo "site/index.html"

clean: ## remove .venv and tool caches; runs in mlruns/ stay
	@rm -rf .venv .venv-docs site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache src/churnclv.egg-info
	@find src tests experiments -name __pycache__ -type d -prune -exec rm -rf {} +
