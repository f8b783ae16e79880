#!/bin/sh
# Creates .venv with pinned packages. Requires Python 3.11 or newer. It installs uv into .uv from the package index; uv
# finds or downloads Python 3.13.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "guestkey: $1" >&2
    exit 1
}

command -v python3 >/dev/null || fail "python3 is missing; install Python 3.11 or newer"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "python3 is older than 3.11"
if ! [ -x .uv/bin/uv ]; then
    echo "installing uv (once)" >&2
    python3 -m venv .uv >&2 || fail "python3 cannot create virtual environments; install its venv package"
    .uv/bin/python -m pip install --quiet --require-hashes --requirement requirements/uv.txt >&2 ||
        fail "uv cannot be installed; is the package index reachable?"
fi

# Version managers install Pythons side by side, and the python3 on the PATH may be a wrapper: search beside python3 too.
beside=$(python3 -c 'import pathlib, sys; print(*pathlib.Path(sys.base_prefix).parent.glob("3.13*/bin"), sep=":")')
PATH="$PATH${beside:+:$beside}"
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
    echo "creating the virtual environment (once)" >&2
    .uv/bin/uv venv --quiet --clear --seed --python 3.13 .venv ||
        fail "no virtual environment with Python 3.13: it was not found or downloaded, or the package index is unreachable"
fi
echo "installing the pinned requirements" >&2
.uv/bin/uv pip sync --quiet --require-hashes --python .venv/bin/python \
    requirements/dev.txt requirements/local.txt layers/core/requirements.txt ||
    fail "the requirements cannot be installed; is the package index reachable?"
touch .venv/ready
