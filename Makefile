# Set-up, runs and checks. Each target works from a clean clone.
#
#   make demo              install what a run needs and play the default talks
#   make test              install everything; style, types, whole test suite
#   make bench             benchmarks
#   make study NAME=...    one of the named studies in experiments/
#
# VENV=folder puts the virtual environment elsewhere, PYTHON=command chooses the Python,
# PYTEST_ARGS=... goes to pytest.

SHELL := /bin/bash
# Without a PYTHON of the caller's, the first of these that is recent enough.
PYTHON ?=
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
VENV ?= .venv
PYTEST_ARGS ?=
UPGRADE ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate --group build $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help demo test pytest lint bench study docs lock browser slurm clean

help:
	@sed -n '3,9s/^# \{0,1\}//p' Makefile

demo: $(VENV)/.installed-run
	$(BIN)/sim run

test: lint pytest

pytest: $(VENV)/.installed-all
	$(BIN)/python -m pytest -n 3 --dist worksteal $(PYTEST_ARGS)

lint: $(VENV)/.installed-all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict sim

bench: $(VENV)/.installed-all
	$(BIN)/python -m benchmarks

study: $(VENV)/.installed-all
	@test -n "$(NAME)" || { echo "Say which study: make study NAME=..." >&2; exit 2; }
	$(BIN)/python -m experiments $(NAME)

# The pages of docs/ that are made from the code, each by its own make_*.py.
docs: $(VENV)/.installed-all
	@for script in docs/make_*.py; do \
	    [ -e "$$script" ] || { echo "No page in docs/ is made from the code."; break; }; \
	    echo "$$script"; $(BIN)/python "$$script" || exit 1; \
	done

# Both lock files; pins stay where they can. UPGRADE=--upgrade takes the newest.
lock: $(VENV)/.installed-all
	$(COMPILE) --all-extras --output-file requirements.lock
	$(COMPILE) --constraint requirements.lock --output-file requirements-run.lock

# Chromium for the tests of the page, from Debian's packages.
browser:
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then \
	    exit 0; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    export DEBIAN_FRONTEND=noninteractive; \
	    apt-get update -qq && \
	    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	else \
	    echo "No Chromium here: please install it (apt-get install chromium)." >&2; exit 1; \
	fi

# Slurm for the tests of job arrays, from Debian's packages; its services are not started.
slurm:
	@if command -v slurmctld && command -v slurmd && command -v munged && command -v sbatch; then \
	    exit 0; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1; \
	    { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
	        munge slurmctld slurmd slurm-client >/dev/null; } || \
	    { echo "Slurm could not be installed: its packages cannot be had here." >&2; exit 1; }; \
	else \
	    echo "No Slurm here: please install it (apt-get install munge slurmctld slurmd" \
	        "slurm-client)." >&2; exit 1; \
	fi

clean:
	rm -rf .venv .venv-newer build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find sim tests experiments benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + \
	    2>/dev/null || true

# ---- the virtual environment; a stamp says what is installed, so that it is done once ----

$(VENV)/.created:
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	    chosen=; \
	    for candidate in $(PYTHONS); do \
	        if "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	            >/dev/null 2>&1; then chosen=$$candidate; break; fi; \
	    done; \
	    if [ -z "$$chosen" ]; then \
	        echo "This needs Python 3.11, 3.12 or 3.13, and $(firstword $(PYTHONS)) is" \
	            "$$($(firstword $(PYTHONS)) --version 2>&1 | head -n 1)." \
	            "Name one with: make PYTHON=..." >&2; \
	        exit 1; \
	    fi; \
	    echo "Making $(VENV) with $$("$$chosen" --version)"; \
	    "$$chosen" -m venv $(VENV); \
	fi
	@touch $@

$(VENV)/.installed-run: requirements-run.lock pyproject.toml | $(VENV)/.created
	@echo "Installing what a run needs into $(VENV)"
	@$(PIP) install --quiet --require-hashes -r requirements-run.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-all: requirements.lock requirements-run.lock pyproject.toml | $(VENV)/.created
	@echo "Installing everything into $(VENV); this takes some minutes"
	@$(PIP) install --quiet --require-hashes -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.installed-run
