#!/bin/sh
# Sees to a Chromium for the tests in a browser: one that is here, or Debian's where it may be installed, by root with
# apt. Where there is none it says that these tests are left out, or fails if called with --must.
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
    echo "guestkey: there is no Chromium here, and none can be installed" >&2
    exit 1
fi
echo "guestkey: there is no Chromium here, so the tests in a browser are left out" >&2
