"""The public API of an installed Python package: what it does and where it is defined.

A separate process imports the package (``inspect_package.py``), so a crash, a hang or output on
stdout stays there.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from indexer.sources.definitions import Definitions
from indexer.types import Document, SourceError

_SPEC = re.compile(r"package:([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")
_SCRIPT = Path(__file__).with_name("inspect_package.py")
TIMEOUT_S = 120.0


class PackageSource:
    """``package:numpy``, or ``package:numpy.fft`` for a part of it.

    ``python`` is the interpreter whose installed packages are read, by default this one.
    ``skipped`` fills while documents are read, with submodules that cannot be imported and the
    reason, and ``names`` with the public names within each module and class, documented or not.
    """

    def __init__(
        self,
        spec: str,
        *,
        name: str = "",
        python: str = sys.executable,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        match = _SPEC.fullmatch(spec)
        if match is None:
            raise SourceError(
                f"{spec!r} does not name a package: write package:NAME, such as package:numpy."
            )
        self.name = name or spec
        self.skipped: list[tuple[str, str]] = []
        self.names: dict[str, list[str]] = {}
        self._package = match.group(1)
        self._python = python
        self._timeout_s = timeout_s

    def documents(self) -> Iterator[Document]:
        """One document per module, class, function and member, under its shortest public name.

        Every uri opens a file of the installed package. Raises ``SourceError``.
        """
        head, *records = self._inspect()
        self.skipped = [(each["skipped"], each["why"]) for each in records if "skipped" in each]
        self.names = {each["within"]: each["names"] for each in records if "within" in each}
        entries = [each for each in records if "symbol" in each]
        files = {
            each["module"]: each["file"]
            for each in records
            if "module" in each and "symbol" not in each
        }
        top = self._package.partition(".")[0]
        home = _folder_of(self._package, files.get(self._package))
        definitions = Definitions(top, home)
        for entry in entries:
            if not entry["doc"]:
                continue  # a bare name would match by its words and explain nothing
            file, line = entry["file"], entry["line"]
            if file is None or line is None:
                module = entry["module"]
                names = entry["symbol"].removeprefix(module).strip(".")
                found = definitions.find(module, names.split(".") if names else [])
                file, line = found or (_readable(files.get(module), home), 1)
            yield Document(
                source=self.name,
                uri=Path(file).resolve().as_uri(),
                title=entry["symbol"],
                text=entry["doc"],
                kind=entry["kind"],
                breadcrumb=tuple(entry["symbol"].split(".")),
                version=head["version"],
                symbol=entry["symbol"],
                signature=entry["signature"],
                line=line,
            )

    def _inspect(self) -> list[dict[str, Any]]:
        """The records of ``inspect_package`` without the end mark."""
        command = [self._python, str(_SCRIPT), self._package]
        # The output goes to files, because a process that the package leaves behind would hold a
        # pipe open.
        with tempfile.TemporaryFile("w+b") as out, tempfile.TemporaryFile("w+b") as log:
            try:
                process = subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=log,
                    timeout=self._timeout_s,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                raise SourceError(
                    f"Importing {self._package} took more than {self._timeout_s:.0f} s. "
                    "Does it wait for something? Name a subpackage instead."
                ) from error
            except OSError as error:
                raise SourceError(f"{self._python} cannot be run: {error}") from error
            out.seek(0)
            log.seek(0)
            lines = out.read().decode("utf-8", "replace").splitlines()
            last_words = log.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        records: list[dict[str, Any]] = [json.loads(line) for line in lines if line.endswith("}")]
        problem = records[0].get("error") if records else None
        if problem == "missing":
            top = self._package.partition(".")[0]
            raise SourceError(
                f"{self._package} is not installed for {self._python}: "
                f"pip install {top}, then index it again."
            )
        if problem is None and not (records and records[-1].get("end")):
            problem = f"exit status {process.returncode} {' '.join(last_words)}".strip()
        if problem is not None:
            raise SourceError(f"{self._package} cannot be imported ({problem}). Does it run?")
        return records[:-1]


def _readable(file: str | None, home: Path) -> str | Path:
    """The file if an editor can open it, so not a compiled one."""
    return file if file and file.endswith(".py") else home / "__init__.py"


def _folder_of(package: str, file: str | None) -> Path:
    """The folder of the top-level package, from the file of one of its modules."""
    path = Path(file) if file else Path(package)
    depth = package.count(".") + (path.stem == "__init__")
    return path.parents[depth - 1] if depth else path.parent / path.stem
