"""Makes ``python.jsonl`` beside it from Debian's python3.11-doc: questions about the library.

``python tests/data/retrieval/make_python.py [FOLDER]``, the folder being the package's ``html``.
Deterministic, but for the Python that runs it (docstrings). No question's text is in the corpus,
the pages of the library as ``python_docs.toml`` declares them:

- ``docstring``: the first sentence of an object's docstring, without the words of its name;
- ``whatsnew``: a sentence of "What's New" that refers to one entry alone, likewise;
- ``name``: an entry by its name.

No ranker is trained on them.
"""

import importlib
import inspect
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lxml import html

from indexer.questions import Question, first_sentence, masked
from indexer.words import terms

HERE = Path(__file__).parent
CORPUS = "python-docs"
COUNTS = {"docstring": 300, "whatsnew": 250, "name": 60}
_FEWEST, _MOST = 5, 30  # terms
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_CREDIT = re.compile(r"\((Contributed|Patch|Suggested|Implemented)[^)]*\)|\(?bpo-\d+\)?")


def main() -> None:
    docs = Path(sys.argv[1] if sys.argv[1:] else "/usr/share/doc/python3.11/html")
    symbols = sorted(documented(docs))
    made = [*docstrings(symbols), *whats_new(docs, set(symbols))]
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


def docstrings(symbols: list[str]) -> Iterator[Question]:
    said: dict[str, list[str]] = {}
    for symbol in symbols:
        sentence = first_sentence((inspect.getdoc(runtime(symbol)) or "").split("\n\n")[0])
        text = masked(sentence, symbol)
        if _FEWEST <= len(set(terms(text))) <= _MOST:
            said.setdefault(text, []).append(symbol)
    for text, expected in said.items():
        yield Question(text, tuple(expected), "docstring")


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


def whats_new(docs: Path, symbols: set[str]) -> Iterator[Question]:
    for page in sorted((docs / "whatsnew").glob("3.*.html")):
        for paragraph in html.parse(page).xpath("//div[@role='main']//p"):
            links = paragraph.xpath(".//a[contains(@class,'reference')]")
            targets = {
                link.get("href").partition("#")[2]
                for link in links
                if "library/" in link.get("href", "")
            }
            meant = targets & symbols
            if len(meant) != 1 or len(targets) != 1:
                continue
            (symbol,) = meant
            name = symbol.rpartition(".")[2]
            text = _CREDIT.sub("", " ".join(paragraph.text_content().split()))
            for sentence in _SENTENCE.split(text):
                if re.search(rf"\b{re.escape(name)}\b", sentence):
                    question = masked(sentence, symbol)
                    if _FEWEST <= len(set(terms(question))) <= _MOST:
                        yield Question(question.strip(" ."), (symbol,), "whatsnew")
                    break


if __name__ == "__main__":
    main()
