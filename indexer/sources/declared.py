"""What a source is declared to be, on the command line or in the settings, before it is opened."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from indexer.sources.limits import Limits
from indexer.types import SourceError

Kind = Literal["folder", "code", "package", "git", "web", "archive"]
KINDS: tuple[str, ...] = get_args(Kind)
_WRITTEN = (
    "A source is a folder, or package:NAME (an installed Python package), code:FOLDER, git:PATH or "
    "git:URL[@BRANCH], web:https://…, archive:FILE (zip or tar)."
)
_PLACES = {"folder", "code", "git", "archive"}  # kinds that may be on this machine

_TOKEN_CHARS = 20  # a name is shorter and a token longer


@dataclass(frozen=True, slots=True)
class Declaration:
    """``name`` is what the index calls the source; on the command line, it is what was typed.

    ``include`` and ``exclude`` are patterns as in ``.gitignore``. ``depth``, ``delay_s`` and
    ``private_addresses`` are for websites. ``python`` is the interpreter whose packages are read;
    "" means this one.
    """

    kind: str
    uri: str
    name: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limits: Limits = Limits()  # noqa: RUF009  # frozen
    depth: int = 5
    delay_s: float = 0.2
    private_addresses: bool = False
    python: str = ""

    def folder(self, cache: Path) -> Path:
        """Where downloaded or unpacked files are kept; every address has a folder."""
        digest = hashlib.blake2b(f"{self.kind}:{self.uri}".encode(), digest_size=8).hexdigest()
        return cache / f"{self.kind}-{digest}"


def parse(spec: str) -> Declaration:
    """Reads what was typed: ``KIND:WHERE``, or the path of a folder. Raises ``SourceError``.

    A place on this machine is one source, however it is written.
    """
    kind, colon, uri = spec.partition(":")
    if colon and kind in KINDS and (uri or kind == "package"):
        uri = _whole(uri) if kind in _PLACES else uri
        return Declaration(kind, uri, f"{kind}:{uri}")
    if Path(spec).expanduser().is_dir():
        place = _whole(spec)
        return Declaration("folder", place, place)
    if colon and uri and kind.isalpha():
        problem = f"There is no kind of source called {kind!r}."
    elif Path(spec).expanduser().exists():
        problem = f"{spec} is a file: name the folder that holds it."
    else:
        problem = f"There is no folder {spec}."
    raise SourceError(f"{problem} {_WRITTEN}")


def _whole(path: str) -> str:
    """The path from the root, without links; what is not there stays as it was written."""
    folder, at, branch = path.rpartition("@")
    for place, rest in ((path, ""), (folder, at + branch)):  # git:~/app@main
        if place and Path(place).expanduser().exists():
            return f"{Path(place).expanduser().resolve()}{rest}"
    return path


def refuse_credentials(uri: str) -> None:
    """Raises ``SourceError`` for an address that contains a password or a token.

    Addresses are shown in citations, reports, logs and metrics.
    """
    place = re.match(r"[A-Za-z][\w+.-]*://([^/?#]*)@([^/?#@]*)", uri)
    if place and (":" in place[1] or len(place[1]) >= _TOKEN_CHARS):
        raise SourceError(
            f"The address of {place[2] or 'this source'} holds a password or a token, and "
            "addresses are shown to everybody. Take it out, and give it to git's credential "
            "helper, to ~/.netrc, or use an ssh key."
        )
