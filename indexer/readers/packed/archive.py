"""Opens a zip file as documents use it, and refuses what no such document contains."""

import io
import zipfile
import zlib

from indexer.readers.page import Unreadable

MAX_BYTES = 300_000_000  # of all members together, when decompressed
MAX_MEMBERS = 20_000
_RATIO = 200  # how many times larger a member may be than it is packed
_SMALL = 1_000_000  # bytes; a small member may be packed as well as it can be
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError,
           NotImplementedError, KeyError)  # fmt: skip
# Office and EPUB need no entities, which a parser might expand without end.
_ENTITIES = (b"<!ENTITY", "<!ENTITY".encode("utf-16-le"), "<!ENTITY".encode("utf-16-be"))
_XML = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx", ".svg")


def opened(data: bytes) -> zipfile.ZipFile:
    """Raises ``Unreadable``. A member never gives more than the size that is checked here."""
    try:
        packed = zipfile.ZipFile(io.BytesIO(data))
        members = packed.infolist()
    except _BROKEN as error:
        raise Unreadable(f"not a zip file that can be read: {error}") from error
    if len(members) > MAX_MEMBERS:
        raise Unreadable(f"more than {MAX_MEMBERS:,} members")
    if sum(each.file_size for each in members) > MAX_BYTES:
        raise Unreadable(f"larger than {MAX_BYTES:,} bytes when decompressed")
    for each in members:
        if each.flag_bits & 1:
            raise Unreadable("it asks for a password")
        if each.file_size > max(_SMALL, each.compress_size * _RATIO):
            raise Unreadable(f"{each.filename} is packed to be a bomb")
        if each.filename.lower().endswith(_XML):
            content = member(packed, each.filename)
            if any(mark in content for mark in _ENTITIES):
                raise Unreadable(f"{each.filename} declares entities, which no document needs")
    return packed


def member(packed: zipfile.ZipFile, name: str) -> bytes:
    """Raises ``Unreadable`` when it is missing or damaged."""
    try:
        return packed.read(name)
    except _BROKEN as error:
        raise Unreadable(f"damaged: {name}: {error}") from error
