"""Info files: nodes are sections, menus and tables of places are left out."""

from indexer.readers import formats

INFO = (
    "This is make.info, produced by makeinfo.\n\n\x1f\nFile: make.info,  Node: Top,  Up: (dir)\n\n"
    "GNU make\n********\n\nMakes things.\n\n* Menu:\n\n* Rules::  How.\n\n\x1f\n"
    "File: make.info,  Node: Rules,  Prev: Top\n\n1 Rules\n=======\n\nA rule about QUETZAL.\n"
    "\0\b[image src='a.png'\0\b]\n\n\x1f\nTag Table:\nNode: Top\x7f42\n\x1f\nEnd Tag Table\n"
)


def test_nodes_are_sections_cited_by_their_line() -> None:
    (page,) = formats.read("make.info", INFO.encode())
    assert page.title == "make"
    assert "# GNU make {line=6}\n\n\nMakes things." in page.text
    assert "## 1 Rules {line=18}\n\n\nA rule about QUETZAL." in page.text
    assert "Menu" not in page.text
    assert "Node" not in page.text


def test_it_may_be_compressed_and_in_parts() -> None:
    assert formats.is_documentation("make.info-1.gz")
    assert formats.called("make.info.gz") == "Info"
