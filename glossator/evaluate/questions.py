"""The question sets of `glossator eval answers` and `retrieval`: one labelled question a line.

``tests/data/questions/README.md`` says what the fields mean and how the sets were made.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from backend.errors import StartupFailed

Half = Literal["develop", "held-out"]


class Exchange(Struct, frozen=True):
    """An earlier question of the conversation, and its answer."""

    question: str
    answer: str


class Labelled(Struct, frozen=True):
    """A question and what answers it. ``expected`` is empty where the corpus has no answer.

    ``names`` are what a right answer names. Strings are alternatives; where there are lists, an
    answer needs one of each.
    """

    question: str
    expected: tuple[str, ...]  # symbols or places (``expected``), any of which answers
    corpus: str = ""  # the source to search, by default all
    kind: str = ""  # questions of one kind are counted together
    names: tuple[str | tuple[str, ...], ...] = ()
    half: Half | Literal[""] = ""  # nothing may be tuned on "held-out"
    history: tuple[Exchange, ...] = ()
    code: str = ""  # that the question is about
    language: str = ""
    origin: str = ""  # what ``kind`` is in the sets that were made from documentation

    @property
    def answerable(self) -> bool:
        return bool(self.expected)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Names of which an answer needs one from each group."""
        lists = tuple(each for each in self.names if not isinstance(each, str))
        alternatives = tuple(each for each in self.names if isinstance(each, str))
        return (*lists, alternatives) if alternatives else lists


def read(file: Path) -> list[Labelled]:
    """Raises ``StartupFailed``, naming the line that is no question."""
    decoder = msgspec.json.Decoder(Labelled)
    found = []
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            found.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            raise StartupFailed(
                f"{file}:{number} is not a question; it needs at least "
                f'{{"question": "…", "expected": ["…"]}} ({error}).'
            ) from error
    if not found:
        raise StartupFailed(f"{file} holds no questions.")
    return found


def chosen(
    questions: Sequence[Labelled], half: Half | None, only: int | None
) -> Sequence[Labelled]:
    """The questions of a half; ``only`` so many of them, and every time the same ones."""
    kept = [each for each in questions if half in (None, each.half or "develop")]
    if only is None or only >= len(kept):
        return kept
    first = sorted(kept, key=lambda each: hashlib.sha256(each.question.encode()).digest())[:only]
    return [each for each in kept if each in first]
