"""Makes questions from documentation, each with the entries that answer it. Pure.

There are four origins:

- ``listed``: how the overview of a module describes an entry (the overview is indexed, but answers
  less);
- ``see_also``: how *another* entry describes it in its "See Also" section, which is not indexed;
- ``summary``: the entry's own first sentence;
- ``body``: the first sentence of the rest of its description.

They train the ranker on some packages (``indexer.training.train_ranker``) and measure it on others.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from indexer.ranking.words import terms
from indexer.types import Document

_SEE_ALSO = re.compile(r"^See Also\n-{3,}\n(.*?)(?=\n\n[A-Z][\w ]+\n-{3,}\n|\Z)", re.S | re.M)
_DESCRIBED = re.compile(r"([A-Za-z_][\w.]*)\s*(?::\s+(\S.*)|:?)$")
_LISTED = re.compile(r"^ *([A-Za-z_][\w.]*)(?: +--? +| *\t| {2,})(\S.*)$", re.M)
_SECTION = re.compile(
    r"^([A-Z][\w ]+\n[-=~]{3,}|(Args|Parameters|Returns|Raises|Examples?|Notes?):)\s*$", re.M
)
_MARKUP = re.compile(r":[\w:]+:`~?([^`]*)`|`{1,2}([^`]*)`{1,2}|\*([^\s*][^*]*)\*")
_SENTENCE = re.compile(r"(.+?[.!?:])(?:\s|$)|(.+)", re.S)
_FEWEST = 3  # terms that must remain in a question
_MOST = 24


@dataclass(frozen=True, slots=True)
class Question:
    """A question; any of the symbols in ``expected`` answers it."""

    text: str
    expected: tuple[str, ...]
    origin: str


def questions(documents: Sequence[Document], *, mask: bool = True) -> list[Question]:
    """All questions from the documents, in order; equal questions become one.

    ``mask`` removes the words of an entry's own name from the questions about it.
    """
    entries = [document for document in documents if document.symbol]
    modules = [document for document in documents if document.kind == "module"]
    made = {
        "listed": _listed(modules, entries),
        "see_also": _see_also(entries),
        "summary": _summaries(entries),
        "body": _bodies(entries),
    }
    asked: dict[tuple[str, str], list[str]] = {}
    for origin, pairs in made.items():
        for sentence, symbol in pairs:
            text = masked(sentence, symbol) if mask else plain(sentence)
            if _FEWEST <= len(set(terms(text))) <= _MOST:
                asked.setdefault((origin, text), []).append(symbol)
    return [
        Question(text, tuple(dict.fromkeys(symbols)), origin)
        for (origin, text), symbols in asked.items()
    ]


def plain(text: str) -> str:
    """The text on one line, without markup."""
    return " ".join(_MARKUP.sub(lambda m: m[1] or m[2] or m[3] or "", text).split())


def masked(text: str, symbol: str) -> str:
    """The plain text without the words in the last part of a symbol."""
    own = set(terms(symbol.rpartition(".")[2]))
    return " ".join(word for word in plain(text).split() if not own & set(terms(word)))


def first_sentence(text: str) -> str:
    match = _SENTENCE.match(" ".join(text.split()))
    return (match[1] or match[2]).rstrip(".:") if match else ""


def _summaries(entries: Iterable[Document]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        yield first_sentence(_paragraphs(entry)[0]), entry.symbol


def _bodies(entries: Iterable[Document]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        further = _paragraphs(entry)[1:2]
        if further and further[0][:1].isalpha():
            yield first_sentence(further[0]), entry.symbol


def _paragraphs(entry: Document) -> list[str]:
    """The paragraphs of the description, which ends at the first section."""
    return _SECTION.split(entry.text, maxsplit=1)[0].strip().split("\n\n")


def _see_also(entries: Sequence[Document]) -> Iterator[tuple[str, str]]:
    described = ((entry.symbol, *pair) for entry in entries for pair in _described(entry.text))
    return _in_other_words(described, entries)


def _listed(modules: Iterable[Document], entries: Sequence[Document]) -> Iterator[tuple[str, str]]:
    described = (
        (f"{module.symbol}.", name, description)
        for module in modules
        for name, description in _LISTED.findall(module.text)
    )
    return _in_other_words(described, entries)


def _in_other_words(
    described: Iterable[tuple[str, str, str]], entries: Sequence[Document]
) -> Iterator[tuple[str, str]]:
    """The descriptions that do not copy the entry's own summary.

    Each item of ``described`` has the symbol beside which it stands, a name and a description.
    """
    known = {entry.symbol: entry for entry in entries}
    by_name: dict[str, list[str]] = {}
    for symbol in known:
        by_name.setdefault(symbol.rpartition(".")[2], []).append(symbol)
    for beside, name, description in described:
        symbol = _meant(name, beside, by_name.get(name.rpartition(".")[2], []))
        if not symbol:
            continue
        # A copy of the entry's own summary is a question of origin ``summary``.
        summary = first_sentence(_paragraphs(known[symbol])[0])
        if not set(terms(description)) <= set(terms(summary)):
            yield first_sentence(description), symbol


def _described(text: str) -> Iterator[tuple[str, str]]:
    """The names in a "See Also" section, with their descriptions."""
    for section in _SEE_ALSO.findall(text):
        name, description = "", ""
        for line in [*section.split("\n"), ""]:
            if line.startswith(" ") and name:
                description += " " + line.strip()
                continue
            if name and description:
                yield name, description
            match = _DESCRIBED.match(plain(line))
            name = match[1] if match else ""
            description = (match[2] or "") if match else ""


def _meant(name: str, beside: str, symbols: Sequence[str]) -> str:
    """The symbol that the entry ``beside`` it means by a name; "" when that is unclear."""
    fitting = [each for each in symbols if f".{each}".endswith(f".{name}")]
    home = beside.rpartition(".")[0]
    near = [each for each in fitting if each == f"{home}.{name}"]
    chosen = near or fitting
    return chosen[0] if len(chosen) == 1 and chosen[0] != beside else ""
