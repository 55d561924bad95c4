# Everything starts with `make demo` or `make test`: both prepare their own virtual environment.
PYTHON ?= python3
VENV ?= .venv
# Never leave torch open: a package installed beside it would replace it by the newest, with gigabytes of CUDA.
TORCH ?= torch==2.13.0 torchvision==0.28.0
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check install
# What an installation is made of; compiled modules are built beside their sources.
COMPILED = inspector/verdicts/_native engines/images/_quick_look inspector/capture/_flat_field
PARTS = setup.cfg setup.py pyproject.toml $(COMPILED:=.c)
INSTALLED = @touch $@; ls $(COMPILED:=.abi3.so) >/dev/null 2>&1 || \
  echo "Some modules were not compiled: Inspector works, slower; $(BIN)/inspector doctor says what is missing."
# Packages are built in an environment of their own, for this Python and processor where nothing else is said.
PACKAGING = build/packaging/venv
PACKAGE_PYTHON ?= $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ARCH ?= $(shell uname -m)
# Bytecode is kept, whatever this machine has set: the tests start hundreds of Pythons, and each would compile the project anew.
export PYTHONDONTWRITEBYTECODE =
DATA ?= $(or $(INSPECTOR_DATA),../shared/data)

.PHONY: help install demo demo-view test test-training test-tensorrt gpu-check installed-check service-check native-check native-aarch64 fuzz faults trial deb offline package-check check bench doctor demo-bundle clean
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 17

install: $(VENV)/.installed ## virtual environment with all that a line on the CPU needs

demo: $(VENV)/.installed ## a simulated line, its daemon, a subscriber, a report in demo-report/
	$(BIN)/inspector demo

demo-view: $(VENV)/.installed-view ## a simulated line and its pages in a browser, until Ctrl-C; all files in demo-view/
	$(BIN)/inspector demo-view

test: $(VENV)/.installed-dev ## the whole test suite; what needs torch skips without it
	$(BIN)/python -m pytest

test-training: $(VENV)/.installed-torch ## the tests that need torch, which this adds to the environment
	$(BIN)/python -c 'import torch, onnxscript, engines.networks.torchvision_guard, lightning, timm, segmentation_models_pytorch'
	$(BIN)/python -m pytest tests/engines tests/calibration tests/bundles

test-tensorrt: $(VENV)/.installed-tensorrt ## the tests that build TensorRT plans, on any x86-64 machine; the large ones need torch too
	$(BIN)/python -m pytest tests/engines/tensorrt tests/cli/test_engines.py

gpu-check: $(VENV)/.installed-dev ## all that only a GPU can show, into build/gpu-check: needs pycuda, and torch with CUDA
	$(BIN)/python -m tests.gpu.check --out build/gpu-check

installed-check: $(VENV)/.installed-dev ## the README's commands from a wheel, in an empty folder; trainings too where torch is there (minutes)
	$(BIN)/python -m tests.installed.check

SUITES ?= bookworm trixie
service-check: $(VENV)/.installed-dev ## the service on a real systemd, in containers of Debian 12 and 13; root and systemd-nspawn (minutes)
	$(BIN)/python -m tests.service_check $(SUITES:%=--suite %)

native-check: $(VENV)/.installed-dev ## compiled code against numpy, and under the address sanitizer (a minute)
	$(BIN)/python -m tests.verdicts.fuzz_native --seconds 20
	$(BIN)/python -m tests.engines.images.fuzz_quick_look --seconds 10
	$(BIN)/python -m tests.capture.fuzz_flat_field --seconds 10
	$(BIN)/python -m tests.verdicts.sanitize_native --seconds 20

fuzz: $(VENV)/.installed-dev ## everything that reads bytes from outside, SECONDS=60 a target; guided where atheris is installed
	nice $(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) $(TARGETS)

native-aarch64: $(VENV)/.installed-dev ## a wheel for aarch64 in dist/, by gcc-aarch64-linux-gnu
	$(BIN)/python -m tests.installed.cross aarch64 dist

deb: $(PACKAGING)/.made ## a Debian package in dist/, for PACKAGE_PYTHON=3.11
	$(PACKAGING)/bin/python -m systemd.packaging.deb --python $(PACKAGE_PYTHON) --machine $(ARCH) --out dist

offline: $(PACKAGING)/.made ## an archive for machines without a network in dist/: ARCH=, PACKAGE_PYTHON=, SIGNING_KEY=
	$(PACKAGING)/bin/python -m systemd.packaging.offline --python $(PACKAGE_PYTHON) --machine $(ARCH) --out dist \
	  $(if $(SIGNING_KEY),--signing-key $(SIGNING_KEY))

package-check: $(PACKAGING)/.made ## the package in a new Debian without a network, as root; SUITES="bookworm trixie" (minutes)
	$(PACKAGING)/bin/python -m tests.packaging.check $(SUITES:%=--suite %)

faults: $(VENV)/.installed-dev ## every fault, through the real daemon and real subscribers: a table of promises and outcomes (minutes)
	$(BIN)/python -m tests.faults $(FAULTS)

trial: $(VENV)/.installed-dev ## the reject controller behind a fake camera, the daemon and a PLC, through random faults: what passed, and whether it might (minutes)
	$(BIN)/python -m tests.client.controller.trial $(TRIAL)

check: $(VENV)/.installed-dev ## lint, types, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed ## measure engines, pipeline, latency and memory on this machine
	$(BIN)/inspector bench

doctor: $(VENV)/.installed ## what this machine has and what is missing
	$(BIN)/inspector doctor

demo-bundle: $(VENV)/.installed-training ## train the demo bundle anew into build/demo-bundle/demo (about an hour on two cores)
	PATH="$(abspath $(BIN)):$$PATH" nice configs/training/demo-bundle.sh $(DATA) build/demo-bundle

clean: ## remove what the targets above made
	rm -rf $(VENV) demo-report demo-view build dist *.egg-info $(COMPILED:=.abi3.so)

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or later is needed; this is $$($(PYTHON) --version). Try make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "Python's venv module is missing: apt-get install python3-venv, then try again."; exit 1; }
	@touch $@

$(PACKAGING)/.made:
	@$(PYTHON) -m venv $(PACKAGING)
	$(PACKAGING)/bin/python -m pip --quiet --disable-pip-version-check install --upgrade 'pip>=24' 'packaging>=24' 'setuptools>=77' \
	  'cyclonedx-python-lib[json-validation]>=9,<12'
	@touch $@

$(VENV)/.installed: $(VENV)/.venv $(PARTS)
	$(PIP) -e '.[line]'
	$(INSTALLED)

$(VENV)/.installed-view: $(VENV)/.venv $(PARTS)
	$(PIP) -e '.[view,report]'
	@touch $(VENV)/.installed
	$(INSTALLED)

$(VENV)/.installed-dev: $(VENV)/.venv $(PARTS)
	$(PIP) -e '.[dev]'
	@touch $(VENV)/.installed
	$(INSTALLED)

$(VENV)/.installed-torch: $(VENV)/.installed-dev
	$(PIP) -e '.[training]' $(TORCH)
	@touch $@ $(VENV)/.installed-training

$(VENV)/.installed-tensorrt: $(VENV)/.installed-dev
	$(PIP) -e '.[tensorrt-rtx]'
	@touch $@

$(VENV)/.installed-training: $(VENV)/.venv $(PARTS)
	$(PIP) -e '.[training]' $(TORCH)
	@touch $(VENV)/.installed
	$(INSTALLED)
