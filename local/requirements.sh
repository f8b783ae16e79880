#!/bin/sh
# Pins the requirements of pyproject.toml with hashes. With --check it fails if a pin is outdated, and changes no file.
set -eu
cd "$(dirname "$0")/.."

into=.
if [ "${1:-}" = --check ]; then
    into=$(mktemp -d)
    trap 'rm -r "$into"' EXIT
    mkdir -p "$into/requirements" "$into/layers/core"
    cp requirements/*.txt "$into/requirements"
    cp layers/core/requirements.txt "$into/layers/core"
    shift
fi

pin() {
    out=$1
    shift
    .uv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
        --python .venv/bin/python --output-file "$into/$out" "$@"
}

pin layers/core/requirements.txt pyproject.toml "$@"
pin requirements/local.txt --group pyproject.toml:local --constraints "$into/layers/core/requirements.txt" "$@"
pin requirements/dev.txt --group pyproject.toml:dev --constraints "$into/layers/core/requirements.txt" \
    --constraints "$into/requirements/local.txt" "$@"
pin requirements/gates.txt --group pyproject.toml:gates "$@"
pin requirements/mutation.txt --group pyproject.toml:mutation "$@"

if [ "$into" != . ]; then
    for file in layers/core/requirements.txt requirements/local.txt requirements/dev.txt requirements/gates.txt \
        requirements/mutation.txt; do
        cmp -s "$file" "$into/$file" || {
            echo "guestkey: $file does not match pyproject.toml; run: make requirements" >&2
            exit 1
        }
    done
fi
