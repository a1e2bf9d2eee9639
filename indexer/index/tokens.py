"""Keeps the token vectors of chunks in memory-mapped files, for late interaction.

A file never changes once it is there, except that rows are marked as removed. So any number of
processes can read while one writes, and a process killed at any point leaves whole files. Files are
merged as they become many, and merging drops what was removed. Chunk ids are hashes of content, so
a row fits every version of the index that has the chunk, and the catalog alone decides what is
served. A chunk without a row is still found, but it is not judged token by token.
"""

import json
import logging
import os
import shutil
import struct
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from indexer.types import IndexerError, TokenForm, Tokens

SCHEMA = 1
_MAGIC = b"GLTOKEN1"
_HEADER = struct.Struct("<8sQQQ")  # magic, rows, tokens, bytes of a token
_GROWTH = 2  # a file is merged with the one before it unless that is larger by this factor
_SUFFIX = ".tokens"

_log = logging.getLogger(__name__)
Keys = npt.NDArray[np.uint64]


class _File:
    """One file, mapped into memory: keys of chunks in order, their places, and the vectors.

    ``places`` has a row per chunk: its first token and the number of its tokens. The number is 0
    once the chunk was removed.
    """

    def __init__(self, path: Path, width: int) -> None:
        """Raises ``ValueError`` for a file that is not whole, or of another form."""
        self.path = path
        # Slices of a plain array cost a third of those of a memmap.
        mapped = np.memmap(path, np.uint8, "r").view(np.ndarray)
        self.inode = path.stat().st_ino
        if len(mapped) < _HEADER.size:
            raise ValueError("it is not whole")
        magic, rows, tokens, wide = _HEADER.unpack(mapped[: _HEADER.size].tobytes())
        places, data = _places_at(rows), _data_at(rows)
        if magic != _MAGIC or wide != width or len(mapped) != data + tokens * width:
            raise ValueError("it is not whole, or of another form")
        self.keys: Keys = mapped[_HEADER.size : places].view(np.uint64)
        self.places = mapped[places:data].view(np.uint64).reshape(rows, 2)
        self.tokens: Tokens = mapped[data:].view(np.int8).reshape(tokens, width)

    def get(self, keys: Keys) -> Iterator[tuple[int, Tokens]]:
        """Those of the rows that it has, each with the place of its key among ``keys``."""
        if not len(self.keys):
            return
        at = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        here = np.flatnonzero(self.keys[at] == keys)
        for place, (start, count) in zip(
            here.tolist(), self.places[at[here]].tolist(), strict=True
        ):
            if count:
                yield place, self.tokens[start : start + count]

    def rows(self) -> Iterator[tuple[int, Tokens]]:
        """All rows that were not removed."""
        for key, (start, count) in zip(self.keys.tolist(), self.places.tolist(), strict=True):
            if count:
                yield key, self.tokens[start : start + count]

    def live(self) -> int:
        """How many tokens belong to rows that were not removed."""
        return int(self.places[:, 1].sum())

    def remove(self, keys: Keys) -> None:
        here = np.flatnonzero(np.isin(self.keys, keys))
        if len(here):
            # The pages are shared, so every process that has mapped the file sees the change.
            shape = self.places.shape
            places = np.memmap(self.path, np.uint64, "r+", _places_at(shape[0]), shape)
            places[here, 1] = 0
            places.flush()


class TokenStore:
    """The token vectors of an index, in ``folder``. Any thread may use it, and one process writes.

    A reader sees what was there when it opened the folder or last called ``refresh``. Raises
    ``IndexerError`` when a file cannot be written.
    """

    def __init__(self, folder: Path, form: TokenForm) -> None:
        self.form = form
        self._folder = folder
        self._writing = threading.Lock()
        # Searches read this without a lock, so it is replaced and never changed. The newest first.
        self._files: tuple[_File, ...] = ()
        self.refresh()

    @classmethod
    def open(cls, folder: Path, form: TokenForm | None, *, writable: bool) -> Self | None:
        """The store in a folder. Without a ``form`` it is whatever the folder has.

        Returns None when there is nothing of this form: a writer then begins anew, and a reader has
        to do without.
        """
        made = _form(folder)
        if form is None or made == form:
            return cls(folder, made) if made is not None else None
        if not writable:
            return None
        shutil.rmtree(folder, ignore_errors=True)
        with _mapped(folder):
            folder.mkdir(parents=True, exist_ok=True)
            state = {"schema": SCHEMA, "made_by": form.made_by, "width": form.width}
            _written(folder / "form.json", [json.dumps(state).encode()])
        return cls(folder, form)

    def add(self, rows: Mapping[str, Tokens]) -> None:
        """Stores the vectors of chunks by id. They can be read when it returns."""
        if not rows:
            return
        with self._writing, _mapped(self._folder):
            self._files = (self._write((_key(each), row) for each, row in rows.items()),
                           *self._files)  # fmt: skip
            self._merge()

    def delete(self, ids: Collection[str]) -> None:
        """Removes chunks; unknown ids are ignored."""
        with self._writing, _mapped(self._folder):
            keys = _keys(ids)
            for file in self._files:
                file.remove(keys)
            for file in [each for each in self._files if each.live() * 2 < len(each.tokens)]:
                self._replace((file,))

    def get(self, ids: Iterable[str]) -> dict[str, Tokens]:
        """The vectors of chunks by id, without those that it does not have."""
        wanted = list(ids)
        keys = _keys(wanted)
        return {
            wanted[place]: row
            for file in reversed(self._files)  # the newest wins
            for place, row in file.get(keys)
        }

    def count(self) -> int:
        """How many rows there are; a chunk that was added twice may have two."""
        return sum(int(np.count_nonzero(file.places[:, 1])) for file in self._files)

    def lacking(self, ids: Collection[str]) -> set[str]:
        """The chunks that have no vectors here."""
        has = [file.keys[file.places[:, 1] > 0] for file in self._files]
        known = set(np.concatenate(has).tolist()) if has else set()
        return {chunk_id for chunk_id in ids if _key(chunk_id) not in known}

    def refresh(self) -> None:
        """Notices what another process has added or merged."""
        known = {(file.path, file.inode): file for file in self._files}
        files = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}"), reverse=True):
            try:
                same = known.get((path, path.stat().st_ino))
                files.append(same or _File(path, self.form.width))
            except (ValueError, OSError) as error:
                # A writer has merged the file in the meantime, or somebody has damaged it.
                _log.info("%s is left out: %s", path, error)
        self._files = tuple(files)

    def _merge(self) -> None:
        """Merges the newest files until each is much smaller than the one before it, so that there
        are few, and each vector is rewritten few times.
        """
        count, tokens = 1, len(self._files[0].tokens)
        while count < len(self._files) and len(self._files[count].tokens) <= _GROWTH * tokens:
            tokens += len(self._files[count].tokens)
            count += 1
        if count > 1:
            self._replace(self._files[:count])

    def _replace(self, old: tuple[_File, ...]) -> None:
        """Writes the rows of some files, which are neighbours, into one file in their place."""
        # Later rows win, but a chunk's rows are equal, because its id is a hash of its content.
        rows = {key: row for file in reversed(old) for key, row in file.rows()}
        at = self._files.index(old[0])
        merged = (self._write(rows.items(), old[0].path),) if rows else ()
        self._files = (*self._files[:at], *merged, *self._files[at + len(old) :])
        for file in old[len(merged) :]:
            file.path.unlink(missing_ok=True)

    def _write(self, rows: Iterable[tuple[int, Tokens]], path: Path | None = None) -> _File:
        """Writes a file, by default one that is newer than all others."""
        if path is None:
            newest = int(self._files[0].path.stem) if self._files else 0
            path = self._folder / f"{newest + 1:012d}{_SUFFIX}"
        ordered = sorted(rows, key=lambda each: each[0])
        counts = np.array([len(row) for _, row in ordered], np.uint64)
        places = np.stack([np.cumsum(counts) - counts, counts], axis=1)
        _written(
            path,
            chain(
                [
                    _HEADER.pack(_MAGIC, len(ordered), int(counts.sum()), self.form.width),
                    np.array([key for key, _ in ordered], np.uint64).tobytes(),
                    places.astype(np.uint64).tobytes(),
                ],
                (np.ascontiguousarray(row).tobytes() for _, row in ordered),
            ),
        )
        return _File(path, self.form.width)


def _form(folder: Path) -> TokenForm | None:
    try:
        state = json.loads((folder / "form.json").read_text("utf-8"))
        if state["schema"] != SCHEMA:
            return None
        return TokenForm(str(state["made_by"]), int(state["width"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _written(path: Path, parts: Iterable[bytes]) -> None:
    """Writes a file that is there as a whole or not at all, whenever the process is killed."""
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)  # noqa: PTH105 — atomic, and says so


@contextmanager
def _mapped(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise IndexerError(
            f"The token vectors in {folder} cannot be written ({error.strerror})."
        ) from error


def _key(chunk_id: str) -> int:
    """64 bits of the 128 of an id, which are still unique."""
    return int(chunk_id[:16], 16)


def _keys(ids: Iterable[str]) -> Keys:
    return np.array([_key(each) for each in ids], np.uint64)


def _places_at(rows: int) -> int:
    return _HEADER.size + 8 * rows


def _data_at(rows: int) -> int:
    return _HEADER.size + 24 * rows
