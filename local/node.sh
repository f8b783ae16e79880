#!/bin/sh
# Finds Node.js 18.18 or newer and npm for the checks of the front end, or installs Debian's packages if it runs as root
# and apt is available.
set -eu

is_here() {
    command -v npm >/dev/null && node -e '
        const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major > 18 || (major === 18 && minor >= 18) ? 0 : 1);
    ' 2>/dev/null
}

if is_here; then exit; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Node.js and npm (once)" >&2
    apt-get update -qq >&2 &&
        DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends nodejs npm >/dev/null || :
fi
if is_here; then exit; fi
echo "guestkey: Node.js 18.18 or newer and npm are missing; they are needed for make static only" >&2
exit 1
