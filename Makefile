# Every target says in one line what it does: `make help` prints them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# compile bytecode at install: without it every dbt start costs a second more
export UV_COMPILE_BYTECODE := 1
export DO_NOT_TRACK := 1
# where the home cannot be written, uv keeps its packages here, and pip, if it has to serve, none
ifneq ($(shell mkdir -p "$${UV_CACHE_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}/uv}" 2>/dev/null && test -w "$${UV_CACHE_DIR:-$${XDG_CACHE_HOME:-$$HOME/.cache}/uv}" && echo yes),yes)
export UV_CACHE_DIR := $(CURDIR)/.venv/.uv-cache
export PIP_NO_CACHE_DIR := 1
endif

# for as long as its lock file stays the same, whatever becomes of this folder
SUPERSET := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mypizza/superset

# likewise
STORES := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mypizza/stores
AZURITE := 3.35.0
FAKE_GCS := v1.56.1

# likewise
BROKERS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mypizza/brokers
KAFKA := 4.4.0

# likewise
DOCUMENTS := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mypizza/documents
FERRETDB := v1.24.2

.PHONY: help install run test lint torture docs bench screenshots superset stores brokers documents clean

help:  ## print this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

install: .venv/installed  ## make .venv with the locked dependencies

# uv installs in seconds; where it cannot (a mirror that only pip knows), pip does it in a minute
.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "myPizza needs Python 3.11+")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements-uv.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock \
		|| $(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline -e . \
		|| $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	test -e profiles.yml || install -m 600 profiles.yml.example profiles.yml
	@touch $@

run: install  ## load, build, test, publish and document the sample company
	$(BIN)/mypizza-sample start --until 2016-01-31
	$(BIN)/mypizza run

test: install  ## run the tests: Python, and through it dbt on real servers
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# two at a time, each tool's findings in one piece; where one has some, the others go on
LINTERS := $(addprefix lint-,models statements types python format imports yaml spelling sizes rules)
.PHONY: $(LINTERS)

lint: install  ## check Python, SQL, YAML, spelling and the project's rules; needs no database
	@$(MAKE) --no-print-directory --keep-going $(LINTERS) \
		$(if $(filter output-sync,$(.FEATURES)),--jobs=2 --output-sync)

lint-models:
	$(BIN)/sqlfluff lint --disable-progress-bar models snapshots tests macros report
lint-statements:
	$(BIN)/sqlfluff lint --disable-progress-bar --templater placeholder --disregard-sqlfluffignores \
		ingest tests/python/tills/figures
lint-types:
	$(BIN)/mypy
lint-python:
	$(BIN)/ruff check .
lint-format:
	$(BIN)/ruff format --check .
lint-imports:
	$(BIN)/lint-imports --no-logo
lint-yaml:
	$(BIN)/yamllint --strict .
lint-spelling:
	$(BIN)/codespell
lint-sizes:
	$(BIN)/python .ci/sizes.py
lint-rules:
	$(BIN)/python .ci/parse_gate.py
	$(BIN)/dbt-bouncer --config-file dbt-bouncer.yml

KILLS ?= 60
REPORT ?= docs/torture.md

torture: install  ## kill the run 60 times at random moments and compare; writes docs/torture.md
	MYPIZZA_TORTURE_KILLS=$(KILLS) MYPIZZA_TORTURE_REPORT=$(REPORT) $(BIN)/pytest -m torture

docs: install  ## write report, docs and lineage of the published marts, and their index page
	$(BIN)/mypizza docs

bench: install  ## measure speed and memory, as ratios; writes benchmarks/results.md
	$(BIN)/python -m benchmarks

screenshots: run  ## renew the README's pictures from the sample company; needs Chromium and its driver
	$(BIN)/python docs/screenshots.py

superset: $(SUPERSET)/installed  ## make a Superset, in the user's cache: the tests load bi/superset into it
	@echo "Superset is $(SUPERSET)/bin/superset; docs/how-to/connect.md says how to start it."

$(SUPERSET)/installed: bi/superset/requirements.lock .venv/installed
	$(PYTHON) -m venv --clear $(SUPERSET)
	$(BIN)/uv pip sync --quiet --python $(SUPERSET)/bin/python --require-hashes bi/superset/requirements.lock \
		|| $(SUPERSET)/bin/python -m pip install --quiet --require-hashes -r bi/superset/requirements.lock
	@touch $@

stores: $(STORES)/azurite-$(AZURITE) $(STORES)/fake-gcs-$(FAKE_GCS)  ## get stores like Azure's and Google's, for the tests; needs npm and go

$(STORES)/azurite-$(AZURITE):
	npm install --silent --no-audit --no-fund --ignore-scripts --prefix $(STORES) azurite@$(AZURITE)
	@touch $@

$(STORES)/fake-gcs-$(FAKE_GCS):
	GOBIN=$(STORES)/bin go install github.com/fsouza/fake-gcs-server@$(FAKE_GCS)
	@touch $@

brokers: $(BROKERS)/kafka-$(KAFKA)  ## get Apache Kafka, for the tests; needs mvn, and java to run it

$(BROKERS)/kafka-$(KAFKA):
	rm -rf $@.new
	mvn --quiet --batch-mode --file .ci/brokers.xml dependency:copy-dependencies -Dkafka=$(KAFKA) \
		-DincludeScope=runtime -DoutputDirectory=$@.new
	mv $@.new $@

documents: $(DOCUMENTS)/ferretdb-$(FERRETDB)  ## get FerretDB, which speaks MongoDB's protocol, for the tests; needs go

$(DOCUMENTS)/ferretdb-$(FERRETDB): .ci/ferretdb/main.go
	rm -rf $(DOCUMENTS)/build && mkdir -p $(DOCUMENTS)/build && cp $< $(DOCUMENTS)/build
	cd $(DOCUMENTS)/build && go mod init ferretdb && go get github.com/FerretDB/FerretDB@$(FERRETDB) \
		&& go mod tidy && go build -o $@.new .
	rm -rf $(DOCUMENTS)/build && mv $@.new $@

lock:  ## renew the lock files from pyproject.toml and bi/superset/requirements.in
	$(BIN)/uv pip compile --universal --generate-hashes --extra docs --extra s3 --extra azure --extra gcs --extra excel --extra dev --python-version 3.11 \
		--no-annotate --quiet pyproject.toml -o requirements.lock
	sed -n '/^uv==/,/^[^ ]/p' requirements.lock | sed '$$d' > requirements-uv.lock
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 \
		--no-annotate --quiet bi/superset/requirements.in -o bi/superset/requirements.lock

clean:  ## stop the sample company and the embedded server; remove what make run and make test made
	-@[ -x $(BIN)/mypizza-sample ] && $(BIN)/mypizza-sample stop
	-@[ -x $(BIN)/mypizza ] && $(BIN)/mypizza down
	rm -rf .venv .warehouse target logs profiles.yml *.egg-info .mypy_cache .pytest_cache .ruff_cache
