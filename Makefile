# Everything starts with `make demo` or `make test`: both prepare their own virtual environment.
PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
BIN = $(VENV)/bin
DATA ?= $(or $(INSPECTOR_DATA),../shared/data)

.PHONY: help install demo test check bench demo-bundle clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

install: $(VENV)/.installed ## virtual environment with the base package

demo: $(VENV)/.installed ## a simulated line, its daemon, a subscriber, a report in demo-report/
	$(BIN)/inspector demo -c configs/demo.yaml --report demo-report

test: $(VENV)/.installed-dev ## the whole test suite
	$(BIN)/python -m pytest

check: $(VENV)/.installed-dev ## lint, types, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed ## measure engines, pipeline, latency and memory on this machine
	$(BIN)/inspector bench

demo-bundle: $(VENV)/.installed-training ## train the demo bundle anew (about 90 minutes on two cores)
	@echo "see configs/training/demo.yaml"

clean: ## remove what the targets above made
	rm -rf $(VENV) demo-report build *.egg-info

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or later is needed; this is $$($(PYTHON) --version). Try make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing: apt-get install python3-venv, then try again."; exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.venv setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.venv setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-training: $(VENV)/.venv setup.cfg pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check '$(TORCH)'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[training]'
	@touch $@ $(VENV)/.installed
