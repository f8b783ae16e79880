# The two main commands are `make tour` and `make test`. `make` lists all commands.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
REQUIREMENTS := requirements/uv.txt requirements/dev.txt requirements/local.txt layers/core/requirements.txt
PYTHON := .venv/bin/python
# One worker more than there are processors, because some tests wait for a time or a process.
WORKERS = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PARALLEL = --numprocesses=$(WORKERS) --dist=worksteal --ignore=tests/journeys --ignore=tests/browser \
	--ignore=tests/artifact
UNITS := -m 'not slow'
# The journeys that run alone: those of one moment measure concurrency, the generated requests are counted together, and
# the last reads the logs of all others.
MOMENTS := $(sort $(wildcard tests/journeys/test_*at_the_same_moment.py)) tests/journeys/test_generated_requests.py \
	tests/journeys/test_what_was_logged.py
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
# Some images set it, and then every process compiles all modules that it imports again.
unexport PYTHONDONTWRITEBYTECODE
# A dollar sign in these claims is none of make's.
override export CLAIMS := $(value CLAIMS)

.PHONY: help setup tour up url token mails events reset down verify test nightly fuzz defects mutation mutants check static style types pins units journeys moments front gates bandit checkov cfnlint parliament format bench openapi screenshots requirements first-deploy rehearsal preflight smoke deploy

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: $(REQUIREMENTS) local/setup.sh
	@local/setup.sh

.gates/ready: requirements/gates.txt | .venv/ready
	@echo "installing the security checkers (once)" >&2
	@.uv/bin/uv venv --quiet --clear --python .venv/bin/python .gates
	@.uv/bin/uv pip sync --quiet --require-hashes --python .gates/bin/python requirements/gates.txt
	@touch $@

node_modules/ready: package.json package-lock.json local/node.sh
	@local/node.sh
	@echo "installing the checkers of the front end (once)" >&2
	@npm ci --silent
	@touch $@

.mutation/ready: requirements/mutation.txt | .venv/ready
	@echo "installing the mutation tester (once)" >&2
	@.uv/bin/uv venv --quiet --clear --python .venv/bin/python .mutation
	@.uv/bin/uv pip sync --quiet --require-hashes --python .mutation/bin/python requirements/mutation.txt
	@echo ../../../../.venv/lib/python3.13/site-packages >.mutation/lib/python3.13/site-packages/tests.pth
	@touch $@

setup: .venv/ready ## Install all pinned packages into .venv

tour: .venv/ready ## Start the local stack and show a support case, step by step
	@$(PYTHON) -m local.tour

up: .venv/ready ## Start or update the local stack; return when the API answers
	@$(PYTHON) -m local up

url: .venv/ready ## Print the base URL of the API
	@$(PYTHON) -m local url

# The values reach the shell in its environment, so that it takes no character of them as its own.
token: .venv/ready ## Print a new token: make token WHO=anna, or SUB=ID TENANT=ID [KIND=agent|backend] [CLAIMS=JSON]
	@$(if $(WHO)$(SUB),,$(error WHO is missing, as in: make token WHO=anna, or: make token SUB=lena TENANT=acme))\
		$(PYTHON) -m local token $${WHO:+"$$WHO"} $${SUB:+--sub="$$SUB"} $${TENANT:+--tenant="$$TENANT"} \
		$${KIND:+--kind="$$KIND"} $${CLAIMS:+--claims="$$CLAIMS"}

mails: .venv/ready ## Print all sent e-mails as JSON
	@$(PYTHON) -m local mails

events: .venv/ready ## Print all events on the EventBridge bus as JSON
	@$(PYTHON) -m local events

reset: .venv/ready ## Empty the table, forget mails and events, and load the sample world again
	@$(PYTHON) -m local reset

down: .venv/ready ## Stop the local stack; its data is kept
	@$(PYTHON) -m local down

verify: ## Verify an exported ledger offline: make verify FILE=ledger.jsonl [HEAD=SEQ:HASH]
	@PYTHONPATH=layers/core python3 -m guestkey verify $(or $(FILE),$(error FILE is missing, as in: make verify FILE=ledger.jsonl)) $(if $(HEAD),--head "$$HEAD")

test: ## Run every test, including the journeys over HTTP on their own stacks; PARTS=all adds the static checks
	@tests/run $(PARTS)

nightly: ## Run every test, with all products of test cases and a million random cases of periods and of the model's steps
	@GUESTKEY_NIGHTLY=1 $(MAKE) test

fuzz: .venv/ready ## Send generated requests to a stack of its own and compare each answer with docs/openapi.json
	@GUESTKEY_NIGHTLY=1 $(PYTHON) -m pytest --quiet tests/journeys/test_generated_requests.py tests/journeys/test_what_was_logged.py

defects: .venv/ready ## Plant each known defect in a copy and run the test that must catch it
	@$(PYTHON) -m tests.defects

mutation: .mutation/ready ## Change the rules in every small way, and print the share that the tests notice: make mutation [MODULES=NAMES]
	@$(PYTHON) -m tests.defects.mutation $(MODULES)

mutants: .venv/ready ## Plant random changes in edge and store, and name those that no unit test notices: make mutants [SEED=N]
	@$(PYTHON) -m tests.defects.drawn $(SEED)

check: static units ## Run the static checks and the unit tests

static: .venv/ready .gates/ready node_modules/ready ## Check style, types, import contracts, front end, template, security and pins
	@$(MAKE) --jobs=2 types style front gates pins

style: .venv/ready
	@ruff format --check --quiet .
	@ruff check --quiet .
	@PYTHONPATH=layers/core:client lint-imports --no-logo >/dev/null || PYTHONPATH=layers/core:client lint-imports

types: .venv/ready
	@mypy

pins: .venv/ready
	@local/requirements.sh --check

units: .venv/ready ## Run the tests that need no stack, with coverage; UNITS= runs the slow ones too, as `make test` does
	@COVERAGE_CORE=sysmon $(PYTHON) -m pytest --quiet $(UNITS) $(PARALLEL) --cov --cov-report=term

front: node_modules/ready .venv/ready ## Check types and style of the front end, and test its pure modules
	@node_modules/.bin/tsc
	@node_modules/.bin/eslint .
	@node --test tests/functions/web >/dev/null || node --test --test-reporter=spec tests/functions/web

journeys: .venv/ready ## Run the journeys, the browser tests and those of the artifact in two workers, each with a stack
	@$(PYTHON) -m pytest --quiet --numprocesses=2 --dist=worksteal $(MOMENTS:%=--ignore=%) tests/journeys tests/browser \
		tests/artifact

moments: .venv/ready ## Run the journeys that measure concurrency, alone, and then the test of the logs
	@$(PYTHON) -m pytest --quiet $(MOMENTS)

gates: bandit checkov cfnlint parliament ## Run the security checkers on the code and the template

bandit: .gates/ready
	@.gates/bin/bandit --quiet --configfile pyproject.toml --recursive layers client functions local deploy docs bench

# .checkov.yaml lists the skipped checks with their reasons. checkov ignores resources whose condition is false by default,
# so it gets the template without conditions. The variable stops it from looking for a newer version of itself.
checkov: .gates/ready
	@sed 's/^    Condition: .*//' template.yaml >.gates/template.yaml
	@CKV_SKIP_PACKAGE_UPDATE_CHECK=true .gates/bin/checkov --config-file .checkov.yaml --file .gates/template.yaml

# WS1004 requires a log group for each function and does not support LoggingConfig. The functions share FunctionLogs, which
# has a retention period.
# It reads the template as SAM translates it: on the source cfn-lint passes a null, which CloudFormation refuses. W7001 finds
# the mappings unused, because the translation has their values.
cfnlint: .gates/ready .venv/ready
	@$(PYTHON) -m tests.translated .gates/translated.json
	@.gates/bin/cfn-lint --template .gates/translated.json --regions eu-central-1 --include-checks I \
		--append-rules cfn_lint_serverless.rules --ignore-checks WS1004 W7001

parliament: .gates/ready
	@.gates/bin/python -W ignore -m tests.roles

format: .venv/ready ## Format the code and fix lint errors
	@ruff format .
	@ruff check --fix .

bench: .venv/ready ## Run the benchmarks and print counts and ratios
	@$(PYTHON) -m bench

openapi: .venv/ready ## Write docs/openapi.json from the routes
	@PYTHONPATH=layers/core TABLE_NAME=guestkey AWS_DEFAULT_REGION=eu-central-1 $(PYTHON) -m docs.openapi

screenshots: .venv/ready ## Take the screenshots in docs/screenshots again
	@PYTHONPATH=layers/core TABLE_NAME=guestkey AWS_DEFAULT_REGION=eu-central-1 AWS_ACCESS_KEY_ID=unused \
		AWS_SECRET_ACCESS_KEY=unused BASE_URL=https://support.vendor.example \
		$(PYTHON) -m tests.browser.screenshots docs/screenshots

requirements: .venv/ready ## Pin the requirements of pyproject.toml: make requirements [UPGRADE=1]
	@local/requirements.sh $(if $(UPGRADE),--upgrade)

first-deploy: .venv/ready ## Deploy to AWS for the first time: asks, checks, deploys, registers, tests: make first-deploy [ENV=prod]
	@$(PYTHON) -m deploy first $(if $(ENV),--env "$$ENV")

rehearsal: .venv/ready ## Start an emulator to rehearse first-deploy on: eval "$(make rehearsal [POOLS=yes])"; STOP=yes ends it
	@$(PYTHON) -m local.rehearsal $(if $(POOLS),--pools) $(if $(STOP),--stop)

preflight: .venv/ready ## Check account and answers before a deployment: make preflight [ENV=prod]
	@$(PYTHON) -m deploy preflight $(if $(ENV),--env "$$ENV")

smoke: .venv/ready ## Check the deployed stack: make smoke [ENV=prod] [URL=…] [THROTTLE=yes]
	@$(PYTHON) -m deploy smoke $(if $(ENV),--env "$$ENV") $(if $(URL),--url "$$URL") $(if $(THROTTLE),--throttle "$$THROTTLE")

deploy: .venv/ready ## Build and deploy a new version to AWS: make deploy [ENV=prod] [YES=yes]
	@$(PYTHON) -m deploy deploy $(if $(ENV),--env "$$ENV") $(if $(YES),--yes)
