"""What the streaming guard costs, and how long it makes text wait.

``python -m loadtest.benchmarks.rails.hold_back`` streams the documentation of an installed package
through the guard, piece by piece as a model writes it: once with the patterns of secrets alone, and
once with those of personal data as well. It counts the pieces that had to wait for the next one,
and the answers whose first piece had to wait. Times are of one core of this machine.
"""

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.rails.formats.patterns import Pattern, Scanner
from backend.rails.formats.pii import PII
from backend.rails.formats.secrets import SECRETS
from backend.rails.output.hold_back import HoldBack
from indexer.sources import open_source
from loadtest.benchmarks.command import Study
from loadtest.experiments.markdown import table as pipe_table

TABLES: dict[str, tuple[Pattern, ...]] = {"secrets": SECRETS, "secrets, pii": (*SECRETS, *PII)}
# Cuts about as tokenizers do: a word with its blank, long words in parts, signs one by one.
_PIECE = re.compile(r" ?\w{1,6}| ?[^\w\s]|\s")


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of all answers with one table of patterns."""

    patterns: str
    answers: int
    pieces: int
    waited: int  # pieces of which some text had to wait
    first_waited: int
    held: int  # characters held back after each piece, added up
    seconds: float


def pieces(text: str, tokens: int) -> list[str]:
    """The text in deltas of ``tokens`` tokens each."""
    cut = _PIECE.findall(text)
    return ["".join(cut[at : at + tokens]) for at in range(0, len(cut), tokens)]


def streamed(name: str, patterns: Sequence[Pattern], answers: Iterable[Sequence[str]]) -> Figures:
    scanner = Scanner(patterns)
    count = fed = waited = first_waited = held = 0
    seconds = 0.0
    for answer in answers:
        guard = HoldBack(scanner, "redact")
        started = time.perf_counter()
        for number, piece in enumerate(answer):
            guard.feed(piece)
            waited += guard.held > 0
            first_waited += guard.held > 0 and number == 0
            held += guard.held
        guard.flush()
        seconds += time.perf_counter() - started
        count += 1
        fed += len(answer)
    return Figures(name, count, fed, waited, first_waited, held, seconds)


def table(figures: Iterable[Figures]) -> str:
    return pipe_table(
        ("patterns", "answers", "pieces", "wait", "first ones", "characters held", "µs a piece"),
        [
            (
                each.patterns,
                f"{each.answers:,}",
                f"{each.pieces:,}",
                f"{each.waited / each.pieces:.1%}",
                f"{each.first_waited / each.answers:.1%}",
                f"{each.held / each.pieces:.2f}",
                f"{each.seconds / each.pieces * 1e6:.1f}",
            )
            for each in figures
        ],
    )


def main(given: Sequence[str] | None = None) -> None:
    study = Study(__spec__, __doc__)
    study.add_argument(
        "--source", default="package:numpy", help="what is streamed (default: %(default)s)"
    )
    study.number("--tokens", 1, "tokens that come at once")
    arguments = study.parse_args(given)
    texts = [each.text for each in open_source(arguments.source).documents() if each.text.strip()]
    answers = [pieces(text, arguments.tokens) for text in texts]
    print(table(streamed(name, patterns, answers) for name, patterns in TABLES.items()))


if __name__ == "__main__":
    main()
