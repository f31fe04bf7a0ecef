# Every target says in one line what it does: `make help` prints them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# compile bytecode at install: without it every dbt start costs a second more
export UV_COMPILE_BYTECODE := 1
export DO_NOT_TRACK := 1

.PHONY: help install run test test-long lint torture docs bench clean

help:  ## print this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

install: .venv/installed  ## make .venv with the locked dependencies

# uv installs in seconds; where it cannot (a mirror that only pip knows), pip does it in a minute
.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "myPizza needs Python 3.11+")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-uv.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock \
		|| $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline -e . \
		|| $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

run: install  ## load, build, test, publish and document the sample company
	$(BIN)/mypizza run

test: install  ## run the tests: Python, and through it dbt on real servers
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m "not long"

test-long: install  ## run the tests that run the whole company again and again
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -m long

lint: install  ## check Python, SQL, YAML and the project's rules; needs no database
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict .
	$(BIN)/sqlfluff lint --disable-progress-bar models snapshots tests macros report
	$(BIN)/python .ci/parse_gate.py
	$(BIN)/dbt-bouncer --config-file dbt-bouncer.yml

torture: install  ## kill the run 60 times at random moments and compare; writes docs/torture.md
	MYPIZZA_TORTURE_KILLS=60 MYPIZZA_TORTURE_REPORT=docs/torture.md \
		$(BIN)/pytest tests/python/test_torture.py

docs: install  ## write the docs site of the published marts
	$(BIN)/mypizza docs

bench: install  ## measure speed and memory, as ratios; writes benchmarks/results.md
	$(BIN)/python -m benchmarks

lock:  ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --universal --generate-hashes --extra docs --extra dashboard --extra s3 --extra dev --python-version 3.11 \
		--no-annotate --quiet pyproject.toml -o requirements.lock
	sed -n '/^uv==/,/^[^ ]/p' requirements.lock | sed '$$d' > requirements-uv.lock

clean:  ## stop the embedded server; remove what make run and make test made
	-@[ -x $(BIN)/mypizza ] && $(BIN)/mypizza down
	rm -rf .venv .warehouse target logs profiles.yml *.egg-info .mypy_cache .pytest_cache .ruff_cache
