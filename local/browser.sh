#!/bin/sh
# Finds Chromium for the browser tests, or installs Debian's package if it runs as root and apt is available. Without
# Chromium the script prints that the browser tests are skipped; with --must it fails instead.
set -eu

is_here() {
    for name in "${GUESTKEY_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        if [ -n "$name" ] && command -v "$name" >/dev/null; then return; fi
    done
    return 1
}

if is_here; then exit; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Chromium (once)" >&2
    apt-get update -qq >&2 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends chromium >/dev/null || :
fi
if is_here; then exit; fi
if [ "${1:-}" = --must ]; then
    echo "guestkey: Chromium was not found and cannot be installed" >&2
    exit 1
fi
echo "guestkey: Chromium was not found; the browser tests are skipped" >&2
