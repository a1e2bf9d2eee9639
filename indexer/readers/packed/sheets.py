"""Reads Excel workbooks (xlsx): each sheet is a section with a table of its values."""

import io
from collections.abc import Iterator

import openpyxl

from indexer.readers.packed.archive import opened
from indexer.readers.packed.tables import rows
from indexer.readers.page import Page

_ROWS = 20_000  # of a sheet
_COLUMNS = 200
_CHARACTERS = 2_000_000


def read(data: bytes) -> Iterator[Page]:
    """One page; formulas are read as the values that were stored with them. Raises
    ``Unreadable``.
    """
    opened(data).close()
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    parts: list[str] = []
    size = 0
    for sheet in book.worksheets:
        table: list[str] = []
        values = sheet.iter_rows(values_only=True, max_row=_ROWS, max_col=_COLUMNS)
        for line in rows(values):
            size += len(line)
            if size > _CHARACTERS:
                break
            table.append(line)
        if table:
            parts += [f"## {' '.join(sheet.title.split())}", "\n".join(table)]
    title = " ".join(str(book.properties.title or "").split())
    if parts:
        yield Page("\n\n".join(parts), title)
