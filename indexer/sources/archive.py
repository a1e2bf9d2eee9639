"""Unpacks the documentation and code of a zip or tar file, within limits.

It writes only what a reader knows, below one folder, as plain files: no links, no devices, no names
that lead outside. Sizes are counted as bytes come out, whatever the archive declares.
"""

import bz2
import gzip
import io
import lzma
import shutil
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from indexer.sources.folder import INVENTORY, documentation_or_code
from indexer.sources.limits import Limits
from indexer.types import Skipped, SourceError

_COMPRESSED: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, NotImplementedError, lzma.LZMAError,
           tarfile.TarError, zipfile.BadZipFile, zlib.error)  # fmt: skip
_MEMBERS = 1_000_000  # members that are examined
_AT_ONCE = 1 << 20

Member = tuple[str, Callable[[], IO[bytes] | None]]


class _TooLarge(Exception):
    pass


def unpack(archive: Path, folder: Path, limits: Limits, skipped: list[Skipped]) -> None:
    """Fills ``folder`` with the contents of the archive, unless that was done before.

    Raises ``SourceError`` when the file is no archive, or is broken before anything came out.
    """
    try:
        stat = archive.stat()
    except OSError as error:
        raise SourceError(f"{archive} cannot be read: {error.strerror}") from error
    mark = folder.parent / f"{folder.name}.unpacked"
    stamp = f"{stat.st_mtime_ns}:{stat.st_size}:{limits}"
    if folder.is_dir() and mark.is_file() and mark.read_text("utf-8") == stamp:
        return
    mark.unlink(missing_ok=True)  # an interrupted unpacking is done again
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    before = len(skipped)
    try:
        _write(_members(archive, limits), folder, limits, skipped)
    except _TooLarge:
        skipped.append((str(archive), f"the rest: more than {limits.total_bytes:,} bytes in all"))
    except _BROKEN as error:
        if not any(folder.iterdir()):
            raise SourceError(f"{archive} is not an archive that can be read: {error}") from error
        skipped.append((str(archive), f"the rest: broken ({error})"))
    if len(skipped) == before:
        mark.write_text(stamp, "utf-8")


def _write(members: Iterator[Member], folder: Path, limits: Limits, skipped: list[Skipped]) -> None:
    ends = time.monotonic() + limits.seconds
    count = total = 0
    for seen, (name, opened) in enumerate(members):
        path = PurePosixPath(name)
        if seen == _MEMBERS:
            skipped.append((name, f"this and all after it: more than {_MEMBERS:,} members"))
            return
        if not _wanted(path):
            continue
        count += 1
        if count > limits.documents or time.monotonic() > ends:
            what = (
                f"{limits.documents:,} files"
                if count > limits.documents
                else (f"{limits.seconds:.0f} s of unpacking")
            )
            skipped.append((name, f"this and all after it: more than {what}"))
            return
        if path.is_absolute() or ".." in path.parts or "\\" in name:
            skipped.append((name, "its name leads out of the archive"))
            continue
        stream = opened()
        if stream is None:
            skipped.append((name, "a link"))
            continue
        total += _copy(stream, folder / path, limits, skipped)
        if total > limits.total_bytes:
            raise _TooLarge


def _wanted(path: PurePosixPath) -> bool:
    return documentation_or_code(path.name) or path.name == INVENTORY


def _copy(stream: IO[bytes], path: Path, limits: Limits, skipped: list[Skipped]) -> int:
    """Returns how many bytes came out. A file over its limit is not kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with stream, path.open("wb") as file:
        while size <= limits.file_bytes and (data := stream.read(_AT_ONCE)):
            size += file.write(data)
    if size > limits.file_bytes:
        path.unlink()
        skipped.append((path.name, f"larger than {limits.file_bytes:,} bytes when decompressed"))
    return size


def _members(archive: Path, limits: Limits) -> Iterator[Member]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                if not info.is_dir():
                    link = (info.external_attr >> 28) == 0xA
                    yield (
                        info.filename,
                        lambda info=info, link=link: (  # type: ignore[misc]
                            None if link else packed.open(info)
                        ),
                    )
        return
    with archive.open("rb") as file:
        magic = file.read(6)
    kinds = (kind for mark, kind in _COMPRESSED.items() if magic.startswith(mark))
    with next(kinds, io.FileIO)(archive) as file:
        # Bytes that are left out are decompressed, too, so they count.
        counted = cast("IO[bytes]", _Counted(file, limits.total_bytes))
        with tarfile.open(fileobj=counted, mode="r:") as stream:
            while (member := stream.next()) is not None:
                stream.members.clear()  # type: ignore[attr-defined]  # it keeps all it has seen
                if not member.isdir():
                    yield (
                        member.name,
                        lambda member=member: (  # type: ignore[misc]
                            stream.extractfile(member) if member.isreg() else None
                        ),
                    )


class _Counted(io.RawIOBase):
    """A file that is read forwards. At its limit it raises ``_TooLarge``."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file = file
        self._limit = limit
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _AT_ONCE:
            raise _TooLarge  # no honest archive does this: a member with a name of megabytes
        data = self._file.read(size)
        self._at += len(data)
        if self._at > self._limit:
            raise _TooLarge
        return data

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if whence != io.SEEK_SET or position < self._at:
            raise OSError("an archive is read forwards")
        while self._at < position and self.read(min(position - self._at, _AT_ONCE)):
            pass
        return self._at
