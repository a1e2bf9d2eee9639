"""Makes ``python.jsonl`` beside it from Debian's python3.11-doc: questions about the library.

``python tests/data/retrieval/make_python.py [FOLDER]``, the folder being the package's ``html``.
Deterministic, but for the Python that runs it (docstrings). No question's text is in the corpus,
the pages of the library as ``python_docs.toml`` declares them:

- ``docstring``: the first sentence of an object's docstring, without the words of its name;
- ``docstring_verbatim``: the same as it is written;
- ``whatsnew``: a sentence of "What's New" that refers to one entry alone, without the words of
  that entry's name;
- ``whatsnew_unnamed``: the same with only the name itself taken out;
- ``name``: an entry by its name.

No ranker is trained on them.
"""

import importlib
import inspect
import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from lxml import html

from indexer.ranking.words import terms
from indexer.training.questions import Question, first_sentence, masked
from indexer.training.release_notes import sentences, unnamed

HERE = Path(__file__).parent
CORPUS = "python-docs"
COUNTS = {
    "docstring": 300,
    "whatsnew": 250,
    "name": 60,
    "docstring_verbatim": 600,
    "whatsnew_unnamed": 400,
}
_FEWEST, _MOST = 5, 30  # terms


def main() -> None:
    docs = Path(sys.argv[1] if sys.argv[1:] else "/usr/share/doc/python3.11/html")
    symbols = sorted(documented(docs))
    said = list(docstrings(symbols))
    new = list(whats_new(docs, frozenset(symbols)))
    made = [
        *asked("docstring", said, masked),
        *asked("docstring_verbatim", said, lambda sentence, symbol: sentence),
        # Each sentence by itself, as these were asked first.
        *(
            question
            for pair in new
            for question in asked("whatsnew", [pair], lambda *pair: masked(*pair).strip(" ."))
        ),
        *asked("whatsnew_unnamed", new, unnamed),
    ]
    chance = random.Random(CORPUS)
    made += [Question(symbol, (symbol,), "name") for symbol in symbols if symbol.count(".") == 1]
    chosen: list[Question] = []
    for origin, count in COUNTS.items():
        found = [question for question in made if question.origin == origin]
        chosen += chance.sample(found, min(count, len(found)))
    lines = [
        json.dumps({"question": each.text, "expected": each.expected, "corpus": CORPUS,
                    "origin": each.origin}, ensure_ascii=False)
        for each in chosen
    ]  # fmt: skip
    (HERE / "python.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(chosen)} questions of {len(made)}")


def documented(docs: Path) -> Iterator[str]:
    for page in sorted((docs / "library").glob("*.html")):
        for entry in html.parse(page).xpath("//dl[contains(@class,'py')]/dt[@id]"):
            if "." in entry.get("id"):
                yield entry.get("id")


def asked(
    origin: str, pairs: Iterable[tuple[str, str]], ask: Callable[[str, str], str]
) -> Iterator[Question]:
    """What is asked with each sentence for its symbol; those who ask the same are one."""
    answers: dict[str, list[str]] = {}
    for sentence, symbol in pairs:
        text = ask(sentence, symbol)
        if _FEWEST <= len(set(terms(text))) <= _MOST:
            answers.setdefault(text, []).append(symbol)
    for text, expected in answers.items():
        yield Question(text, tuple(dict.fromkeys(expected)), origin)


def docstrings(symbols: list[str]) -> Iterator[tuple[str, str]]:
    """First sentences of docstrings, and whose."""
    for symbol in symbols:
        yield first_sentence((inspect.getdoc(runtime(symbol)) or "").split("\n\n")[0]), symbol


def runtime(symbol: str) -> object:
    """What the documentation is of; None where there is no such thing here."""
    parts = symbol.split(".")
    for size in range(len(parts) - 1, 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:size]))
        except Exception:  # modules of other systems fail as they like
            continue
        try:
            for part in parts[size:]:
                found = getattr(found, part)
        except AttributeError:
            return None
        # Of an instance, that of its class: it says nothing of this one.
        return found if callable(found) or inspect.isdatadescriptor(found) else None
    return None


def whats_new(docs: Path, symbols: frozenset[str]) -> Iterator[tuple[str, str]]:
    for page in sorted((docs / "whatsnew").glob("3.*.html")):
        yield from sentences(page.read_bytes(), symbols, refers="library/")


if __name__ == "__main__":
    main()
