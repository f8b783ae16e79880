# Two commands matter: `make tour` and `make test`. `make` alone lists the rest.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
REQUIREMENTS := requirements/uv.txt requirements/dev.txt requirements/local.txt layers/core/requirements.txt
PYTHON := .venv/bin/python
# A file at a time on each processor. The journeys share one stack and measure it, and a browser wants air: they run alone.
SIDE_BY_SIDE := --numprocesses=auto --dist=loadfile --ignore=tests/journeys --ignore=tests/browser
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0

.PHONY: help setup tour up url token mails reset down verify test nightly check static units gates bandit checkov cfnlint parliament format bench openapi screenshots requirements deploy

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: $(REQUIREMENTS) local/setup.sh
	@local/setup.sh

.gates/ready: requirements/gates.txt | .venv/ready
	@echo "installing the gates" >&2
	@.uv/bin/uv venv --quiet --clear --python .venv/bin/python .gates
	@.uv/bin/uv pip sync --quiet --require-hashes --python .gates/bin/python requirements/gates.txt
	@touch $@

setup: .venv/ready ## Install everything into .venv, pinned

tour: .venv/ready ## Start the whole stack here and play the main job through
	@$(PYTHON) -m local.tour

up: .venv/ready ## Start the stack, or bring it up to date; return when it answers
	@$(PYTHON) -m local up

url: .venv/ready ## Print the API's base address
	@$(PYTHON) -m local url

token: .venv/ready ## Print a fresh token: make token WHO=anna
	@$(PYTHON) -m local token $(or $(WHO),$(error WHO is missing, as in: make token WHO=anna))

mails: .venv/ready ## Print the mails sent so far, as JSON
	@$(PYTHON) -m local mails

reset: .venv/ready ## Go back to the sample world
	@$(PYTHON) -m local reset

down: .venv/ready ## Stop the stack
	@$(PYTHON) -m local down

verify: ## Verify an exported ledger offline: make verify FILE=ledger.jsonl [HEAD=SEQ:HASH]
	@PYTHONPATH=layers/core python3 -m guestkey verify $(or $(FILE),$(error FILE is missing, as in: make verify FILE=ledger.jsonl)) $(if $(HEAD),--head $(HEAD))

test: .venv/ready units ## Run every test, journeys over HTTP on a stack of their own included
	@local/browser.sh
	@$(PYTHON) -m pytest --quiet -m slow $(SIDE_BY_SIDE)
	@$(PYTHON) -m pytest tests/journeys tests/browser

nightly: .venv/ready ## Run every test, with a million random cases of period arithmetic
	@GUESTKEY_NIGHTLY=1 $(MAKE) test

check: static units ## Everything that is checked before the journeys

static: .venv/ready .gates/ready ## Style, types, rings, template, security, freshness
	@ruff format --check --quiet .
	@ruff check --quiet .
	@mypy
	@PYTHONPATH=layers/core:client lint-imports --no-logo >/dev/null || PYTHONPATH=layers/core:client lint-imports
	@AWS_DEFAULT_REGION=eu-central-1 sam validate --lint
	@$(MAKE) --jobs=2 gates
	@local/requirements.sh --check

units: .venv/ready ## The tests that need no stack, with their coverage; what takes seconds each is left to `make test`
	@$(PYTHON) -m pytest --quiet -m 'not slow' $(SIDE_BY_SIDE) --cov --cov-report=term

gates: bandit checkov cfnlint parliament ## What `make static` asks of the code's and the template's security

bandit: .gates/ready
	@.gates/bin/bandit --quiet --configfile pyproject.toml --recursive layers client functions local docs bench

# What is skipped, and why, stands in the file. checkov leaves out what the defaults of the parameters leave out: so it gets
# a template without conditions. It shall not ask a server for a newer version of itself.
checkov: .gates/ready
	@sed 's/^    Condition: .*//' template.yaml >.gates/template.yaml
	@CKV_SKIP_PACKAGE_UPDATE_CHECK=true .gates/bin/checkov --config-file .checkov.yaml --file .gates/template.yaml

# WS1004 asks for a log group for each function and does not know LoggingConfig: they share FunctionLogs, which has an end.
cfnlint: .gates/ready
	@.gates/bin/cfn-lint --template template.yaml --regions eu-central-1 --include-checks I \
		--append-rules cfn_lint_serverless.rules --ignore-checks WS1004

parliament: .gates/ready
	@.gates/bin/python -W ignore -m tests.roles

format: .venv/ready ## Lay out the code
	@ruff format .
	@ruff check --fix .

bench: .venv/ready ## Print the measurements, as counts and ratios
	@$(PYTHON) -m bench

openapi: .venv/ready ## Write docs/openapi.json from the routes
	@PYTHONPATH=layers/core TABLE_NAME=guestkey AWS_DEFAULT_REGION=eu-central-1 $(PYTHON) -m docs.openapi

screenshots: .venv/ready ## Take the pictures in docs/screenshots anew, to be looked at
	@PYTHONPATH=layers/core TABLE_NAME=guestkey AWS_DEFAULT_REGION=eu-central-1 AWS_ACCESS_KEY_ID=nobody \
		AWS_SECRET_ACCESS_KEY=nothing BASE_URL=https://support.vendor.example \
		$(PYTHON) -m tests.browser.screenshots docs/screenshots

requirements: .venv/ready ## Pin anew what pyproject.toml asks for: make requirements [UPGRADE=1]
	@local/requirements.sh $(if $(UPGRADE),--upgrade)

deploy: .venv/ready ## Deploy to AWS: make deploy [ENV=prod]
	sam build --config-env $(or $(ENV),default)
	sam deploy --config-env $(or $(ENV),default)
