# Builds the layer for `sam build`, which runs `make build-Core` in a copy of this folder and deploys $(ARTIFACTS_DIR).
# SAM's own builder makes no bytecode, and a function cannot write it: /opt and /var/task are read-only. Each cold start
# would compile all modules that it imports. See docs/decisions/0036.
ROOT := $(abspath $(dir $(firstword $(MAKEFILE_LIST)))/../../..)
PYTHON := $(firstword $(wildcard $(ROOT)/.venv/bin/python3.13) python3.13)

# The services that have a client. botocore's data has hundreds more, which are most of its size.
SERVICES := dynamodb events scheduler sesv2 sqs

# Lambda's python3.13 runs on Amazon Linux 2023, with glibc 2.34.
MACHINE := $(ARCH:arm64=aarch64)
PLATFORMS := $(foreach tag,manylinux_2_34 manylinux_2_28 manylinux_2_17 manylinux2014,--platform $(tag)_$(MACHINE))
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-input --no-compile --no-deps --require-hashes \
	--only-binary=:all: --implementation cp --python-version 3.13 $(PLATFORMS)

# Lambda rejects time-stamped bytecode, because archives have other times. The hash of the source is in each file, but it
# is not compared at run time. The paths are those on Lambda.
COMPILE := $(PYTHON) -m compileall -q --invalidation-mode unchecked-hash -p /opt/python

# The packages are kept for builds with the same pins, recipe and machine. In a container of SAM the project is not there.
HOME_OF_PACKAGES := $(if $(wildcard $(ROOT)/template.yaml),$(ROOT)/.aws-sam/packages,$(CURDIR)/packages)
PACKAGES := $(HOME_OF_PACKAGES)/$(ARCH)-$(shell cat requirements.txt build.mk | cksum | tr -d ' ')

# The pins and the recipe are part of the layer, so that `local/artifact.py` can tell whether it is built from others.
build-Core: $(PACKAGES)
	@mkdir -p "$(ARTIFACTS_DIR)/python"
	@cp -R "$(PACKAGES)"/. requirements.txt build.mk guestkey "$(ARTIFACTS_DIR)/python"
	@find "$(ARTIFACTS_DIR)/python/guestkey" -name __pycache__ -prune -exec rm -r {} +
	@$(COMPILE) -s "$(ARTIFACTS_DIR)/python" "$(ARTIFACTS_DIR)/python/guestkey"

# What differs between two machines is deleted: scripts with the path of their Python, and the lists that name them.
$(PACKAGES):
	@rm -rf "$(HOME_OF_PACKAGES)/$(ARCH)"-*
	@$(PIP) --target "$@.half" --requirement requirements.txt
	@rm -rf "$@.half/bin"
	@find "$@.half" \( -name RECORD -o -name INSTALLER -o -name REQUESTED \) -path '*.dist-info/*' -delete
	@find "$@.half/botocore/data" -mindepth 1 -maxdepth 1 -type d $(foreach service,$(SERVICES),! -name $(service)) \
		-exec rm -r {} +
	@$(COMPILE) -s "$@.half" "$@.half"
	@mv "$@.half" "$@"
