"""`glossator eval`: options and help. The work is in the files beside this one, imported late."""

import sys
from pathlib import Path
from typing import Literal

import click

from glossator.options import ca as ca_option
from glossator.options import config as config_option
from glossator.options import data as data_option
from glossator.options import errors_for_people
from glossator.options import token as token_option
from glossator.options import url as url_option

_files = click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
)
_half = click.option(
    "--half",
    type=click.Choice(["develop", "held-out"]),
    help="Only the questions of this half; nothing may be tuned on the held-out one.  "
    "[default: both]",
)


@click.group(name="eval")
def evaluate() -> None:
    """Measure retrieval, answers and rails on files of labelled examples."""


@evaluate.command()
@_files
@_half
@config_option
@data_option
def retrieval(files: tuple[Path, ...], half: str | None, config: Path | None, data: Path) -> None:
    """Compare what dense, lexical, fused and ranked search find.

    FILE has one question a line: {"question": "...", "expected": ["numpy.sort"]}, optionally
    with "corpus", the source to search (indexed first if it is not), and "origin" or "kind".
    Questions that expect nothing are left out. The table is Markdown: recall at 1, 5 and 10, mean
    reciprocal rank, nDCG, and the time a search takes.
    """
    with errors_for_people():
        from glossator.evaluate import retrieval as evaluating_retrieval

        sys.exit(evaluating_retrieval.evaluate(files, config, data, half or ""))


@evaluate.command()
@_files
@url_option
@token_option
@ca_option
@config_option
@_half
@click.option(
    "--only",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only N of the questions, the same every time.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write every answer and what was counted of it to this file, one a line.",
)
@click.option(
    "--ungrounded", is_flag=True, help="Ask without passages, to see what they are worth."
)
def answers(
    files: tuple[Path, ...],
    url: str,
    token: str,
    config: Path | None,
    half: Literal["develop", "held-out"] | None,
    only: int | None,
    keep: Path | None,
    ungrounded: bool,
) -> None:
    """Ask a running backend, and count what is right in its answers.

    FILE has one labelled question a line (tests/data/questions/README.md). Every answer is compared
    with the passages that it was written from. docs/answers.md explains the columns.
    """
    with errors_for_people():
        from glossator.evaluate import answers as evaluating_answers

        sys.exit(
            evaluating_answers.evaluate(files, url, token, config, half, only, keep, not ungrounded)
        )


@evaluate.command()
@url_option
@token_option
@ca_option
@click.option(
    "--only",
    type=click.IntRange(min=1),
    metavar="N",
    default=40,
    show_default=True,
    help="How many holes, the same every time.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="The longest completion, as an editor asks for it.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write every completion and what was counted of it to this file, one a line.",
)
def completion(url: str, token: str, only: int, max_tokens: int, keep: Path | None) -> None:
    """Ask a running backend for lines that were taken out of real Python modules.

    The modules are those of the standard library and of a few installed packages. docs/answers.md
    explains the columns.
    """
    with errors_for_people():
        from glossator.evaluate import completion as evaluating_completion

        sys.exit(evaluating_completion.evaluate(only, max_tokens, url, token, keep))


@evaluate.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder with the evaluation sets.  [default: tests/data/rails of the clone]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@config_option
def rails(data: Path | None, as_json: bool, config: Path | None) -> None:
    """Measure what the rails catch, what they flag without cause, and how long they take.

    Quote the figures on `held out` examples; the others were looked at while tuning. A rail
    without weights, or without its file of examples, is named and left out.
    """
    with errors_for_people():
        from glossator.evaluate import rails as evaluating_rails

        sys.exit(evaluating_rails.evaluate(data, config, as_json))
