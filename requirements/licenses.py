"""A table of what is installed under which licence, from CycloneDX documents.

python requirements/licenses.py FILE... > licenses.md

cyclonedx-py leaves out a licence that a Python package names in its own words ("GPLv2"). This reads
it from the package itself, so run it in the environment that the documents describe.
"""

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

_TROVE = "License :: OSI Approved :: "


def licence(component: dict[str, Any]) -> str:
    """As the package declares it: an SPDX expression where there is one, else its classifier."""
    declared = []
    for each in component.get("licenses", []):
        named = each.get("license", {})
        declared.append(each.get("expression") or named.get("id") or named.get("name") or "")
    spdx = [name for name in declared if not name.startswith("License ::")]
    names = spdx or [name.removeprefix(_TROVE) for name in declared]
    return " AND ".join(names) or in_its_own_words(component) or "not declared"


def in_its_own_words(component: dict[str, Any]) -> str:
    if not component.get("purl", "").startswith("pkg:pypi/"):
        return ""
    try:
        text = importlib.metadata.metadata(component["name"]).get("License", "")
    except importlib.metadata.PackageNotFoundError:
        return ""
    return text.strip().partition("\n")[0]  # some put the whole licence there


def table(documents: list[dict[str, Any]]) -> str:
    rows = {
        (each["name"], each.get("version", ""), licence(each))
        for document in documents
        for each in document["components"]
    }
    lines = ["| package | version | licence |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in sorted(rows))])


if __name__ == "__main__":
    print(table([json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:]]))
