"""PDF: pages under the headings of the outline; what does not end is ended."""

import io
from collections.abc import Sequence

import pytest
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
)

from indexer.readers import pdf
from indexer.readers.page import Unreadable

PAGES = (
    ("Handbook", "Welcome aboard."),
    ("Travel", "Book early.", "Hotels", "Ask first."),
    ("More about hotels.",),
)


def write(pages: Sequence[Sequence[str]], outline: Sequence[tuple[str, int, str | None]] = ()) -> (
    PdfWriter
):  # fmt: skip
    writer = PdfWriter()
    font = DictionaryObject({NameObject("/Type"): NameObject("/Font"),
                             NameObject("/Subtype"): NameObject("/Type1"),
                             NameObject("/BaseFont"): NameObject("/Helvetica")})  # fmt: skip
    for lines in pages:
        page = writer.add_blank_page(300, 300)
        shown = " ".join(f"({line}) Tj 0 -20 Td" for line in lines)
        content = DecodedStreamObject()
        content.set_data(f"BT /F1 12 Tf 20 250 Td {shown} ET".encode())
        page[NameObject("/Contents")] = writer._add_object(content)
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
    entries = {}
    for heading, number, parent in outline:
        entries[heading] = writer.add_outline_item(
            title=heading, page_number=number, parent=entries.get(parent)
        )
    return writer


def data(writer: PdfWriter) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def test_pages_stand_under_the_headings_of_the_outline() -> None:
    """A heading is found in its page's text; a page without one belongs to the last."""
    outline = [("Travel", 1, None), ("Hotels", 1, "Travel")]
    writer = write(PAGES, outline)
    writer.add_metadata({"/Title": "The Handbook"})
    (page,) = pdf.read(data(writer))
    assert page.title == "The Handbook"
    assert page.text == (
        "## Page 1 {#page=1}\n\nHandbook\nWelcome aboard.\n\n"
        "## Travel {#page=2}\n\nBook early.\n\n"
        "### Hotels {#page=2}\n\nHotels\nAsk first.\n\n"
        "### Hotels {#page=3}\n\nMore about hotels."
    )


def test_without_an_outline_every_page_is_a_section() -> None:
    (page,) = pdf.read(data(write(PAGES[::2])))
    assert page.text == (
        "## Page 1 {#page=1}\n\nHandbook\nWelcome aboard.\n\n"
        "## Page 2 {#page=2}\n\nMore about hotels."
    )


def test_a_pdf_without_text_says_so() -> None:
    with pytest.raises(Unreadable, match="OCR"):
        list(pdf.read(data(write([()]))))


def test_a_page_tree_that_is_its_own_child_ends() -> None:
    """The outline goes round in a circle, too. What comes of it is a reason, in seconds."""
    writer = write(PAGES, [("Travel", 1, None)])
    tree = writer._root_object["/Pages"].get_object()
    tree[NameObject("/Kids")] = ArrayObject([*tree["/Kids"], writer._pages])
    tree[NameObject("/Count")] = NumberObject(2_000_000_000)
    root = writer._root_object["/Outlines"].get_object()
    first = root["/First"].get_object()
    first[NameObject("/Next")] = root.raw_get("/First")
    with pytest.raises(Unreadable):
        list(pdf.read(data(writer), seconds=10))


def test_one_that_takes_too_long_is_ended() -> None:
    with pytest.raises(Unreadable, match="took more than 0 s"):
        list(pdf.read(data(write(PAGES)), seconds=0.01))


@pytest.mark.parametrize("broken", [b"", b"%PDF-1.7\n", b"words", data(write(PAGES))[:200]])
def test_what_is_no_pdf_is_refused(broken: bytes) -> None:
    with pytest.raises(Unreadable):
        list(pdf.read(broken))
