#!/bin/sh
# The software bill of materials, CycloneDX, of what is installed and of the VS Code extension, and
# a table of licences, into artifacts/. `make sbom` calls it.
set -eu
mkdir -p artifacts
.tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
    --output-file artifacts/sbom-python.cdx.json .venv/bin/python
(cd editor_plugins/vscode && npm sbom --package-lock-only --sbom-format cyclonedx) \
    > artifacts/sbom-vscode.cdx.json
.venv/bin/python requirements/licenses.py artifacts/sbom-*.cdx.json > artifacts/licenses.md
echo "sbom: artifacts/sbom-python.cdx.json, sbom-vscode.cdx.json, licenses.md"
