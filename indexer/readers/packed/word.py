"""Reads Word documents (docx): mammoth makes HTML of them, by the meaning of their styles."""

import io
from collections.abc import Iterator

import mammoth

from indexer.readers import html
from indexer.readers.packed.archive import opened
from indexer.readers.page import Page

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Code'] => pre:separator('\\n')
p[style-name='Source Code'] => pre:separator('\\n')
p[style-name='HTML Preformatted'] => pre:separator('\\n')
"""


def read(data: bytes) -> Iterator[Page]:
    """One page with the sections of its headings. Raises ``Unreadable``."""
    opened(data).close()
    made = mammoth.convert_to_html(
        io.BytesIO(data),
        style_map=_STYLES,
        convert_image=mammoth.images.img_element(lambda image: {"src": ""}),
    )
    yield from html.read(f"<html><body>{made.value}</body></html>".encode())
