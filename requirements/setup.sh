#!/bin/sh
# Installs the locked versions into .venv: setup.sh PYTHON LOCK. `make setup` calls it.
# pip's own configuration (index, find-links, proxy) decides where packages come from.
set -eu
python=$1
lock=$2

"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "setup: the locked versions are for Python 3.11, but $python is $("$python" -V)." >&2
    echo "       Install Python 3.11, or name it: make setup PYTHON=/path/to/python3.11" >&2
    exit 1
}
echo "setup: .venv from $lock (several GB once; seconds when nothing changed)"
[ -x .venv/bin/python ] || "$python" -m venv .venv
pip=".venv/bin/python -m pip --disable-pip-version-check"
# torch with its dependencies: a CPU build needs no more, a CUDA build brings its libraries.
echo "setup: 1/3 torch"
$pip install --constraint "$lock" "$(grep '^torch==' "$lock")"
# The rest without: the lock is complete, and vLLM would ask for torchvision as well.
echo "setup: 2/3 everything else"
$pip install --no-deps --requirement "$lock"
echo "setup: 3/3 glossator itself"
$pip install --quiet --no-deps --no-build-isolation --editable .
.venv/bin/glossator --version
