#!/bin/bash
# usage: install-packages.sh PACKAGE...
# Installs those of these Debian packages that are missing; a program of that name on the path will
# do as well. `chromium` is not looked for where $CHROMIUM names one.
set -euo pipefail

installed() { # a package that was removed is still known
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package; do
	if [ "$package" = chromium ] && [ -n "${CHROMIUM:-}" ]; then continue; fi
	command -v "$package" >/dev/null || installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
command -v apt-get >/dev/null || {
	echo "Missing: ${missing[*]}. They are installed by themselves on Debian only." >&2
	exit 1
}
echo "Installing ${missing[*]}" >&2
root=
[ "$(id -u)" = 0 ] || root=sudo
log=$(mktemp)
if { $root apt-get -q update &&
	$root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
	rm "$log"
else
	tail -20 "$log" >&2
	exit 1
fi
