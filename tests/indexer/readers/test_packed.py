"""Documents of Office and books are read by their structure, and bombs do nothing."""

import io
import zipfile

import openpyxl
import pytest
from pptx import Presentation
from pptx.util import Inches

from indexer.readers import formats
from indexer.readers.page import Page, Unreadable

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument'
    '.wordprocessingml.document.main+xml"/></Types>'
)
RELS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship '
    'Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)
STYLES = f'<w:styles {W}>' + "".join(
    f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/></w:style>'
    for name in ("Title", "heading 1", "Code")
) + "</w:styles>"  # fmt: skip


def paragraph(text: str, style: str = "") -> str:
    shown = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{shown}<w:r><w:t>{text}</w:t></w:r></w:p>"


def word(body: str, start: str = "") -> bytes:
    cells = "".join(f"<w:tc>{paragraph(each)}</w:tc>" for each in ("zeta", "17"))
    table = f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"
    return packed({
        "[Content_Types].xml": TYPES, "_rels/.rels": RELS, "word/styles.xml": STYLES,
        "word/_rels/document.xml.rels": RELS.replace("officeDocument\"", "styles\"").replace(
            "word/document.xml", "styles.xml"),
        "word/document.xml": f"{start}<w:document {W}><w:body>{body}{table}</w:body></w:document>",
    })  # fmt: skip


def packed(members: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def slides() -> bytes:
    presentation = Presentation()
    presentation.core_properties.title = "The plan"
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Why we move"
    slide.placeholders[1].text_frame.text = "It is faster"
    slide.notes_slide.notes_text_frame.text = "Say that QUETZAL was slow."
    other = presentation.slides.add_slide(presentation.slide_layouts[6])
    table = other.shapes.add_table(2, 2, *[Inches(1)] * 4).table
    for row, cells in enumerate((("limit", "value"), ("zeta", "17"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    file = io.BytesIO()
    presentation.save(file)
    return file.getvalue()


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.properties.title = "Limits"
    sheet = book.active
    sheet.title = "All limits"
    for row in (("limit", "value"), ("zeta|1", 17), (None, None), ("eta", None)):
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


CHAPTER = (
    "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>Words of {0}.</p></body></html>"
)


def book(**changes: str | bytes) -> bytes:
    items = "".join(f'<item id="c{i}" href="c%20{i}.xhtml" media-type="application/xhtml+xml"/>'
                    for i in (1, 2))  # fmt: skip
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:x"><rootfiles><rootfile full-path="OEBPS/a.opf"/>'
        "</rootfiles></container>",
        "OEBPS/a.opf": f'<package xmlns="urn:o"><metadata><title>Book</title></metadata><manifest>{items}'
        '</manifest><spine><itemref idref="c2"/><itemref idref="c1"/></spine></package>',
        "OEBPS/c 1.xhtml": CHAPTER.format("One"),
        "OEBPS/c 2.xhtml": CHAPTER.format("Two"),
    }
    return packed(members | changes)


def read(name: str, data: bytes) -> list[Page]:
    return formats.read(name, data)


def test_word_has_headings_code_and_tables() -> None:
    body = (
        paragraph("The agent", "Title")
        + paragraph("Installing", "heading1")
        + paragraph("Run the FROBNICATOR.")
        + paragraph("frob install", "Code")
    )
    (page,) = read("a.docx", word(body))
    assert page.title == "The agent"
    assert page.text == (
        "# The agent\n\n# Installing\n\nRun the FROBNICATOR.\n\n```\nfrob install\n```\n\n"
        "| zeta | 17 |"
    )


def test_a_presentation_has_a_section_for_each_slide_and_its_notes() -> None:
    (page,) = read("a.pptx", slides())
    assert page.title == "The plan"
    assert page.text == (
        "## Why we move\n\nIt is faster\n\nSay that QUETZAL was slow.\n\n## Slide 2\n\n"
        "| limit | value |\n|---|---|\n| zeta | 17 |"
    )


def test_a_workbook_has_a_table_for_each_sheet() -> None:
    (page,) = read("a.xlsx", workbook())
    assert page.title == "Limits"
    assert page.text == (
        "## All limits\n\n| limit | value |\n|---|---|\n| zeta\\|1 | 17 |\n| eta |"
    )


def test_a_book_has_a_page_for_each_chapter_in_the_order_of_its_spine() -> None:
    pages = read("a.epub", book())
    assert [page.title for page in pages] == ["Two", "One"]
    assert pages[0].text == "# Two\n\nWords of Two."


BOMB = '<!DOCTYPE x [<!ENTITY a "lol">' + "".join(
    f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12)
) + "]>"  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.docx", b"PK\3\4 no zip", "not a zip file"),
        ("a.docx", packed({"a.txt": "words"}), "damaged"),
        ("a.docx", packed({"a.bin": b"\0" * 50_000_000}), "bomb"),
        ("a.docx", word(paragraph("&a11;"), BOMB), "entities"),
        ("a.xlsx", word(paragraph("words")), "damaged"),
        ("a.pptx", workbook(), "damaged"),
        ("a.epub", workbook(), "damaged"),
        ("a.epub", book(**{"OEBPS/a.opf": BOMB + "<package/>"}), "entities"),
        ("a.epub", book(**{"META-INF/container.xml": "<a/>"}), "names no contents"),
    ],
    ids=[
        "no zip",
        "empty zip",
        "zip bomb",
        "entities",
        "other",
        "workbook",
        "no book",
        "opf",
        "list",
    ],
)
def test_what_is_damaged_or_made_to_do_harm_is_left_out(name: str, data: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(name, data)
