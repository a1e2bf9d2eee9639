"""Child processes that end when their block is left, whatever happens in it."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from loadtest.benchmarks.command import StudyFailed

STARTS_WITHIN_S = 240.0
STOPS_WITHIN_S = 60.0
_POLL_S = 0.1
_TAIL = 3000  # characters of a log that are worth showing
_LINE_LIMIT = 64 * 2**20  # bytes; a whole pass of answers is one line

_NOTHING: Mapping[str, str] = MappingProxyType({})

Found = TypeVar("Found")


class ProcessFailed(StudyFailed):
    """A process did not start, or ended early. The message holds the end of its log."""


class Child:
    """A running process, and the file its output goes to."""

    def __init__(self, name: str, process: Process, log: Path) -> None:
        self.name = name
        self.process = process
        self._log = log

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    async def until(self, look: Callable[[], Awaitable[Found | None]]) -> Found:
        """Polls until ``look`` finds something. Raises ``ProcessFailed``."""
        try:
            async with asyncio.timeout(STARTS_WITHIN_S):
                while (found := await look()) is None:
                    if self.process.returncode is not None:
                        raise self.failure(f"ended with exit code {self.process.returncode}")
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise self.failure(f"was not ready after {STARTS_WITHIN_S:.0f} s") from None
        return found

    def failure(self, what: str) -> ProcessFailed:
        return ProcessFailed(f"{self.name} {what}. The end of its log:\n{self.log()[-_TAIL:]}")


@asynccontextmanager
async def running(
    name: str,
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] = _NOTHING,
    *,
    piped: bool = False,
) -> AsyncIterator[Child]:
    """A process that is stopped when the block is left.

    It is asked to stop first; then it is killed, with every process that it started. Its output
    goes to a log in ``folder``. With ``piped``, the caller has its standard input and output, and
    only standard error is logged.
    """
    log = folder / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE if piped else DEVNULL,
            stdout=PIPE if piped else output,
            stderr=output,
            env={**os.environ, **environment},
            limit=_LINE_LIMIT,
            # It gets its own group, so that Ctrl-C reaches us alone and we stop all in order.
            start_new_session=True,
        )
    try:
        yield Child(name, process, log)
    finally:
        await _stop(process)


async def _stop(process: Process) -> None:
    try:
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOPS_WITHIN_S):
                await process.wait()
    finally:
        # Runs when this is cancelled, too, and kills what the process left behind.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def finished(
    name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str] = _NOTHING
) -> None:
    """Runs a command to its end. Raises ``ProcessFailed`` when it fails."""
    async with running(name, command, folder, environment) as child:
        if await child.process.wait():
            raise child.failure(f"ended with exit code {child.process.returncode}")
