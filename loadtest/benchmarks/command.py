"""How a study is declared, how it runs, and how it ends.

A study keeps what is its own: its options, and an ``async`` function of these and an empty folder
that returns the Markdown to print::

    def main(given: Sequence[str] | None = None) -> None:
        study = Study(__spec__, __doc__)
        study.number("--passes", 4, "measured passes")
        study.run(_measure, given)
"""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

Work = Callable[[argparse.Namespace, Path], Awaitable[str]]


class StudyFailed(Exception):
    """A measurement cannot go on. The message says why, and is all that the user sees.

    StudyFailed
     +-- AnswerFailed    drivers.users
     |    +-- Shed
     +-- ProcessFailed   servers.process
     +-- Unfair          drivers.turns
    """


class Study(argparse.ArgumentParser):
    """A command line that is named for its module. Its help begins with the module's docstring."""

    def __init__(self, spec: ModuleSpec | None, doc: str | None) -> None:
        assert spec is not None
        super().__init__(
            prog=f"python -m {spec.name}",
            description=(doc or "").replace("``", "`"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.name = spec.name.rpartition(".")[2]

    def number(self, flag: str, default: Any, meaning: str, *, zero: bool = False) -> None:
        """An ``int`` or ``float`` above 0, or from 0 on with ``zero``; for a list, one or more."""
        several = isinstance(default, list)
        kind = type(default[0] if several else default)

        def read(text: str) -> Any:
            value = kind(text)
            if value < 0 or not (value or zero):
                raise argparse.ArgumentTypeError(f"{text} is not {'0 or ' * zero}more than 0")
            return value

        read.__name__ = kind.__name__  # argparse names it when it cannot read a number
        shown = " ".join(map(str, default)) if several else default
        self.add_argument(
            flag, type=read, default=default, nargs="+" if several else None, metavar="N",
            help=f"{meaning} (default: {shown})",
        )  # fmt: skip

    def folder(self, flag: str, default: str, meaning: str) -> None:
        self.add_argument(
            flag, type=Path, default=Path(default), metavar="FOLDER",
            help=f"{meaning} (default: {default})",
        )  # fmt: skip

    def model(self) -> None:
        self.folder("--model", ".models/tiny", "the tiny model, which is made if it is not there")

    def models(self) -> None:
        self.folder("--models", ".models", "where models are made")

    def deploy(self, default: str = "local") -> None:
        self.add_argument(
            "--deploy", choices=("local", "ray"), default=default,
            help="how the backend is deployed (default: %(default)s)",
        )  # fmt: skip

    def run(self, work: Work, given: Sequence[str] | None = None) -> None:
        """Prints what ``work`` returns. An error ends the program with one sentence."""
        import uvloop

        arguments = self.parse_args(given)
        try:
            print(uvloop.run(self._until_signalled(work, arguments)))
        except (KeyboardInterrupt, asyncio.CancelledError):
            sys.exit("Stopped; so are all servers.")
        except (StudyFailed, OSError) as error:
            sys.exit(f"{self.name}: {error}")
        except BaseExceptionGroup as group:
            # A pass fails for all users at once, mostly for one reason.
            sys.exit(f"{self.name}: {group.exceptions[0]}")

    async def _until_signalled(self, work: Work, arguments: argparse.Namespace) -> str:
        """SIGTERM ends it as Ctrl-C does: every server is stopped first."""
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        with tempfile.TemporaryDirectory(prefix=f"glossator-{self.name}-") as folder:
            return await work(arguments, Path(folder))


def say(text: str) -> None:
    """Progress goes to standard error, so that standard output holds the report alone."""
    print(text, file=sys.stderr, flush=True)
