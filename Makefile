# Everything is set up on first use: a Python virtual environment in .venv, and the CDK command line in node_modules.
# Needs Python 3.11 or newer and make; node comes with the virtual environment.

PYTHON ?= python3

VENV_READY = .venv/.ready
NODE_READY = node_modules/.ready
PAGE_READY = page/node_modules/.ready

help: ## Show this list
	@echo "usage: make TARGET"
	@awk 'BEGIN { FS = ":[^#]*## " } /^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

demo: $(NODE_READY) ## Deploy to a local AWS, ingest log files, run queries; LOGS=folder: your own; KEEP=1: keep the local AWS
	@exec .venv/bin/python -m demo $${LOGS:+--logs "$$LOGS"} $(if $(KEEP),--keep)

samples: $(VENV_READY) ## Write sample log files to the folder samples, to query with --from samples
	@.venv/bin/python -m demo.samples

test: $(NODE_READY) $(PAGE_READY) ## Run all tests; none needs an AWS account
	.venv/bin/pytest -n 2 --dist loadgroup $(ARGS)

check: lint $(NODE_READY) $(PAGE_READY) ## Run lint, and the unit and functional tests that are quick
	.venv/bin/pytest -n 2 --dist loadgroup -m "not slow" tests/unit tests/cli tests/functional $(ARGS)

lint: $(VENV_READY) ## Check style, formatting, types, which package imports which, and the CloudFormation template
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	@.venv/bin/python -m tests.shared.template_checks

check-services: $(VENV_READY) ## List the operations of the AWS SDK that the service files do not know; SERVICE_FILES=folder of yours
	@.venv/bin/python -m tests.shared.unknown_operations $(SERVICE_FILES)

audit: $(NODE_READY) $(PAGE_READY) ## Check licenses and known vulnerabilities of all that is locked, and write SBOMs to dist; ARGS="--osv-url URL"
	@.venv/bin/python -m audit --dist "$(DIST)" $(ARGS)

bench: $(VENV_READY) ## Measure the cost of reading and writing, and compare it with targets; QUICK=1: less of each; PEERS=1: more peers
	@.venv/bin/python -m bench $(if $(QUICK),--quick)

soak: $(NODE_READY) ## Test the pipeline under load, with faults; QUICK=1, SOAK_FILES=, SOAK_MINUTES=, FUZZ_EXAMPLES=, HISTORIES=
	@exec .venv/bin/python -m soak $(if $(QUICK),--quick) $(if $(SOAK_FILES),--files "$(SOAK_FILES)") \
	  $(if $(SOAK_MINUTES),--minutes "$(SOAK_MINUTES)") $(if $(FUZZ_EXAMPLES),--examples "$(FUZZ_EXAMPLES)") \
	  $(if $(HISTORIES),--histories "$(HISTORIES)") $(ARGS)

page: $(PAGE_READY) ## Build the page of `aitrail report` from its sources in the folder page
	@PATH="$(CURDIR)/.venv/bin:$$PATH" node page/build.mjs

docs: $(PAGE_READY) ## Write docs/cli.md, the command output in the documentation and, with Chromium, the picture of a report
	@.venv/bin/python -m demo.documentation

wheel: $(VENV_READY) ## Build the wheel of this version in dist; from the same files, it has the same bytes every time
	@SOURCE_DATE_EPOCH=$(EPOCH) .venv/bin/python -m pip wheel --quiet --disable-pip-version-check --no-index --no-deps \
	  --no-build-isolation --wheel-dir "$(DIST)" .
	@ls "$(DIST)"/aitrail-*.whl

# The time of all files in the wheel: the first that a zip file can have.
EPOCH = 315532800
DIST = dist

package: $(NODE_READY) ## Write a CloudFormation template and the code to dist, to deploy without the CDK; CONTEXT="-c aitrail:..."
	@.venv/bin/python -m infra.package --folder "$(DIST)" $(CONTEXT)

deploy: $(NODE_READY) ## Deploy to your AWS account, after confirmation; PROFILE= REGION= CONTEXT="-c aitrail:rowRetentionDays=400"
	@exec .venv/bin/python -m infra.deploy deploy $(TARGET) $(CONTEXT) $(if $(CONFIRM),--confirm) $(ARGS)

destroy: $(NODE_READY) ## Delete the stack, after confirmation, and list what remains; PROFILE= REGION=
	@exec .venv/bin/python -m infra.deploy destroy $(TARGET) $(CONTEXT) $(ARGS)

TARGET = $(if $(PROFILE),--profile "$(PROFILE)") $(if $(REGION),--region "$(REGION)")

$(VENV_READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "aitrail needs Python 3.11 or newer: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x .venv/bin/python || $(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(NODE_READY): $(VENV_READY) package.json package-lock.json
	PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci
	@touch $@

$(PAGE_READY): $(VENV_READY) page/package.json page/package-lock.json
	cd page && PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci
	@touch $@

.PHONY: help demo samples test check lint check-services audit bench soak page docs wheel package deploy destroy
.DEFAULT_GOAL := help
