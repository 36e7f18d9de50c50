# The commands of this repository; `make demo` and `make test` need Python 3.11 or newer only.

# The newest interpreter that runs and can make virtual environments, not merely one that is found.
PYTHON := $(shell for python in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
		>/dev/null 2>&1; then echo "$$python"; break; fi; done)

VENV := .venv
BIN := $(VENV)/bin
REAL := .venv-real
DEMO_ARGS ?=
SERVE_ARGS ?=
TEST_ARGS ?=
TORTURE_ARGS ?=
BENCH_ARGS ?=
CONTAINER_ARGS ?=
REAL_ARGS ?=

.PHONY: demo test test-real check format serve docs presets faults torture bench container requirements clean

demo: $(VENV)/run.stamp
	@$(BIN)/notifier demo $(DEMO_ARGS)

serve: $(VENV)/run.stamp
	@$(BIN)/notifier serve $(SERVE_ARGS)

test: $(VENV)/dev.stamp
	@sh tests/set-up
	@rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest -n 2 --dist worksteal $(TEST_ARGS)
	@$(BIN)/coverage combine -q
	@$(BIN)/python -m tests.coverage_gates

# A help desk of other people's, and senders' own libraries, against the notifier as it is run.
test-real: $(VENV)/dev.stamp $(REAL)/made.stamp
	@sh tests/set-up
	@$(BIN)/python -m tests.real $(REAL_ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/openapi-spec-validator openapi.yaml

# Runs every test that shows a fault, and writes docs/faults.md.
faults: $(VENV)/dev.stamp
	@sh tests/set-up
	@$(BIN)/python -m tests.faults

# Writes docs/sources/, a page for each preset, and its part of zensical.toml.
presets: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.presets

# Every harness whole; a small share of each runs in `make test`.
torture: $(VENV)/dev.stamp
	@sh tests/set-up
	@$(BIN)/python -m tests.torture $(TORTURE_ARGS)

# Ratios against peers, in one run; never part of the tests.
bench: $(VENV)/bench.stamp
	@sh bench/set-up
	@$(BIN)/python -m bench $(BENCH_ARGS)

# What the Dockerfile says, done without an engine in a scratch root.
container: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.container $(CONTAINER_ARGS)

docs: $(VENV)/docs.stamp
	@$(BIN)/zensical build --clean --strict
	@$(BIN)/python -m tests.built_pages build/docs

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

$(VENV)/made.stamp:
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python 3.11 or newer with venv runs here. Install one, for example:" >&2; \
		echo "  Debian, Ubuntu: apt-get install python3 python3-venv" >&2; \
		echo "  Fedora: dnf install python3    macOS: brew install python" >&2; \
		exit 1; fi
	@echo "Setting up $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/made.stamp requirements.txt requirements-build.txt pyproject.toml
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes \
		-r requirements-build.txt -r requirements.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps \
		--no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes \
		-r requirements-dev.txt
	@touch $@

$(VENV)/bench.stamp: $(VENV)/dev.stamp requirements-bench.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes \
		-r requirements-bench.txt
	@touch $@

$(VENV)/docs.stamp: $(VENV)/dev.stamp requirements-docs.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes \
		-r requirements-docs.txt
	@touch $@

# Apart from ours, so that neither is bound by what the other needs.
$(REAL)/made.stamp: $(VENV)/made.stamp requirements-real.txt
	@echo "Setting up $(REAL)"
	@$(PYTHON) -m venv $(REAL)
	@$(REAL)/bin/python -m pip install -q --disable-pip-version-check --require-hashes \
		-r requirements-real.txt
	@touch $@

COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make requirements"

# Needs uv. Writes hashes, and no address of an index.
requirements:
	$(COMPILE) pyproject.toml -o requirements.txt
	$(COMPILE) --group build -o requirements-build.txt
	$(COMPILE) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	$(COMPILE) --group docs -o requirements-docs.txt
	$(COMPILE) --group bench -c requirements.txt -o requirements-bench.txt
	$(COMPILE) --group real -o requirements-real.txt

clean:
	rm -rf $(VENV) $(REAL) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache build dist *.egg-info
