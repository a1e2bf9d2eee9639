"""The folder of an index: who may use it, what made it, and where its parts are.

Processes must not share embedded Chroma. So an index has either one owner that writes, or any
number of readers. A lock decides, and the kernel releases it when a process dies. With a Chroma
server, readers need no lock and may read while the owner writes.
"""

import json
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import Any, Literal, Self

from indexer.index.lock import FolderLock
from indexer.types import IndexDamaged, IndexerError, IndexMismatch

SCHEMA = 3  # version of the stored format; a new one means rebuilding
Place = Literal["embedded", "server"]  # version of how vectors are made
MEND = "Rebuild it: glossator index --rebuild SOURCE…"


class IndexFolder:
    """An opened folder. ``id`` distinguishes its collections on a Chroma server from those of other
    indexes.
    """

    def __init__(self, path: Path, lock: FolderLock | None, manifest: dict[str, Any]) -> None:
        self.path = path
        self.id: str = manifest["id"]
        self.place: Place = manifest["chroma"]
        self._lock = lock

    @property
    def chroma(self) -> Path:
        return self.path / "chroma"

    @property
    def lexical(self) -> Path:
        return self.path / "lexical"

    @property
    def tokens(self) -> Path:
        return self.path / "tokens"

    @property
    def catalog(self) -> Path:
        return self.path / "catalog.db"

    @property
    def staging(self) -> Path:
        return self.path / "staged"

    @classmethod
    def open(
        cls, path: Path | str, *, embedder_name: str, dimension: int, place: Place, writable: bool
    ) -> Self:
        """Opens the folder, and creates it when ``writable``.

        Raises ``IndexInUse`` when another process is in the way, ``IndexMismatch`` when another
        embedder made the index, and ``IndexerError`` when there is none to read.
        """
        folder = Path(path).expanduser()
        if not writable and not _manifest(folder).exists():
            raise IndexerError(f"There is no index in {folder}: make one with `glossator index`.")
        _make(folder)
        lock = None
        if writable or place == "embedded":
            lock = FolderLock(folder / "index.lock", exclusive=writable)
        try:
            made = {"schema": SCHEMA, "embedder": embedder_name, "dimension": dimension,
                    "chroma": place}  # fmt: skip
            return cls(folder, lock, _checked(folder, made))
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    @classmethod
    def describe(cls, path: Path | str) -> dict[str, Any]:
        """The manifest of the index in a folder. Raises ``IndexerError`` when there is no index."""
        folder = Path(path).expanduser()
        try:
            manifest = json.loads(_manifest(folder).read_text("utf-8"))
        except FileNotFoundError:
            raise IndexerError(f"There is no index in {folder}.") from None
        except (ValueError, OSError) as error:
            raise IndexDamaged(f"{_manifest(folder)} cannot be read ({error}). {MEND}") from error
        if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
            raise IndexMismatch(
                f"The index in {folder} was made by another version of Glossator. {MEND}"
            )
        return manifest

    @staticmethod
    def wipe(path: Path | str) -> None:
        """Removes the index in ``path``, and nothing else there. Raises ``IndexInUse``."""
        folder = Path(path).expanduser()
        if not folder.exists():
            return
        lock = FolderLock(folder / "index.lock", exclusive=True)
        try:
            # The manifest goes last, so an interrupted wipe leaves a mismatch and never a mixture.
            for name in ("chroma", "lexical", "staged", "tokens"):
                shutil.rmtree(folder / name, ignore_errors=True)
            for name in ("catalog.db", "catalog.db-journal"):
                (folder / name).unlink(missing_ok=True)
            _manifest(folder).unlink(missing_ok=True)
        finally:
            lock.release()

    @staticmethod
    def set_aside(path: Path | str) -> Path:
        """Renames the index in ``path``, which nobody may have open, and returns its new name.

        Raises ``IndexerError``.
        """
        folder = Path(path).expanduser()
        aside = folder.with_name(f"{folder.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
        try:
            folder.rename(aside)
        except OSError as error:
            raise IndexerError(f"{folder} cannot be renamed: {error.strerror}.") from error
        return aside

    def moved(self, place: Place) -> None:
        """Records that the vectors are in another place from now on."""
        write_manifest(self.path, {**self.describe(self.path), "chroma": place})
        self.place = place

    def release(self) -> None:
        """Releases the lock; calling it again does nothing."""
        if self._lock is not None:
            self._lock.release()


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    path = _manifest(folder)
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(json.dumps(manifest, indent=1), "utf-8")
        os.replace(temporary, path)  # noqa: PTH105 — atomic, and says so
    except OSError as error:
        raise IndexerError(f"{path} cannot be written: {error.strerror}.") from error


def _manifest(folder: Path) -> Path:
    return folder / "index.json"


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IndexerError(f"The index folder {folder} cannot be made: {error}") from error


def _checked(folder: Path, expected: dict[str, Any]) -> dict[str, Any]:
    """Writes the manifest of a new index; raises ``IndexMismatch`` when an old one differs."""
    if not _manifest(folder).exists():
        manifest = {**expected, "id": uuid.uuid4().hex}
        write_manifest(folder, manifest)
        return manifest
    made = IndexFolder.describe(folder)
    if (made.get("embedder"), made.get("dimension")) != (
        expected["embedder"],
        expected["dimension"],
    ):
        raise IndexMismatch(
            f"The index in {folder} was made with the embedding model {made.get('embedder')!r} "
            f"({made.get('dimension')} dimensions), not {expected['embedder']!r} "
            f"({expected['dimension']}). {MEND}, or set retrieval.embedder to the former."
        )
    if made["chroma"] != expected["chroma"]:
        there, here = made["chroma"], expected["chroma"]
        raise IndexMismatch(
            f"The vectors of the index in {folder} are in Chroma's {there} form, the settings "
            f"(retrieval.chroma_url) ask for {here}. Move them: glossator index migrate"
        )
    return made
