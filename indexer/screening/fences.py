"""Which lines of a whole text are fenced code, as CommonMark has it. Pure.

markdown-it decides, because a fence can stand in a list or a quote, and in a block of HTML there is
none. Text that streams has scanners of its own (``indexer.screening.escaping.Escaping``,
``lsp_server.documents.fences.Fences``); tests hold them to the same answer.
"""

from functools import cache

from markdown_it import MarkdownIt


def fenced(text: str, *, markdown: bool = True) -> list[tuple[int, int]]:
    """The first row of each fenced block and the row after it; rows are parted by ``\\n``.

    In Markdown, lines that are indented by four are code themselves and open no fence. In other
    texts, such as docstrings, a fence may be indented as far as the text around it.
    """
    if "```" not in text and "~~~" not in text:
        return []  # most texts; a parser takes a hundred times as long to say so
    # To markdown-it a lone \\r ends a line, too.
    parser = block_parser() if markdown else block_parser("code", "html_block")
    tokens = parser.parse(text.replace("\r", " "))
    rows = [(token.map[0], token.map[1]) for token in tokens if token.type == "fence" and token.map]
    return sorted(rows)


@cache
def block_parser(*without: str) -> MarkdownIt:
    """A parser that finds blocks of CommonMark, but for these kinds, and reads no text in them."""
    parser = MarkdownIt("commonmark").disable(["reference", *without])
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser
