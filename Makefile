# Two commands for a newcomer: `make run` and `make test`. Both need Python 3.11+ and nothing else, and both can
# be repeated: what is already done is not done again, what was interrupted is repaired.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ARGS   ?=
STORIES ?= 1000000
SEED   ?= 2026

# A stamp carries the checksum of the lock that was installed, and is written last: another lock, or an
# installation that did not end, is installed again.
RUN_STAMP := $(VENV)/.run-$(shell cksum < requirements.lock | tr -d ' ')
DEV_STAMP := $(VENV)/.dev-$(shell cksum < requirements-dev.lock | tr -d ' ')

PYTEST := $(BIN)/python -m pytest

# Compiled modules are kept, whatever the surroundings say: every process of ours begins a second sooner by it.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check style types unit format bench load chaos races runbook-pictures stories vendor lock clean setup setup-dev

help: ## what can be made
	@echo "make run    start everything on this machine   (ARGS=\"--port 8080 --no-simulation\" for options)"
	@echo "make test   every check and every test"
	@echo "make check  format, lint, layers, types: the fast part of make test"
	@echo "make unit   the fast tests only"
	@echo "make format put the code into its format"
	@echo "make bench  the figures, each next to a baseline of the same run   (ARGS=\"lookup roads --write docs/plots\" for sections)"
	@echo "make chaos  kill, freeze and restart every process under load, then check what must hold   (ARGS=\"--minutes 20\")"
	@echo "make screenshots  the pictures of the pages in docs/screens, from a scene played in a Chromium"
	@echo "make runbook-pictures  the pictures of docs/runbook.md: demands brought to a standstill, and helped"
	@echo "make load   demands, steps, positions and a burst on a stack of its own   (ARGS=\"--find-limit\": the highest rate that is kept)"
	@echo "make races  a thousand races for one mission, and a thousand for one vehicle, on the real engine"
	@echo "make stories  a million random stories of one demand on the rulebook, a hundred on the whole stack   (STORIES=… SEED=…)"
	@echo "make vendor bring the files that the pages need of others into web/vendor, and lock them (needs npm)"
	@echo "make lock   resolve requirements*.in again and lock them with hashes (needs uv)"
	@echo "make clean  remove the virtual environment and the caches, keep the data (.rescousse)"

run: $(RUN_STAMP) ## start the embedded stack
	@exec $(BIN)/python -m ops up $(ARGS)

setup: $(RUN_STAMP)
setup-dev: $(DEV_STAMP)

# --- checks and tests: fast first ------------------------------------------------------------------------------

# Types are found by one process, unit tests by as many as there are processors: side by side nobody waits.
test: style
	@$(MAKE) --no-print-directory -j 2 types unit
	@echo "==> a Chromium for the tests of the pages"
	@$(BIN)/python -m ops.chromium
	@echo "==> every other test"
	@$(PYTEST) tests --ignore=tests/unit -n logical --dist loadfile --no-loadscope-reorder $(ARGS)
	@echo "==> all green"

check: style types

style: $(DEV_STAMP)
	@echo "==> format"
	@$(BIN)/python -m ruff format --check .
	@echo "==> lint"
	@$(BIN)/python -m ruff check .
	@echo "==> layers"
	@$(BIN)/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' --no-logo

types: $(DEV_STAMP)
	@echo "==> types"
	@$(BIN)/python -m mypy

unit: $(DEV_STAMP)
	@echo "==> unit tests"
	@$(PYTEST) tests/unit -n logical

format: $(DEV_STAMP)
	@$(BIN)/python -m ruff format .
	@$(BIN)/python -m ruff check --fix .

bench: $(DEV_STAMP)
	@exec $(BIN)/python -m bench $(ARGS)

load: $(DEV_STAMP)
	@exec $(BIN)/python -m bench.load $(ARGS)

chaos: $(DEV_STAMP)
	@exec $(BIN)/python -m tests.chaos $(ARGS)

races: $(DEV_STAMP)
	@RESCOUSSE_RACES=1000 $(PYTEST) tests/races -n 2 --durations=0

stories: $(DEV_STAMP) ## STORIES and SEED choose how many, and which
	@RESCOUSSE_INTERLEAVINGS=$(STORIES) RESCOUSSE_SEED=$(SEED) $(PYTEST) tests/unit/test_interleavings.py -n logical
	@RESCOUSSE_STACK_STORIES=100 $(PYTEST) tests/stack/test_stack_machine.py

screenshots: $(DEV_STAMP)
	@$(BIN)/python -m ops.chromium
	@exec $(BIN)/python -m tests.browser.screenshots $(ARGS)

runbook-pictures: $(DEV_STAMP)
	@$(BIN)/python -m ops.chromium
	@exec $(BIN)/python -m tests.browser.runbook

# --- setting up ------------------------------------------------------------------------------------------------

$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "Python 3.11 or newer is needed, and '$(PYTHON)' was not found: install it, or name yours with PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and '$(PYTHON)' is $$($(PYTHON) -V 2>&1): name a newer one with PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' comes without its venv module: install it (on Debian and Ubuntu: the package python3-venv)." >&2; exit 1; }
	@echo "==> creating the virtual environment $(VENV) with $$($(PYTHON) -V)"
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# pip takes a package whose files were half written for an installed one: after an interruption, start over.
define install
	@[ ! -e $(VENV)/.installing ] || { \
	  echo "==> the last installation was interrupted: starting over"; \
	  $(PYTHON) -m venv --clear $(VENV) && touch $(VENV)/.created; }
	@touch $(VENV)/.installing
	@$(BIN)/python ops/install.py $(1)
	@ln -sf ../../rescousse $(BIN)/rescousse
	@rm -f $(VENV)/.run-* $(VENV)/.dev-* $(VENV)/.installing
endef

$(RUN_STAMP): $(VENV)/.created
	@echo "==> installing what Rescousse needs to run (requirements.lock)"
	$(call install,requirements.lock)
	@touch $@

$(DEV_STAMP): $(VENV)/.created
	@echo "==> installing what checks and tests need as well (requirements-dev.lock)"
	$(call install,requirements-dev.lock)
	@touch $@ $(RUN_STAMP)

# --- upkeep ----------------------------------------------------------------------------------------------------

UV ?= uv
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url
lock: ## the second follows the first, so that both name the same versions. UPGRADE=--upgrade takes newer ones
	@command -v $(UV) >/dev/null 2>&1 || { echo "make lock needs uv: install it, or name yours with UV=…" >&2; exit 1; }
	$(COMPILE) $(UPGRADE) requirements.in -o requirements.lock
	$(COMPILE) $(UPGRADE) requirements-dev.in -o requirements-dev.lock

vendor: $(DEV_STAMP) ## the versions stand in web/vendor.toml
	@$(BIN)/python -m ops.vendor

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
