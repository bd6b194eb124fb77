# `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# uv does everything; where the machine has none, it is installed for this checkout only.
TOOLS := $(CURDIR)/.scalper/tools
export PATH := $(PATH):$(TOOLS)/bin
UV := $(shell command -v uv 2>/dev/null || echo $(TOOLS)/bin/uv)
RUN := $(UV) run

# PYTHON=3.13 runs any target on that version, in an environment of its own. Whatever starts a Python takes this one.
ifeq ($(origin PYTHON),command line)
export UV_PYTHON := $(shell python3 infra/build/runtime.py $(PYTHON))
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/.scalper/venv-$(PYTHON)
ifeq ($(UV_PYTHON),)
$(error Nothing was run on Python $(PYTHON))
endif
endif

# Without kept bytecode each test process compiles all that it imports anew: seconds of each, and they are hundreds.
unexport PYTHONDONTWRITEBYTECODE

STAGE ?= prod
WORKERS ?= 2
# A file's tests stay together, and browsers' come last (tests/conftest.py).
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
CDK := $(RUN) npx --no-install cdk
SYNTH := .scalper/lint
NPM_MARK := node_modules/.installed-from

.PHONY: help tools up test oldest strict sbom advisories prove retries kills restarts rebuilds sweeps viewer terraform meter cost fuzz pictures openapi architecture conformance grants catalogues fuzz-api attack screenshots lint fmt synth smoke bootstrap account diff deploy destroy alerts clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

tools: $(UV) ## Install uv for this checkout, where the machine has none
	@$(UV) --version

up: $(UV) ## Bring the whole system up on this machine (RELOAD=1 reloads on change, PORT=, EMULATOR_PORT=, GO_BACK=1)
	@exec $(RUN) scalper up $(if $(RELOAD),--reload) $(if $(GO_BACK),--go-back) $(if $(PORT),--port $(PORT)) $(if $(EMULATOR_PORT),--emulator-port $(EMULATOR_PORT))

alerts: $(UV) ## Show the alerts that the running system would have emailed
	@$(RUN) scalper alerts

test: $(UV) ## Run every test, in WORKERS=2 processes with a stack each (ARGS= goes to pytest, PYTHON=3.13 chooses one)
	$(RUN) pytest $(SIDE_BY_SIDE) $(ARGS)

oldest: $(UV) ## Run the tests of what clinics install: on the oldest Python that it takes, with PYTHON=3.11
	$(RUN) pytest -q tests/unit/scalper tests/unit/processor/judge/{documents,inspection}/test_findings.py $(ARGS)

strict: $(UV) ## Run the tests of the deployed stack where TLS, signatures and each role's permissions are checked (ARGS=)
	$(RUN) pytest --enforced $(SIDE_BY_SIDE) $(or $(ARGS),tests/emulator)

prove: $(UV) ## Send 2,000 files and 300 MB through a browser with the network cut, and 2,000 slices in an archive with all workers killed; run the model 5,000 times
	$(RUN) pytest -s tests/browser/prove/test_*.py tests/emulator/prove/test_large_archive.py --timeout 1200
	MODEL_EXAMPLES=5000 $(if $(SEED),SEED=$(SEED)) $(RUN) pytest -s tests/model/test_model.py

retries: $(UV) ## Measure the time to verdict through refusals, throttling and killed judges, at production's times (15 minutes; CASES=)
	$(if $(CASES),CASES=$(CASES)) $(RUN) pytest -s -n 0 tests/emulator/prove/test_retry_times.py --timeout 1500

restarts: $(UV) ## Stop and kill a stack with RECORDS=1000 records in every way, deny it its disk, and tell how long each took
	$(if $(RECORDS),RECORDS=$(RECORDS)) $(RUN) pytest -s -n 0 tests/emulator/prove/test_restarts.py --timeout 7200

kills: $(UV) ## Kill judges and projectors and refuse calls under load, and count all anew (15 minutes; VISIBILITY_S=31, FILES=, KILLS=, SEED=)
	$(foreach name,VISIBILITY_S FILES KILLS SEED,$(if $($(name)),$(name)=$($(name)))) $(RUN) pytest -s -n 0 tests/emulator/prove/test_kills.py --timeout 1500

rebuilds: $(UV) ## Rebuild all that is projected while files arrive, after 200 items were deleted and 500 changes lost (5 minutes; LOST=, DELETED=, FILES_PER_S=, SEED=)
	$(foreach name,LOST DELETED FILES_PER_S SEED,$(if $($(name)),$(name)=$($(name)))) $(RUN) pytest -s -n 0 tests/emulator/prove/test_rebuilds.py --timeout 1500

viewer: $(UV) ## Open a CT of 300 slices in the viewer, and print how soon it is seen, how fast it scrolls and what it takes of memory
	$(RUN) pytest -s -n 0 tests/browser/prove/test_viewer_speed.py --timeout 600

sweeps: $(UV) ## Sweep behind 30,000 abandoned reservations and among 20,000 dropped objects (10 minutes; ABANDONED=, DROPPED=)
	$(RUN) pytest -s -n 0 tests/emulator/prove/test_sweeps.py --timeout 1500

meter: $(UV) ## Send files through the functions on the emulator and write what they took, for `make cost`
	$(RUN) python -m tests.metering

cost: $(UV) ## Compute what files and idle months cost, and write the tables into docs/cost.md
	@$(RUN) python -m infra.costs.report

terraform: $(UV) ## Deploy to an emulator by Terraform, plan nothing more, and destroy (wants terraform and its AWS provider)
	$(RUN) pytest -s -rs tests/emulator/prove/test_terraform.py --timeout 900

fuzz: $(UV) ## Judge N=100000 mutated files in parallel (SEED= repeats a run), and 50,000 files in other wrappings
	@$(RUN) python -m tests.fuzz $(or $(N),100000) $(if $(SEED),--seed $(SEED))
	@METAMORPHIC_EXAMPLES=50000 $(RUN) pytest -q tests/unit/processor/judge/test_metamorphic.py --timeout 3600

pictures: $(UV) ## Draw every accepted file of the corpus and compare it, and draw N=10000 damaged ones (45 minutes; SEED= repeats a run)
	$(RUN) pytest -s -n 0 tests/unit/processor/render/prove/test_corpus.py --timeout 1800
	@PICTURES=$(or $(N),10000) $(if $(SEED),SEED=$(SEED)) $(RUN) pytest -s -n 0 tests/unit/processor/render/test_mutants.py --timeout 14400

openapi: $(UV) ## Write docs/openapi.json anew, after a change of the API that is meant
	$(RUN) python -m tests.unit.portal.api.snapshot

catalogues: $(UV) ## Bring the catalogues of pages' and mails' texts up to the sources, and compile them (docs/adr/0050)
	@$(RUN) python -m infra.build.catalogues

conformance: $(UV) ## Write the tables of docs/conformance.md anew, after what DICOMweb offers has changed
	$(RUN) python -m tests.unit.portal.dicomweb.conformance

architecture: $(UV) ## Write docs/architecture.md anew, after packages or their imports have changed
	$(RUN) python -m tests.architecture

grants: $(UV) ## Write docs/permissions.md anew, after functions call or may call something else
	$(RUN) python -m tests.grants

fuzz-api: $(UV) ## Call every operation of the API with N=200 requests or more, on a stack of its own (SEED= repeats a run)
	@API_EXAMPLES=$(or $(N),200) $(if $(SEED),SEED=$(SEED)) $(RUN) pytest -s tests/emulator/test_schema.py --timeout 3600

attack: $(UV) ## Attack a stack of its own by every class, print what got through and write .scalper/attack.json (SHORT=1, ONLY=class, SEED=)
	@$(RUN) python -m tests.attack $(if $(SHORT),--short) $(if $(ONLY),--only "$(ONLY)") $(if $(SEED),--seed $(SEED))

screenshots: $(UV) ## Take a picture of every page, for the eye, into screenshots/
	$(RUN) python -m infra.build.web
	$(RUN) python -m tests.browser.screenshots

lint: $(UV) ## Check style, types, imports and the synthesized templates
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) bandit --quiet --configfile pyproject.toml --recursive intake portal processor infra scalper
	@$(RUN) python -m infra.app --stage local --without-code --out $(SYNTH)/local
	@$(RUN) python -m infra.app --stage prod --without-code --out $(SYNTH)/prod
	@$(RUN) python -m infra.app --stage example --without-code --out $(SYNTH)/example
	$(RUN) check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(RUN) cfn-lint $(SYNTH)/*/*.template.json
	@$(RUN) python -m infra.compliance.policies --stage prod
	@$(RUN) python -m infra.compliance.policies --stage example
	@$(RUN) python -m infra.compliance.checks --stage prod
	@$(RUN) python -m infra.compliance.checks --stage example

sbom: $(UV) ## Write CycloneDX bills of materials of what is delivered into .scalper/sbom, and list the licences
	@$(RUN) python -m infra.supply_chain.sbom

advisories: $(UV) ## Ask OSV and npm what is known against the locked packages; fails where nobody could be asked
	@$(RUN) python -m infra.supply_chain.advisories

fmt: $(UV) ## Format the sources and mend what can be mended
	$(RUN) ruff check --fix
	$(RUN) ruff format

synth: $(UV) ## Write the cloud assembly of STAGE=local|prod to cdk.out, offline
	$(RUN) python -m infra.build.web
	$(RUN) python -m infra.app --stage $(STAGE) --out cdk.out
	@echo "cdk.out holds the stage $(STAGE)."

bootstrap: $(NPM_MARK) ## Prepare an AWS account and region for STAGE=prod, once
	STAGE=$(STAGE) $(CDK) bootstrap
	$(RUN) python -m infra.edge.origin_secret --stage $(STAGE)

smoke: $(UV) ## Send a good and a damaged file to the deployed stack of the SCALPER_* credentials, and wait for both verdicts
	@$(RUN) python -m tests.smoke

account: $(UV) ## Say whose account STAGE=prod would be deployed to, and what it lacks
	@$(RUN) python -m infra.delivery.account --stage $(STAGE)

diff: $(NPM_MARK) ## Show what `make deploy` would change in STAGE=prod
	@$(RUN) python -m infra.delivery.account --stage $(STAGE)
	$(RUN) python -m infra.build.web
	STAGE=$(STAGE) $(CDK) diff

deploy: $(NPM_MARK) ## Deploy STAGE=prod to the AWS account of the current credentials
	@$(RUN) python -m infra.delivery.account --stage $(STAGE) --require
	$(RUN) python -m infra.build.web
	$(RUN) python -m infra.delivery.rollout --stage $(STAGE)

destroy: $(NPM_MARK) ## Delete the stacks of STAGE=prod; a production stage keeps its data and must be unprotected first
	STAGE=$(STAGE) $(CDK) destroy --all

clean: ## Remove everything built, but not the state of `make up`
	rm -rf .scalper/build .scalper/lint .scalper/tools .scalper/venv-* cdk.out assets/dist node_modules .venv
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(NPM_MARK): package-lock.json | $(UV)
	$(RUN) python -m infra.build.web

$(TOOLS)/bin/uv:
	@echo "Installing uv …"
	@infra/install-uv.sh $(TOOLS)
