# Everything here works in a fresh clone: each target first makes what it needs in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/.base-installed
FULL := $(VENV)/.full-installed
DEMO_OUT := out/demo

.PHONY: help demo test lint format benchmark clean

help: ## this list
	@echo "make demo       turn the photograph in examples/ into a 3D head"
	@echo "make test       run the tests"
	@echo "make lint       check style and types"
	@echo "make format     rewrite the code in the project's style"
	@echo "make benchmark  measure the speed against the committed baseline"
	@echo "make clean      remove the virtual environment and results"

demo: $(BASE) ## base install only, no torch
	$(BIN)/mien fit examples/astronaut.jpg --out $(DEMO_OUT)
	@echo
	@echo "The fitted head of examples/astronaut.jpg is in $(DEMO_OUT):"
	@for kind in png glb json; do ls $(DEMO_OUT)/*.$$kind | sed 's/^/  /'; done
	@echo "Look at the -look.png and the -overlay.png, open the .glb in Blender or any glTF viewer, read the .json."

# A process for each core, one thread in each: threads that share busy cores wait for each other.
test: $(FULL)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

lint: $(FULL)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(FULL)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Speed against the committed baseline; accuracy where the labelled pictures are (make benchmark YTF68=folder).
YTF68 ?= ../shared/photos/ytf68
benchmark: $(BASE)
	$(BIN)/mien benchmark speed $(addprefix --baseline ,$(wildcard benchmarks/speed.json)) $(ARGS)
	@if [ -d "$(YTF68)" ]; then $(BIN)/mien benchmark ytf68 --data "$(YTF68)"; fi

clean:
	rm -rf $(VENV) out build dist

# One environment for everything: the demo puts the base in it, the tests add the extras.
$(VENV)/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10))" 2>/dev/null || { \
	  echo "mien needs Python 3.10 or newer as '$(PYTHON)'; install it, or name another: make PYTHON=python3.11 demo"; \
	  exit 1; }
	@$(PYTHON) -c "import venv, ensurepip" 2>/dev/null || { \
	  echo "This Python cannot make virtual environments (venv or ensurepip is missing)."; \
	  echo "On Debian and Ubuntu: sudo apt install python3-venv; elsewhere use a Python from python.org."; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)

$(BASE): pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(FULL): pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev,train]"
	@touch $@ $(BASE)
