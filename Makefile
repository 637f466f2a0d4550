# Every target first sees to uv and to the packages that uv.lock names.
UV_VERSION := 0.13.9
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --no-sync
INSTALLED := .venv/.installed

# Compiled modules halve the time that the gateway and the command line take to start.
export UV_COMPILE_BYTECODE := 1

# Trust what the machine trusts, as pip does, where the machine tells what that is.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS ?= 1
endif

.DEFAULT_GOAL := help
.PHONY: help install run dev test lint types fmt pre-commit ci docs bench soak fuzz wheels publish

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | \
	    awk -F'|' '{ printf "make %-11s %s\n", $$1, $$2 }'

install: $(INSTALLED) ## install uv, if it is missing, and all packages of uv.lock

run: install ## start the gateway on 127.0.0.1:8000; ARGS="--port 9000" adds options
	@.venv/bin/ccproxy serve $(ARGS)

dev: install ## start the gateway with a debug log; it restarts when code changes
	@.venv/bin/ccproxy serve --reload --log-level debug $(ARGS)

test: install ## run the tests; ARGS="-m unit" picks some
	$(RUN) pytest $(ARGS)

lint: install ## check the code's style and the directions of imports
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) lint-imports

types: install ## check the types
	$(RUN) mypy

fmt: install ## format the code, and mend what can be mended
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

pre-commit: install ## run the hooks on all files, and install them for git
	$(RUN) pre-commit install
	$(RUN) pre-commit run --all-files

ci: ## do what a change must pass before it lands
	.ci/run

docs: install ## write the reference documentation from the code
	$(RUN) python scripts/docs.py

bench: install ## measure requests per second through the gateway; ARGS="--help" tells more
	$(RUN) python scripts/bench.py $(ARGS)

soak: install ## write records and ask a gateway for minutes; ARGS="--minutes 30"
	$(RUN) pytest -m soak
	$(RUN) python scripts/soak.py $(ARGS)

fuzz: install ## feed odd bytes to whatever reads them; ARGS="--seconds 600" goes on for longer
	$(RUN) python scripts/fuzz.py $(ARGS)

wheels: install ## build all wheels and source distributions into dist
	rm -rf dist
	$(UV) build --all-packages --out-dir dist

publish: wheels ## hand what is in dist to PyPI; the release workflow does this
	$(UV) publish dist/*

$(INSTALLED): uv.lock pyproject.toml $(wildcard packages/*/pyproject.toml) | $(UV)
	$(UV) sync --locked --all-packages
	@touch $@

.tools/bin/uv:
	@echo "There is no uv on the PATH: installing uv $(UV_VERSION) into .tools"
	@scripts/install-uv $(UV_VERSION)
