# `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# uv does everything; where the machine has none, it is installed for this checkout only.
TOOLS := $(CURDIR)/.scalper/tools
export PATH := $(PATH):$(TOOLS)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(TOOLS)/bin/uv)
RUN := $(UV) run

STAGE ?= prod
CDK := $(RUN) npx --no-install cdk
SYNTH := .scalper/lint
NPM_MARK := node_modules/.installed-from

.PHONY: help up test prove meter cost fuzz openapi fuzz-api screenshots lint fmt synth bootstrap deploy destroy alerts clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

up: $(UV) ## Bring the whole system up on this machine (RELOAD=1 reloads on change, PORT=, EMULATOR_PORT=)
	@exec $(RUN) scalper up $(if $(RELOAD),--reload) $(if $(PORT),--port $(PORT)) $(if $(EMULATOR_PORT),--emulator-port $(EMULATOR_PORT))

alerts: $(UV) ## Show the alerts that the running system would have emailed
	@$(RUN) scalper alerts

test: $(UV) ## Run every test (ARGS= goes to pytest)
	$(RUN) pytest $(ARGS)

prove: $(UV) ## Send 2,000 files and 300 MB through a browser, with the network cut and the tab closed halfway
	$(RUN) pytest -s tests/browser/prove/test_*.py --timeout 1200

meter: $(UV) ## Send files through the functions on the emulator and write what they took, for `make cost`
	$(RUN) python -m tests.metering

cost: $(UV) ## Compute what files and idle months cost, and write the tables into docs/cost.md
	@$(RUN) python -m infra.costs

fuzz: $(UV) ## Judge N=100000 mutated files in parallel (SEED= repeats a run)
	@$(RUN) python -m tests.fuzz $(or $(N),100000) $(if $(SEED),--seed $(SEED))

openapi: $(UV) ## Write docs/openapi.json anew, after a change of the API that is meant
	$(RUN) python -m tests.unit.portal.api.snapshot

fuzz-api: $(UV) ## Call every operation of the API with N=200 requests or more, on a stack of its own (SEED= repeats a run)
	@API_EXAMPLES=$(or $(N),200) $(if $(SEED),SEED=$(SEED)) $(RUN) pytest -s tests/emulator/test_schema.py --timeout 3600

screenshots: $(UV) ## Take a picture of every page, for the eye, into screenshots/
	$(RUN) python -m infra.web
	$(RUN) python -m tests.browser.screenshots

lint: $(UV) ## Check style, types, imports and the synthesized templates
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports
	@$(RUN) python -m infra.app --stage local --without-code --out $(SYNTH)/local
	@$(RUN) python -m infra.app --stage prod --without-code --out $(SYNTH)/prod
	$(RUN) cfn-lint $(SYNTH)/*/*.template.json

fmt: $(UV) ## Format the sources and mend what can be mended
	$(RUN) ruff check --fix
	$(RUN) ruff format

synth: $(UV) ## Write the cloud assembly of STAGE=local|prod to cdk.out, offline
	$(RUN) python -m infra.web
	$(RUN) python -m infra.app --stage $(STAGE) --out cdk.out
	@echo "cdk.out holds the stage $(STAGE)."

bootstrap: $(NPM_MARK) ## Prepare an AWS account and region for deployments, once
	$(CDK) bootstrap

deploy: $(NPM_MARK) ## Deploy STAGE=prod to the AWS account of the current credentials
	$(RUN) python -m infra.web
	STAGE=$(STAGE) $(CDK) deploy --require-approval broadening

destroy: $(NPM_MARK) ## Delete the stack of STAGE=prod; a production stage keeps its data and must be unprotected first
	STAGE=$(STAGE) $(CDK) destroy

clean: ## Remove everything built, but not the state of `make up`
	rm -rf .scalper/build .scalper/lint .scalper/tools cdk.out assets/dist node_modules .venv
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(NPM_MARK): package-lock.json | $(UV)
	$(RUN) python -m infra.web

$(TOOLS)/bin/uv:
	@echo "Installing uv …"
	@infra/install-uv.sh $(TOOLS)
