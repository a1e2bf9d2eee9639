"""Keeps the conversation of each chat tab on disk, so that it survives restarts.

Each conversation is one file, which is written whole and then put in place in one step. If the
process is killed, the file is as it was before or after. A file that cannot be read is left alone,
and its tab starts with an empty conversation.
"""

import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from backend.protocol import wire

MAX_CONVERSATIONS = 200  # of a workspace; beyond that, the one unused for longest is deleted
MAX_CHARACTERS = 12_000  # of the history that goes with a question
_TITLE_CHARACTERS = 80

log = logging.getLogger(__name__)


class Turn(Struct, frozen=True, omit_defaults=True):
    role: Literal["user", "assistant"]
    text: str
    citations: tuple[wire.Citation, ...] = ()


class Conversation(Struct, frozen=True):
    """Complete exchanges, oldest first; ``updated_at`` in seconds since the epoch."""

    tab_id: str
    updated_at: float = 0.0
    turns: tuple[Turn, ...] = ()

    @property
    def title(self) -> str:
        words = " ".join(self.turns[0].text.split()) if self.turns else ""
        return words if len(words) <= _TITLE_CHARACTERS else words[: _TITLE_CHARACTERS - 1] + "…"

    def history(self, characters: int = MAX_CHARACTERS) -> tuple[wire.Turn, ...]:
        """The newest whole exchanges that fit; an answer never goes without its question."""
        kept: list[wire.Turn] = []
        for question, answer in zip(self.turns[-2::-2], self.turns[::-2], strict=True):
            characters -= len(question.text) + len(answer.text)
            if characters < 0:
                break
            kept[:0] = [
                wire.Turn(question.role, question.text),
                wire.Turn(answer.role, answer.text),
            ]
        return tuple(kept)


class Conversations:
    """The conversations of one workspace. ``folder`` returns their place once it is known."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder

    def get(self, tab_id: str) -> Conversation:
        """Empty when nothing was said in the tab."""
        known = _read(self._file(tab_id))
        return known if known is not None else Conversation(tab_id)

    def add(
        self, tab_id: str, question: str, answer: str, citations: tuple[wire.Citation, ...] = ()
    ) -> None:
        """Adds one complete exchange. If the disk is full this is only logged, because the user has
        the answer.
        """
        turns = (Turn("user", question), Turn("assistant", answer, citations))
        grown = Conversation(tab_id, time.time(), (*self.get(tab_id).turns, *turns))
        try:
            _write(self._file(tab_id), grown)
            self._forget_oldest()
        except OSError as error:
            log.warning("the conversation is not kept: %s", error)

    def delete(self, tab_id: str) -> None:
        self._file(tab_id).unlink(missing_ok=True)

    def list(self) -> list[Conversation]:
        """All conversations, the newest first."""
        found = [known for file in self._files() if (known := _read(file)) is not None]
        return sorted(found, key=lambda each: each.updated_at, reverse=True)

    def _file(self, tab_id: str) -> Path:
        # An editor chooses tab ids, so they may hold any character.
        digest = hashlib.blake2b(tab_id.encode("utf-8", "surrogatepass"), digest_size=16)
        return self._folder() / f"{digest.hexdigest()}.json"

    def _files(self) -> Iterator[Path]:
        return self._folder().glob("*.json")

    def _forget_oldest(self) -> None:
        files = list(self._files())
        if len(files) > MAX_CONVERSATIONS:
            files.sort(key=lambda file: file.stat().st_mtime)
            for file in files[:-MAX_CONVERSATIONS]:
                file.unlink(missing_ok=True)


def workspace_folder(data: Path, roots: list[str]) -> Path:
    """Where the conversations of a workspace are kept. "No workspace" has a folder, too."""
    name = "\n".join(sorted(roots))
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8)
    return data / "conversations" / digest.hexdigest()


def _read(file: Path) -> Conversation | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Conversation)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning("a conversation cannot be read (%s): %s", file, error)
        return None


def _write(file: Path, conversation: Conversation) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_suffix(f".{os.getpid()}.new")
    try:
        temporary.write_bytes(msgspec.json.encode(conversation))
        temporary.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
