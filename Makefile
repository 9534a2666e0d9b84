# discovery_pipeline: `make demo` and `make test` need Python 3.11 to 3.13 and make, nothing else.

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-spark check bench soak docs pictures lock format clean

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info < (3,14))' 2>/dev/null \
	&& { command -v $$p; break; }; done)
BIN := .venv/bin
READY := .venv/.ready
SAMPLE := .discovery/sample
OUT ?= out

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: $(READY) ## Make .venv with the locked dependencies

$(READY): requirements/dev.txt pyproject.toml
	@[ -n "$(PYTHON)" ] || { echo "discovery_pipeline needs Python 3.11, 3.12 or 3.13, and found none. Install one, or say where: make PYTHON=/path/to/python"; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version) (once; a few minutes on a slow line)"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q discovery_pipeline
	@touch $(READY)

demo: $(READY) ## Run the whole pipeline on a sample estate; the result is in out/
	@[ -d $(SAMPLE) ] || $(BIN)/python examples/estate.py --out $(SAMPLE) --servers 2000 --seed 7
	@$(BIN)/discovery run $(SAMPLE) --source servicenow --target aws,aws-mgn --name "Sample estate" --out $(OUT) || [ $$? -eq 2 ]

test: $(READY) ## Run the tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile

test-spark: $(READY) ## Install PySpark into .venv and run the tests on Spark; needs Java 17 or newer
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/spark.txt
	@$(BIN)/python -m pytest tests/spark

check: $(READY) ## Format, lint, types, import contracts
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/basedpyright --level error
	@$(BIN)/lint-imports --no-logo

format: $(READY) ## Format and mend what can be mended
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .

bench: $(READY) ## Measure against peers in the same run; DATA=folder adds the sets with known answers
	@$(BIN)/python -m benchmarks $(if $(DATA),--data $(DATA))

soak: $(READY) ## Kill workers and servers CYCLES times (SEED=n repeats); then events, clients and reversal at full size
	@$(BIN)/python -m benchmarks.soak --cycles $(or $(CYCLES),1000) $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m benchmarks.projections
	@$(BIN)/python -m benchmarks.load
	@$(BIN)/python -m benchmarks.api_soak
	@$(BIN)/python -m benchmarks.service_soak
	@$(BIN)/python -m benchmarks.load --lives 1000
	@$(BIN)/python -m benchmarks.reversal

docs: $(READY) ## Write docs/commands.md from the program's own help
	@NO_COLOR=1 $(BIN)/python -m typer discovery_pipeline.cli.app utils docs --name discovery --title Commands > docs/commands.md

pictures: $(READY) ## Take the pictures of the documentation anew; needs Chromium
	@$(BIN)/python docs/pictures.py

lock: $(READY) ## Resolve the dependencies anew
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements/runtime.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra agents --extra lineage --extra dev pyproject.toml -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --constraint requirements/dev.txt --extra spark pyproject.toml -o requirements/spark.txt

clean: ## Remove the environment and what demos made
	@[ ! -x $(BIN)/discovery ] || $(BIN)/discovery down
	@rm -rf .venv .discovery $(OUT)
