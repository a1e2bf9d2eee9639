"""A table of what is installed under which licence, from CycloneDX documents.

python requirements/licenses.py FILE... > licenses.md
"""

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
    return " AND ".join(spdx or [name.removeprefix(_TROVE) for name in declared]) or "not declared"


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
