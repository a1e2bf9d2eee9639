"""Makes the question sets beside it: ``python tests/data/retrieval/make.py``. Deterministic.

One set per package. Beside what ``indexer.training.questions`` makes of its documentation it asks

- ``name``: by name, as people type it;
- ``cross``: how PyTorch describes its function of the same name (NumPy only);
- ``written``: ``written.jsonl``, by hand, before any of these sets was evaluated.

No ranker is trained on these packages.
"""

import importlib
import json
import random
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from indexer.ranking.words import ALIASES, terms
from indexer.sources import open_source
from indexer.training.questions import Question, first_sentence, plain, questions

HERE = Path(__file__).parent
PER_ORIGIN = {
    "package:numpy": {"listed": 30, "see_also": 90, "summary": 60, "body": 40, "name": 60,
                      "cross": 90},
    "package:networkx": {"see_also": 15, "summary": 50, "body": 40, "name": 40},
    "package:click": {"summary": 25, "body": 15, "name": 20},
    "package:rich": {"summary": 30, "body": 10, "name": 20},
    "package:httpx": {"summary": 25, "body": 10, "name": 20},
    "package:requests": {"summary": 25, "body": 10, "name": 20},
    # Added when the ranker was finished, and evaluated once.
    "package:PIL": {"summary": 50, "body": 30, "name": 30},
    "package:aiohttp": {"summary": 30, "body": 20, "name": 20},
    "package:anyio": {"summary": 30, "body": 20, "name": 20},
}  # fmt: skip
FORMS = ("{}", "what does {} do", "how do I use {}?", "{} parameters", "example of `{}`")


def main() -> None:
    written = [json.loads(line) for line in (HERE / "written.jsonl").read_text().splitlines()]
    for corpus, counts in PER_ORIGIN.items():
        chance = random.Random(corpus)
        documents = list(open_source(corpus).documents())
        symbols = sorted(document.symbol for document in documents if document.kind != "module")
        # Whoever describes a thing in other words may well use a word of its name; repeating
        # its own sentence with its name in it would ask for a copy.
        made = [each for each in questions(documents) if each.origin in ("summary", "body")]
        made += [each for each in questions(documents, mask=False)
                 if each.origin in ("listed", "see_also")]  # fmt: skip
        made += named(symbols, chance)
        if "cross" in counts:
            made += described_by_torch(set(symbols))
        chosen = [
            question
            for origin, count in counts.items()
            for question in sample([each for each in made if each.origin == origin], count, chance)
        ]
        chosen += [
            Question(each["question"], meant(each["expected"], symbols), "written")
            for each in written
            if each["corpus"] == corpus
        ]
        write(corpus, chosen)


def sample(found: list[Question], count: int, chance: random.Random) -> list[Question]:
    return chance.sample(found, min(len(found), count))


def named(symbols: list[str], chance: random.Random) -> Iterator[Question]:
    """As the package exports it, by the parts of the symbol that are its own, or whole."""
    for i, symbol in enumerate(chance.sample(symbols, min(len(symbols), 100))):
        package, _, rest = symbol.partition(".")
        alias = next((short for short, long in ALIASES.items() if long == package), package)
        parts = symbol.split(".")
        exported = hasattr(importlib.import_module(package), parts[-1])
        imported = f"{alias}.{parts[-1] if exported else rest}"
        own = [".".join(parts[-n:]) for n in range(1, len(parts) + 1)]
        unique = next(name for name in own if len(meant([name], symbols)) == 1 or name == symbol)
        if i % 3 == 0 and exported:  # which may well be another object of the same name
            expected = meant([f"{package}.{parts[-1]}"], symbols, or_any=parts[-1])
            yield Question(FORMS[i % len(FORMS)].format(imported), expected, "name")
        else:
            name = (imported, unique, symbol)[i % 3]
            yield Question(FORMS[i % len(FORMS)].format(name), (symbol,), "name")


def described_by_torch(symbols: set[str]) -> Iterator[Question]:
    import torch

    found: dict[str, list[str]] = {}
    for module, ours in (
        (torch, "numpy"),
        (torch.fft, "numpy.fft"),
        (torch.linalg, "numpy.linalg"),
    ):
        for name in sorted(vars(module)):
            symbol = f"{ours}.{name}"
            doc = getattr(getattr(module, name), "__doc__", None)
            if symbol not in symbols or not doc or name.startswith("_"):
                continue
            paragraphs = [each for each in doc.strip().split("\n\n") if f"{name}(" not in each]
            text = first_sentence(plain(paragraphs[0]) if paragraphs else "")
            text = text.replace("torch.", "").replace("tensor", "array").replace("Tensor", "array")
            if 3 <= len(set(terms(text))) <= 24 and "lias" not in text:
                also = f"numpy.ndarray.{name}"
                found.setdefault(text, []).extend([symbol, *([also] if also in symbols else [])])
    for text, answers in found.items():
        yield Question(text, tuple(answers), "cross")


def meant(names: list[str], symbols: list[str], or_any: str = "") -> tuple[str, ...]:
    """The symbols that are or end with one of the names, else with ``or_any``; some must."""
    found = tuple(s for s in symbols if any(f".{s}".endswith(f".{name}") for name in names))
    if not found and or_any:
        return meant([or_any], symbols)
    if not found:
        raise LookupError(f"none of {names} is documented")
    return found


def write(corpus: str, chosen: list[Question]) -> None:
    with (HERE / f"{corpus.partition(':')[2]}.jsonl").open("w") as file:
        for question in chosen:
            row = {"question": question.text, **asdict(replace(question)), "corpus": corpus}
            del row["text"]
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
