#!/bin/sh
# Finds Chromium for the browser tests, or installs Debian's package if it runs as root and apt is available. Without
# Chromium the script prints that the browser tests are skipped; with --must it fails instead. With --must it also
# prefers the shell without windows: a whole Chromium draws a window for each page and takes three times the CPU time.
set -eu

shell=chromium-headless-shell

is_here() {
    for name in "${GUESTKEY_CHROMIUM:-}" "$@"; do
        if [ -n "$name" ] && command -v "$name" >/dev/null; then return; fi
    done
    return 1
}

is_any_here() {
    is_here $shell chromium chromium-browser google-chrome google-chrome-stable
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$1" >/dev/null
}

if is_here $shell; then exit; fi
if [ "${1:-}" != --must ] && is_any_here; then exit; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Chromium (once)" >&2
    { apt-get update -qq >&2 && { install $shell || install chromium; }; } || :
fi
if is_any_here; then exit; fi
if [ "${1:-}" = --must ]; then
    echo "guestkey: Chromium was not found and cannot be installed" >&2
    exit 1
fi
echo "guestkey: Chromium was not found; the browser tests are skipped" >&2
