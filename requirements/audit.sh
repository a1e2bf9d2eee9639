#!/bin/sh
# Known vulnerabilities of the locked versions: audit.sh LOCK. `make audit` calls it.
# Asks PyPI's and npm's advisory services, so it needs the internet; a package that they cannot
# judge is a failure and not a pass.
set -eu
.tools/bin/pip-audit --strict --disable-pip --no-deps --requirement "$1"
cd editor_plugins/vscode && npm audit --package-lock-only
