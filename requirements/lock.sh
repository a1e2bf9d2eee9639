#!/bin/sh
# Re-resolves the two locks from pyproject.toml (needs uv). `make lock` calls it.
# The CPU lock leaves out torchvision, torchaudio and torchcodec: no text path needs them,
# and their CUDA builds break `import transformers` beside a CPU torch.
set -eu
cd "$(dirname "$0")/.."
resolve() {
    uv pip compile --quiet --python-version 3.11 --no-annotate --no-header --no-emit-index-url \
        --no-emit-find-links --extra serve --extra loadtest --extra dev "$@" pyproject.toml
}
# The local part (+cpu) names where a wheel came from, not what it is: setup takes the CPU build
# where one is configured and the general build otherwise.
UV_FIND_LINKS="${UV_FIND_LINKS:-${PIP_FIND_LINKS:-}}" \
    resolve --extra cpu --override requirements/overrides-cpu.txt | sed 's/+cpu$//' > requirements/cpu.lock
resolve --extra cuda > requirements/cuda.lock
